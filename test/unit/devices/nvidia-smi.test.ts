import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { nvidiaSmi } from "../../../lib/devices/nvidia-smi";
import { runProgram } from "../../../lib/kit/child-process";
import type { Trouble } from "../../../lib/kit/trouble";
import { fakeGpus, fakeNvidiaSmi, fakeTool } from "../../simulators/gpu-tools";
import { temporaryFolder } from "../../support/temporary-folder";

describe("nvidia-smi", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let asked: string[][];
    beforeEach(() => {
        folder = temporaryFolder();
        asked = [];
    });
    afterEach(() => folder.remove());

    const ask = async (argv: readonly string[]): ReturnType<typeof runProgram> => {
        asked.push([...argv]);
        return runProgram(argv, { deadlineMs: 5000, subject: "host rack", path: `${folder.path}:/usr/bin:/bin` });
    };

    it("is asked once for everything, without a shell", async () => {
        fakeNvidiaSmi(folder.path, [fakeGpus.rtx4080s, fakeGpus.h100mig]);
        const answer = await nvidiaSmi().read(ask, "host rack");
        deepEqual(answer?.gpus.map(({ watts, limitWatts }) => [watts, limitWatts]), [[28.77, 320], [70.72, 700]]);
        equal(asked.length, 1);
        match(asked[0]?.join(" ") ?? "", /^nvidia-smi --query-gpu=index,\S+,name --format=csv,noheader,nounits$/);
    });

    it("asks an old driver for less, and remembers that", async () => {
        fakeNvidiaSmi(folder.path, [fakeGpus.gtx1080]);
        const tool = nvidiaSmi();
        equal((await tool.read(ask, "host rack"))?.gpus[0]?.watts, 8.41);
        equal(asked.length, 2);
        await tool.read(ask, "host rack");
        equal(asked.length, 3);
    });

    it("does without any single field that a driver does not know", async () => {
        fakeNvidiaSmi(folder.path, [{ name: "Tesla", "power.draw": "20.00", "temperature.gpu": "30" }]);
        const answer = await nvidiaSmi().read(ask, "host rack");
        deepEqual([answer?.gpus[0]?.watts, answer?.gpus[0]?.temperature, answer?.gpus[0]?.fan], [20, 30, undefined]);
    });

    it("is not there: undefined", async () => {
        equal(await nvidiaSmi().read(ask, "host rack"), undefined);
    });

    it("keeps the other GPUs when the driver loses one in the middle", async () => {
        fakeNvidiaSmi(folder.path, [fakeGpus.h100, fakeGpus.h100, fakeGpus.l40s], { instead: { at: 1, line: "Unable to determine the device handle for GPU0000:2A:00.0: Unknown Error" }, code: 255 });
        const answer = await nvidiaSmi().read(ask, "host rack");
        deepEqual(answer?.gpus.map(({ index }) => index), [0, 2]);
        deepEqual(answer?.failures.map(({ bus }) => bus), ["0000:2a:00.0"]);
    });

    it("asks for the others by name when an old driver stops at the lost one", async () => {
        fakeNvidiaSmi(folder.path, [fakeGpus.h100, fakeGpus.h100, fakeGpus.l40s]);
        const tool = nvidiaSmi();
        await tool.read(ask, "host rack");
        fakeNvidiaSmi(folder.path, [fakeGpus.h100], { first: 'case "$1" in -i) ;; *) echo "Unable to determine the device handle for GPU 0000:2A:00.0: Unknown Error"; exit 255;; esac' });
        const answer = await tool.read(ask, "host rack");
        deepEqual(asked.at(-1)?.slice(0, 3), ["nvidia-smi", "-i", "GPU-00000000-1111-2222-3333-444444444444,GPU-00000002-1111-2222-3333-444444444444"]);
        deepEqual(answer?.gpus.map(({ watts }) => watts), [69.62]);
        deepEqual(answer?.failures.map(({ bus }) => bus), ["0000:2a:00.0"]);
    });

    const failures: { says: string; code: number; kind: Trouble["kind"]; cure: RegExp }[] = [
        { says: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", code: 9, kind: "failed", cure: /modprobe nvidia/ },
        { says: "Failed to initialize NVML: Driver/library version mismatch", code: 18, kind: "failed", cure: /reboot/ },
        { says: "No devices were found", code: 6, kind: "failed", cure: /dmesg/ },
        { says: "Failed to initialize NVML: Insufficient Permissions", code: 4, kind: "auth", cure: /dev\/nvidia/ },
        { says: "Unable to determine the device handle for GPU 0000:BA:80.0: Unknown Error", code: 255, kind: "failed", cure: /fallen off the bus/ },
        { says: "something new", code: 77, kind: "failed", cure: /status 77 \(something new\)/ },
        { says: "<html>not us</html>", code: 0, kind: "garbage", cure: /understand/ },
    ];
    for (const { says, code, kind, cure } of failures) {
        it(`says what to do about status ${code} and "${says.slice(0, 50)}"`, async () => {
            fakeTool(folder.path, "nvidia-smi", `echo "${says}"; exit ${code}`);
            await rejects(nvidiaSmi().read(ask, "host rack"), (error: Trouble) => {
                equal(error.kind, kind);
                match(error.message, /^host rack: nvidia-smi /);
                match(error.message, cure);
                return true;
            });
        });
    }
});
