import { deepEqual, equal, match } from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import helper from "node-red-node-test-helper";
import type { ClusterTotal } from "../../lib/devices/gpu-cluster";
import type { Reading } from "../../lib/power/reading";
import gpuReader from "../../nodes/gpu-reader/gpu-reader";
import powerHost from "../../nodes/power-host/power-host";
import stored from "../fixtures/configs/gpu-reader.v1.json";
import { fakeCaptured, fakeCaptures, fakeGpus, fakeNvidiaSmi, fakeTool } from "../simulators/gpu-tools";
import { eventually, loadFlow, temporaryFolder, type LoadedFlow } from "../support/helper";
import { sshdMissing, startRealSshd, type RealSshd } from "../support/real-sshd";

const missing = sshdMissing();

describe("GPUs of another machine, over OpenSSH's own server", () => {
    const folder = temporaryFolder();
    let sshd: RealSshd;
    let flow: LoadedFlow | undefined;

    before(async function () {
        if (missing !== undefined) {
            if (process.env.RIDETHROUGH_NO_SKIP === "1") throw new Error(missing);
            console.log(`      skipped: ${missing}`);
            this.skip();
        }
        await new Promise<void>((resolve) => helper.startServer(resolve));
        sshd = await startRealSshd();
    });
    after(async () => {
        await folder.remove();
        if (missing !== undefined) return;
        await sshd?.stop();
        await new Promise<void>((resolve) => helper.stopServer(resolve));
    });
    beforeEach(() => {
        for (const tool of ["nvidia-smi", "amd-smi", "rocm-smi", "xpu-smi", "ipmitool"]) rmSync(join(sshd.tools, tool), { force: true });
    });
    afterEach(async () => {
        await flow?.unload();
        flow = undefined;
    });

    const load = async (settings: object = {}): Promise<LoadedFlow> => {
        const host = { id: "host-gpu1", type: "power-host", name: "gpu1", kind: "ssh", host: "127.0.0.1", port: String(sshd.port), user: sshd.user, auth: "key", hostKey: sshd.hostKey, version: 1 };
        const reader = { ...stored, hosts: ["host-gpu1"], machines: [{ name: "", tool: "auto" }], interval: "1", deadline: "60", ...settings, wires: [["out"], ["total"]] };
        const nodes = [reader, host, { id: "out", type: "helper" }, { id: "total", type: "helper" }, { id: "catch", type: "catch", wires: [["errors"]] }, { id: "errors", type: "helper" }];
        return (flow = await loadFlow([gpuReader, powerHost], nodes, { userDir: folder.path, credentials: { "host-gpu1": { privateKey: sshd.userKey } } }));
    };
    const errorIn = (loaded: LoadedFlow, place = 0): string => (loaded.received("errors")[place]?.error as { message: string }).message;

    it("are read over one login, poll after poll", async () => {
        fakeNvidiaSmi(sshd.tools, [fakeGpus.rtx4080s, fakeGpus.h100mig]);
        const logins = sshd.logins();
        const loaded = await load();
        const totals = await loaded.until("total", 3, 60_000);
        deepEqual(totals.slice(0, 3).map(({ payload }) => payload), [99.49, 99.49, 99.49]);
        deepEqual(loaded.received("out").slice(0, 2).map(({ topic, payload }) => [topic, payload]), [["gpu_gpu1_0", 28.77], ["gpu_gpu1_1", 70.72]]);
        equal(sshd.logins() - logins, 1);
    });

    it("are eight, one of which the driver has lost in the middle", async () => {
        fakeNvidiaSmi(sshd.tools, Array.from({ length: 8 }, () => fakeGpus.h100), { instead: { at: 3, line: "Unable to determine the device handle for GPU0000:4A:00.0: Unknown Error" }, code: 255 });
        const loaded = await load();
        const [total] = await loaded.until("total", 1, 60_000);
        deepEqual(loaded.received("out").slice(0, 8).map(({ payload }) => payload), [69.62, 69.62, 69.62, null, 69.62, 69.62, 69.62, 69.62]);
        equal((total?.cluster as ClusterTotal).total_watts, 487.34);
    });

    it("are asked again for less on an old driver", async () => {
        fakeNvidiaSmi(sshd.tools, [fakeGpus.gtx1080]);
        const [msg] = await (await load()).until("out", 1, 60_000);
        equal(msg?.payload, 8.41);
    });

    const others: { tool: string; what: string; captures: Record<string, string>; watts: (number | null)[]; about: object; total: number }[] = [
        { tool: "amd-smi", what: "an older ROCm behind a warning", captures: fakeCaptured.amdOlder, watts: [22, 41], about: { gpu_model: "Radeon RX 7900 XT", power_limit_w: 300, temperature_c: 33, gpu_utilization_pct: 7 }, total: 63 },
        { tool: "amd-smi", what: "a newer ROCm, one GPU without a meter", captures: fakeCaptured.amdNewer, watts: [41, null], about: { gpu_model: "Radeon RX 7900 XT", memory_total_mb: 20_464 }, total: 41 },
        { tool: "rocm-smi", what: "a GPU of two dies", captures: fakeCaptured.rocm, watts: [90], about: { gpu_model: "AMD INSTINCT MI250", power_limit_w: 560, temperature_c: 35 }, total: 90 },
        { tool: "rocm-smi", what: "the power of a socket", captures: fakeCaptured.rocmSocket, watts: [4], about: {}, total: 4 },
        { tool: "xpu-smi", what: "one GPU whose power cannot be read", captures: fakeCaptured.xpu, watts: [32.94, null], about: { gpu_model: "Intel(R) Data Center GPU Flex 170", temperature_c: 50, memory_total_mb: 14_248 }, total: 32.94 },
    ];
    for (const { tool, what, captures, watts, about, total } of others) {
        for (const chosen of ["auto", tool]) {
            it(`are read with ${tool} (${what}), ${chosen === "auto" ? "found by itself" : "chosen"}`, async () => {
                fakeCaptures(sshd.tools, tool, captures);
                const loaded = await load({ machines: [{ name: "", tool: chosen }] });
                const sums = await loaded.until("total", 2, 60_000);
                const out = loaded.received("out").slice(0, watts.length);
                deepEqual(out.map(({ topic, payload }) => [topic, payload]), watts.map((each, index) => [`gpu_gpu1_${index}`, each]));
                deepEqual(out.map(({ reading }) => (reading as Reading).quality), watts.map((each) => (each === null ? "missing" : "good")));
                equal((out[0]?.reading as Reading).source, tool === "xpu-smi" ? "intel" : "amd");
                const { gpu } = out[0] as { gpu: Record<string, unknown> };
                deepEqual(Object.fromEntries(Object.keys(about).map((key) => [key, gpu[key]])), about);
                deepEqual(sums.slice(0, 2).map(({ payload }) => payload), [total, total]);
            });
        }
    }

    it("are not read by a tool that fails for want of a right, and the cure is named", async () => {
        fakeTool(sshd.tools, "amd-smi", "echo 'Unable to access KFD: permission denied' >&2; exit 1");
        const loaded = await load();
        const [msg] = await loaded.until("out", 1, 60_000);
        deepEqual([msg?.topic, msg?.payload], ["gpu_gpu1", null]);
        match(errorIn(loaded), /host gpu1: amd-smi failed with status 1 \(Unable to access KFD.*groups render and video/);
    });

    for (const { what, script, says } of [
        { what: "a driver that is not loaded", script: "echo \"NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\"; exit 9", says: /host gpu1: nvidia-smi failed with status 9 .*modprobe/ },
        { what: "garbage", script: "head -c 5000 /dev/urandom", says: /host gpu1: nvidia-smi answered nothing that we understand/ },
        { what: "an endless answer", script: "yes", says: /host gpu1: nvidia-smi wrote more than 262144 bytes/ },
        { what: "a killed tool", script: "kill -KILL $$", says: /host gpu1: nvidia-smi (?:was killed|failed with status 137)/ },
    ]) {
        it(`are missing, never 0 W, with ${what}`, async () => {
            fakeTool(sshd.tools, "nvidia-smi", script);
            const loaded = await load();
            const [msg] = await loaded.until("out", 1, 60_000);
            deepEqual([msg?.topic, msg?.payload, (msg?.reading as Reading).quality], ["gpu_gpu1", null, "missing"]);
            match(errorIn(loaded), says);
        });
    }

    it("are not there without a tool, and the cure is named", async () => {
        const loaded = await load();
        await loaded.until("errors", 1, 60_000);
        match(errorIn(loaded), /host gpu1: found no nvidia-smi, amd-smi, rocm-smi, xpu-smi: install/);
    });

    it("that hang with a grandchild on the pipe are given up in time, and nothing goes on over there", async () => {
        // Once logged in, all of the time is the tool's. A busy machine may take more than one for that.
        fakeNvidiaSmi(sshd.tools, [fakeGpus.l40s]);
        const loaded = await load({ deadline: "6", interval: "86400" });
        const polled = async (count: number): Promise<unknown> => (await loaded.until("out", count, 60_000))[count - 1]?.payload;
        let polls = 1;
        for (; (await polled(polls)) !== 127.67 && polls < 10; polls += 1) loaded.node("gpus").receive({} as never);
        const troubles = loaded.received("errors").length;
        fakeTool(sshd.tools, "nvidia-smi", `sleep 300 & echo "$$ $!" > ${sshd.tools}/pids; wait`);
        loaded.node("gpus").receive({} as never);
        equal(await polled(polls + 1), null);
        await loaded.until("errors", troubles + 1, 60_000);
        match(errorIn(loaded, troubles), /host gpu1: no answer within 6 s from nvidia-smi/);
        const pids = readFileSync(join(sshd.tools, "pids"), "utf8").trim().split(" ");
        await eventually(() => pids.every((pid) => !existsSync(`/proc/${pid}/stat`) || / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))), 60_000, () => `${pids.join(", ")} are gone`);
    });

    it("with a grandchild left behind on the pipe are read all the same", async () => {
        fakeNvidiaSmi(sshd.tools, [fakeGpus.l40s], { first: "sleep 60 &" });
        const [msg] = await (await load({ interval: "86400" })).until("out", 1, 45_000);
        equal(msg?.payload, 127.67);
    });

    it("bring a long answer whole", async () => {
        fakeNvidiaSmi(sshd.tools, [fakeGpus.l40s]);
        fakeTool(sshd.tools, "ipmitool", "head -c 200000 /dev/zero | tr '\\0' '\\n'; echo 'Instantaneous power reading: 411 Watts'; echo 'Power reading state is: activated'");
        const loaded = await load({ hostPower: "ipmi" });
        await loaded.until("out", 2, 60_000);
        deepEqual(loaded.received("out").slice(0, 2).map(({ topic, payload }) => [topic, payload]), [["gpu_gpu1_0", 127.67], ["host_gpu1", 411]]);
    });

    it("are missing while the server is away, and there again without a redeploy", async () => {
        fakeNvidiaSmi(sshd.tools, [fakeGpus.l40s]);
        const loaded = await load();
        await loaded.until("total", 1, 60_000);
        await sshd.halt();
        await eventually(() => loaded.received("out").some(({ payload, topic }) => payload === null && topic === "gpu_gpu1_0"), 60_000);
        await sshd.start();
        const before = loaded.received("total").length;
        await eventually(() => loaded.received("total").slice(before).some(({ payload }) => payload === 127.67), 60_000);
        equal(loaded.received("errors").length, 1, "one error an outage");
    });
});
