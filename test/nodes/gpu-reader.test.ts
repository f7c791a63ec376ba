import { deepEqual, equal, match, ok } from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import helper from "node-red-node-test-helper";
import type { ClusterTotal } from "../../lib/devices/gpu-cluster";
import type { GpuMetadata } from "../../lib/devices/gpu-host";
import { allFields } from "../../lib/devices/nvidia-csv";
import type { Reading } from "../../lib/power/reading";
import { machineNames, parseConfig } from "../../nodes/gpu-reader/config";
import gpuReader from "../../nodes/gpu-reader/gpu-reader";
import powerHost from "../../nodes/power-host/power-host";
import stored from "../fixtures/configs/gpu-reader.v1.json";
import { fakeGpus, fakeNvidiaSmi, fakeTool, nvidiaCsv } from "../simulators/gpu-tools";
import { generateKeyPair, startSshHost, type SshHost } from "../simulators/ssh-host";
import { closeMs, errorsLogged, eventually, loadFlow, temporaryFolder, type FlowMsg, type FlowNode, type LoadedFlow } from "../support/helper";

describe("gpu-reader's settings", () => {
    it("of version 1 are read as the editor stored them", () => {
        deepEqual(parseConfig(stored), {
            config: {
                machines: [{ name: "gpu2", tool: "auto" }, { name: "", tool: "nvidia-smi", powerHost: "host-gpu1" }],
                cluster: "gpu_cluster", hostPower: "none", intervalMs: 60_000, deadlineMs: 10_000, payload: "watts",
            },
            problems: [],
        });
    });

    for (const { change, problem } of [
        { change: { hosts: [], machines: [] }, problem: "no machine" },
        { change: { machines: [{ name: "a", tool: "rm" }] }, problem: "machine 1: tool must be one of auto, nvidia-smi, amd-smi, rocm-smi, xpu-smi" },
        { change: { interval: "0" }, problem: "interval must be between 1 and 86400" },
        { change: { hostPower: "yes" }, problem: "hostPower must be one of none, auto, ipmi, rapl" },
        { change: { hosts: "gpu2" }, problem: "hosts is not a list" },
    ]) {
        it(`${JSON.stringify(change)}: ${problem}`, () => ok(parseConfig({ ...stored, ...change }).problems.includes(problem)));
    }

    it("name a machine after its host, and no two alike", () => {
        const names = machineNames([{ name: "", tool: "auto" }, { name: "", tool: "auto", powerHost: "b" }, { name: "Red-Fin", tool: "auto" }], (id) => (id === undefined ? "red fin" : "gpu1"));
        deepEqual(names.names, ["red fin", "gpu1", "Red-Fin"]);
        deepEqual(names.problems, ["two machines are called Red-Fin: their readings could not be told apart"]);
    });
});

describe("gpu-reader", () => {
    const folder = temporaryFolder();
    const user = generateKeyPair();
    const path = process.env.PATH;
    let tools: ReturnType<typeof temporaryFolder>;
    let flow: LoadedFlow | undefined;
    let remote: SshHost;

    before((done) => { helper.startServer(done); });
    after(() => folder.remove());
    after((done) => {
        helper.stopServer(done);
    });
    beforeEach(async () => {
        tools = temporaryFolder();
        process.env.PATH = `${tools.path}:${path}`;
        remote = await startSshHost({ name: "gpu1", authorizedKey: user.public });
    });
    afterEach(async () => {
        await flow?.unload();
        flow = undefined;
        process.env.PATH = path;
        await tools.remove();
        await remote.stop();
    });

    const hostNode = (): FlowNode => ({ id: "host-gpu1", type: "power-host", name: "gpu1", kind: "ssh", host: "127.0.0.1", port: String(remote.port), user: "gpu", auth: "key", hostKey: remote.hostKey, version: 1 });
    const load = async (settings: object, extra: FlowNode[] = [hostNode()]): Promise<LoadedFlow> => {
        const nodes: FlowNode[] = [
            { ...stored, ...settings, wires: [["gpus-out"], ["total"]] }, ...extra,
            { id: "gpus-out", type: "helper" }, { id: "total", type: "helper" },
            { id: "catch", type: "catch", wires: [["errors"]] }, { id: "errors", type: "helper" },
            { id: "complete", type: "complete", scope: ["gpus"], wires: [["done"]] }, { id: "done", type: "helper" },
        ];
        return (flow = await loadFlow([gpuReader, powerHost], nodes, { userDir: folder.path, credentials: { "host-gpu1": { privateKey: user.private } } }));
    };
    const alone = { hosts: [""], machines: [{ name: "gpu2", tool: "auto" }] };
    const seen = (messages: FlowMsg[]): unknown[] => messages.map(({ topic, payload }) => [topic, payload]);
    const remoteGpus = (...gpus: (keyof typeof fakeGpus)[]): void => remote.setBehaviour({ output: nvidiaCsv(gpus.map((name) => fakeGpus[name]), allFields) });

    it("sends a message for each GPU of this machine and of others, and the cluster's total", async () => {
        fakeNvidiaSmi(tools.path, [fakeGpus.rtx4080s, fakeGpus.l40s]);
        remoteGpus("rtx2080s");
        const loaded = await load({});
        const [total] = await loaded.until("total", 1);
        deepEqual(seen(loaded.received("gpus-out")).sort(), [["gpu_gpu1_0", 39.32], ["gpu_gpu2_0", 28.77], ["gpu_gpu2_1", 127.67]]);
        const gpu1 = loaded.received("gpus-out").find(({ topic }) => topic === "gpu_gpu1_0");
        const { reading, gpu } = gpu1 as unknown as { reading: Reading; gpu: GpuMetadata };
        deepEqual([reading.device, reading.source, reading.quality, reading.temperature, reading.load, reading.simulated], ["gpu_gpu1_0", "nvidia", "good", 41, 0, undefined]);
        deepEqual([gpu.node, gpu.gpu_model, gpu.power_limit_w, gpu.power_efficiency_pct, gpu.fan_speed_pct, gpu.memory_total_mb], ["gpu1", "NVIDIA GeForce RTX 2080 SUPER", 250, 15.7, 38, 8192]);
        deepEqual([total?.topic, total?.payload], ["gpu_cluster", 195.76]);
        const cluster = total?.cluster as ClusterTotal;
        deepEqual([cluster.total_watts, cluster.nodes_reporting, cluster.nodes_expected, cluster.gpus_reporting], [195.76, 2, 2, 3]);
        deepEqual([(total?.reading as Reading).quality, (total?.reading as Reading).watts], ["good", 195.76]);
        deepEqual(loaded.status("gpus"), { fill: "green", shape: "dot", text: "195.8 W, 3 GPUs" });
    });

    it("misses a host that is down, never counts it as 0 W, and finds it again without a redeploy", async () => {
        fakeNvidiaSmi(tools.path, [fakeGpus.h100]);
        remoteGpus("l40s");
        const loaded = await load({ interval: "1" });
        await loaded.until("total", 1);
        remote.setBehaviour({ command: "vanish" });
        await eventually(() => loaded.received("total").some(({ payload }) => payload === 69.62));
        const partial = loaded.received("total").find(({ payload }) => payload === 69.62);
        const { nodes_reporting, nodes_expected, hosts } = partial?.cluster as ClusterTotal;
        deepEqual([nodes_reporting, nodes_expected], [1, 2]);
        match(hosts[1]?.error ?? "", /gpu1: the connection was lost while nvidia-smi ran/);
        equal((partial?.reading as Reading).quality, "missing");
        const missing = loaded.received("gpus-out").find(({ topic, payload }) => topic === "gpu_gpu1_0" && payload === null);
        equal((missing?.reading as Reading | undefined)?.quality, "missing");
        deepEqual(loaded.status("gpus"), { fill: "yellow", shape: "ring", text: "69.6 W, 1 of 2 hosts" });
        await eventually(() => loaded.received("total").filter(({ payload }) => payload === 69.62).length >= 2);
        equal(loaded.received("errors").length, 1, "one error an outage");
        remoteGpus("l40s");
        const before = loaded.received("total").length;
        await eventually(() => loaded.received("total").slice(before).some(({ payload }) => payload === 197.29));
        equal(loaded.status("gpus")?.text, "197.3 W, 2 GPUs");
    });

    it("sends what has answered while another machine hangs", async () => {
        fakeNvidiaSmi(tools.path, [fakeGpus.h100]);
        remote.setBehaviour({ command: "hang" });
        const loaded = await load({ deadline: "3" });
        await loaded.until("gpus-out", 1);
        deepEqual(seen(loaded.received("gpus-out")), [["gpu_gpu2_0", 69.62]]);
        equal(loaded.received("total").length, 0);
        await loaded.until("total", 1);
        match(String((loaded.received("errors")[0]?.error as { message: string }).message), /host gpu1: no answer within 3(?:\.25)? s/);
    });

    it("answers a message with itself: foreign properties stay, exactly one done", async () => {
        fakeNvidiaSmi(tools.path, [fakeGpus.h100, fakeGpus.l40s]);
        const loaded = await load(alone);
        await loaded.until("total", 1);
        loaded.node("gpus").receive({ payload: "now", mine: { a: 1 } } as never);
        const [, total] = await loaded.until("total", 2);
        deepEqual([total?.mine, total?.payload], [{ a: 1 }, 197.29]);
        deepEqual(loaded.received("gpus-out").slice(2).map(({ mine, topic }) => [mine, topic]), [[{ a: 1 }, "gpu_gpu2_0"], [{ a: 1 }, "gpu_gpu2_1"]]);
        await loaded.until("done", 1);
        equal(loaded.received("done").length, 1);
    });

    it("takes a driver's error in the middle for that GPU only", async () => {
        fakeNvidiaSmi(tools.path, [fakeGpus.h100, fakeGpus.h100, fakeGpus.l40s], { instead: { at: 1, line: "Unable to determine the device handle for GPU0000:2A:00.0: Unknown Error" }, code: 255 });
        const loaded = await load(alone);
        const [total] = await loaded.until("total", 1);
        deepEqual(seen(loaded.received("gpus-out")), [["gpu_gpu2_0", 69.62], ["gpu_gpu2_1", null], ["gpu_gpu2_2", 127.67]]);
        equal(total?.payload, 197.29);
    });

    it("tells what a whole machine draws where it has a meter", async () => {
        fakeNvidiaSmi(tools.path, [fakeGpus.h100]);
        fakeTool(tools.path, "ipmitool", "echo 'Instantaneous power reading: 411 Watts'; echo 'Power reading state is: activated'");
        const loaded = await load({ ...alone, hostPower: "auto" });
        const [total] = await loaded.until("total", 1);
        deepEqual(seen(loaded.received("gpus-out")), [["gpu_gpu2_0", 69.62], ["host_gpu2", 411]]);
        equal(total?.payload, 69.62, "the total is the GPUs'");
    });

    it("gives the whole reading as payload when that is wanted", async () => {
        fakeNvidiaSmi(tools.path, [fakeGpus.h100]);
        const [msg] = await (await load({ ...alone, payload: "reading" })).until("gpus-out", 1);
        equal((msg?.payload as Reading).watts, 69.62);
    });

    for (const { what, settings, extra, says } of [
        { what: "no machine", settings: { hosts: [], machines: [] }, extra: [], says: /no machine/ },
        { what: "two machines of one name", settings: { hosts: ["", ""], machines: [{ name: "a", tool: "auto" }, { name: "A", tool: "auto" }] }, extra: [], says: /two machines are called A/ },
    ]) {
        it(`says what is wrong: ${what}`, async () => {
            const loaded = await load(settings, extra);
            equal(loaded.status("gpus")?.shape, "ring");
            match(loaded.status("gpus")?.text ?? "", says);
            deepEqual(errorsLogged().map((text) => text.startsWith("GPUs not read: ") && says.test(text)), [true], "the log has it before anybody asks");
            loaded.node("gpus").receive({} as never);
            const [error] = await loaded.until("errors", 1);
            match((error?.error as { message: string }).message, says);
        });
    }

    it("says that a power-host is gone, or not set up, and goes on with the others", async () => {
        fakeNvidiaSmi(tools.path, [fakeGpus.h100]);
        const loaded = await load({}, []);
        const [total] = await loaded.until("total", 1);
        equal(total?.payload, 69.62);
        match((loaded.received("errors")[0]?.error as { message: string }).message, /its power-host is gone/);
        await loaded.unload();
        const half = await load({}, [{ ...hostNode(), hostKey: "" }]);
        await half.until("total", 1);
        match((half.received("errors")[0]?.error as { message: string }).message, /host gpu1: no pinned host key/);
    });

    it("closes at once in the middle of a poll, and leaves no process", async () => {
        fakeTool(tools.path, "nvidia-smi", `echo $$ > ${tools.path}/pid; exec sleep 60`);
        remote.setBehaviour({ command: "hang" });
        const loaded = await load({});
        const pid = (): number => Number(existsSync(join(tools.path, "pid")) ? readFileSync(join(tools.path, "pid"), "utf8") : 0);
        await eventually(() => remote.commands.length > 0 && pid() > 0);
        const started = performance.now();
        await loaded.unload();
        ok(performance.now() - started < closeMs);
        equal(loaded.received("errors").length, 0);
        await eventually(() => !existsSync(`/proc/${pid()}/stat`), 10_000, () => "nvidia-smi is gone");
    });

    it("tests the dialog's machines without a deploy", async () => {
        fakeNvidiaSmi(tools.path, [fakeGpus.h100mig]);
        const loaded = await load({ ...alone, interval: "86400" });
        await loaded.until("total", 1);
        remoteGpus("l40s");
        const test = async (body: object): Promise<unknown> => (await helper.request().post("/ridethrough/gpu-reader/test").send(body)).body;
        deepEqual(await test(stored), { ok: true, lines: ["gpu_gpu2_0: 70.72 W of 700 W, 41 °C, MIG, NVIDIA H100 80GB HBM3", "gpu_gpu1_0: 127.67 W of 350 W, 41 °C, 100 % busy, NVIDIA L40S"] });
        fakeTool(tools.path, "nvidia-smi", "echo \"couldn't communicate with the NVIDIA driver\"; exit 9");
        const { lines } = (await test({ ...stored, ...alone })) as { lines: string[] };
        match(lines.join("\n"), /^host gpu2: nvidia-smi failed with status 9 .*modprobe nvidia/);
        deepEqual(await test({ hosts: [], machines: [] }), { ok: false, error: "no machine" });
        deepEqual((await helper.request().post("/ridethrough/gpu-reader/gpus").send({})).body, { ok: true });
        await loaded.until("total", 2);
        deepEqual((await helper.request().post("/ridethrough/gpu-reader/catch").send({})).body, { ok: false, error: "deploy the node first" });
    });
});
