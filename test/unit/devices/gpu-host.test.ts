import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { GpuHost, type GpuHostOptions, type HostPoll } from "../../../lib/devices/gpu-host";
import { localRunner } from "../../../lib/devices/local-runner";
import type { Trouble } from "../../../lib/kit/trouble";
import { fakeGpus, fakeNvidiaSmi, fakeTool } from "../../simulators/gpu-tools";
import { temporaryFolder } from "../../support/temporary-folder";

describe("a host with GPUs", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    beforeEach(() => { folder = temporaryFolder(); });
    afterEach(() => folder.remove());

    const never = new AbortController().signal;
    const host = (options: Partial<GpuHostOptions> = {}): GpuHost =>
        new GpuHost({ name: "Red Fin", tool: "auto", hostPower: "none", deadlineMs: 5000, run: localRunner("Red Fin", `${folder.path}:/usr/bin:/bin`), ...options });
    const seen = ({ gpus }: HostPoll): unknown[] => gpus.map(({ reading: { device, quality, watts } }) => [device, quality, watts]);

    it("gives a reading for each GPU, with what a dashboard wants to know", async () => {
        fakeNvidiaSmi(folder.path, [fakeGpus.l40s]);
        const { gpus, troubles } = await host().poll(never);
        const [first] = gpus;
        ok(first);
        const { at, ...reading } = first.reading;
        ok(Math.abs(at - Date.now()) < 60_000);
        deepEqual(reading, { device: "gpu_red_fin_0", source: "nvidia", quality: "good", watts: 127.67, temperature: 41, load: 100 });
        deepEqual(first.gpu, {
            node: "Red Fin", gpu_index: 0, gpu_uuid: "GPU-00000000-1111-2222-3333-444444444444", gpu_model: "NVIDIA L40S", power_draw_w: 127.67, power_limit_w: 350, power_efficiency_pct: 36.5,
            temperature_c: 41, gpu_utilization_pct: 100, memory_used_mb: 1024, memory_total_mb: 46068, pstate: "P0",
        });
        deepEqual(troubles, []);
    });

    it("misses only the GPU that the driver lost", async () => {
        fakeNvidiaSmi(folder.path, [fakeGpus.h100, fakeGpus.h100, fakeGpus.l40s], { instead: { at: 1, line: "Unable to determine the device handle for GPU0000:2A:00.0: Unknown Error" }, code: 255 });
        const poll = await host().poll(never);
        deepEqual(seen(poll), [["gpu_red_fin_0", "good", 69.62], ["gpu_red_fin_1", "missing", undefined], ["gpu_red_fin_2", "good", 127.67]]);
        match(poll.gpus[1]?.reading.error ?? "", /^GPU 1 of host Red Fin: Unable to determine/);
    });

    it("misses the last GPU too, by its address, and one that is not listed any more", async () => {
        const machine = host();
        fakeNvidiaSmi(folder.path, [fakeGpus.h100, fakeGpus.h100, fakeGpus.l40s]);
        await machine.poll(never);
        fakeNvidiaSmi(folder.path, [fakeGpus.h100], { stderr: "Unable to determine the device handle for GPU0000:3A:00.0: Unknown Error", code: 255 });
        const poll = await machine.poll(never);
        deepEqual(seen(poll), [["gpu_red_fin_0", "good", 69.62], ["gpu_red_fin_1", "missing", undefined], ["gpu_red_fin_2", "missing", undefined]]);
        match(poll.gpus[1]?.reading.error ?? "", /not list it any more/);
        match(poll.gpus[2]?.reading.error ?? "", /device handle/);
        equal(poll.gpus[2]?.gpu.gpu_model, "NVIDIA L40S");
        equal(poll.metered, 3);
        deepEqual(poll.troubles.map(({ message }) => message.slice(0, 28)), ["GPU 1 of host Red Fin: its d", "GPU 2 of host Red Fin: Unabl"]);
    });

    it("still knows a GPU that the driver lists as lost", async () => {
        const machine = host();
        fakeNvidiaSmi(folder.path, [fakeGpus.h100, fakeGpus.l40s]);
        await machine.poll(never);
        fakeNvidiaSmi(folder.path, [fakeGpus.h100, fakeGpus.lost]);
        const { gpus } = await machine.poll(never);
        deepEqual([gpus[1]?.reading.quality, gpus[1]?.gpu.gpu_model], ["missing", "NVIDIA L40S"]);
        match(gpus[1]?.reading.error ?? "", /GPU 1 of host Red Fin: its power reads \[GPU is lost\]/);
    });

    it("does not invent a GPU from a warning behind good rows", async () => {
        fakeNvidiaSmi(folder.path, [fakeGpus.h100], { stderr: "WARNING: infoROM is corrupted", code: 14 });
        deepEqual(seen(await host().poll(never)), [["gpu_red_fin_0", "good", 69.62]]);
    });

    it("keeps what is known of a GPU without a meter", async () => {
        fakeNvidiaSmi(folder.path, [fakeGpus.rtx4060, fakeGpus.rtx4080s]);
        const poll = await host().poll(never);
        deepEqual(poll.gpus.map(({ reading: { quality, temperature } }) => [quality, temperature]), [["missing", 41], ["good", 41]]);
        equal(poll.metered, 1);
        deepEqual(poll.troubles, []);
    });

    it("that was never reached is missing as a whole, later GPU by GPU", async () => {
        const machine = host();
        fakeTool(folder.path, "nvidia-smi", "echo \"couldn't communicate with the NVIDIA driver\"; exit 9");
        const before = await machine.poll(never);
        deepEqual(seen(before), [["gpu_red_fin", "missing", undefined]]);
        match(before.troubles[0]?.message ?? "", /modprobe/);
        fakeNvidiaSmi(folder.path, [fakeGpus.h100, fakeGpus.h100]);
        await machine.poll(never);
        fakeTool(folder.path, "nvidia-smi", "exit 9");
        deepEqual(seen(await machine.poll(never)), [["gpu_red_fin_0", "missing", undefined], ["gpu_red_fin_1", "missing", undefined]]);
    });

    it("with a tool that hangs is missed by the deadline, and told why", async () => {
        fakeTool(folder.path, "nvidia-smi", "sleep 60 & wait");
        const poll = await host({ deadlineMs: 300 }).poll(never);
        deepEqual(seen(poll), [["gpu_red_fin", "missing", undefined]]);
        match(poll.troubles[0]?.message ?? "", /host Red Fin.*no answer within 0.3 s.*dmesg/);
    });

    it("is read with the first tool that it has", async () => {
        fakeTool(folder.path, "rocm-smi", 'echo \'{"card0":{"Average Graphics Package Power (W)":"19.0"}}\'');
        const { gpus } = await host().poll(never);
        deepEqual(gpus.map(({ reading: { source, watts } }) => [source, watts]), [["amd", 19]]);
    });

    it("without any tool says which were looked for", async () => {
        const { troubles } = await host().poll(never);
        equal(troubles[0]?.kind, "config");
        match(troubles[0]?.message ?? "", /host Red Fin: found no nvidia-smi, amd-smi, rocm-smi, xpu-smi: install/);
    });

    it("tells what it draws as a whole where it has a meter, and its GPUs where it has none", async () => {
        fakeNvidiaSmi(folder.path, [fakeGpus.h100]);
        equal((await host({ hostPower: "auto", run: (argv, limits) => (argv[0] === "grep" ? Promise.resolve({ code: 2, stdout: "/proc/uptime:5 5\n", stderr: "" }) : localRunner("x", `${folder.path}:/usr/bin:/bin`)(argv, limits)) }).poll(never)).power, undefined);
        const without = await host({ hostPower: "ipmi" }).poll(never);
        equal(without.power?.quality, "missing");
        fakeTool(folder.path, "ipmitool", "echo 'Instantaneous power reading: 411 Watts'; echo 'Power reading state is: activated'");
        const { power, gpus } = await host({ hostPower: "auto" }).poll(never);
        deepEqual([power?.device, power?.source, power?.watts, gpus[0]?.reading.watts], ["host_red_fin", "ipmi", 411, 69.62]);
    });

    it("stops at once", async () => {
        fakeTool(folder.path, "nvidia-smi", "sleep 60");
        const stop = new AbortController();
        const poll = host().poll(stop.signal);
        stop.abort();
        await rejects(poll, (error: Trouble) => error.kind === "stopped");
    });
});
