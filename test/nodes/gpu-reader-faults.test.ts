import assert from "node:assert/strict";
import type { Node } from "node-red";
import { allFields } from "../../lib/devices/nvidia-csv";
import type { Reading } from "../../lib/power/reading";
import gpuReader from "../../nodes/gpu-reader/gpu-reader";
import powerHost from "../../nodes/power-host/power-host";
import stored from "../fixtures/configs/gpu-reader.v1.json";
import { startFaultyServer, type Behaviour, type FaultyServer } from "../simulators/faulty-server";
import { fakeGpus, nvidiaCsv } from "../simulators/gpu-tools";
import { generateKeyPair, startSshHost, type SshHost } from "../simulators/ssh-host";
import { eventually, loadFlow, temporaryFolder, type LoadedFlow } from "../support/helper";

/**
 * What the status says of a fault, on a connection that is kept and on a new one; nothing where it is none. `half-closed`: a whole answer, and
 * no end after it, is how SSH works.
 */
const table: { fault: Behaviour; says?: RegExp }[] = [
    { fault: "refused", says: /^(hung up|refused)$/ },
    { fault: "black-hole", says: /^no answer$/ },
    { fault: "slow" },
    { fault: "garbage", says: /^(hung up|answer not understood)$/ },
    { fault: "truncated", says: /^(hung up|answer not understood)$/ },
    { fault: "oversized", says: /^(hung up|answer not understood)$/ },
    { fault: "half-closed" },
    { fault: "vanish", says: /^(hung up|answer not understood)$/ },
];

describe("gpu-reader over SSH: faults", function () {
    this.timeout(60_000);
    const folder = temporaryFolder();
    const user = generateKeyPair();
    let host: SshHost;
    let server: FaultyServer;
    let flow: LoadedFlow;

    /** @param deadline in s; most faults are told at once, so that there can be time for a busy machine */
    const load = async (behaviour: Behaviour, deadline = "10"): Promise<void> => {
        server = await startFaultyServer(behaviour, { upstream: host.port, delayMs: 20 });
        flow = await loadFlow([gpuReader, powerHost], [
            { ...stored, hosts: ["host-gpu1"], machines: [{ name: "", tool: "nvidia-smi" }], interval: "86400", deadline, wires: [["out"], ["total"]] },
            { id: "host-gpu1", type: "power-host", name: "gpu1", kind: "ssh", host: "127.0.0.1", port: String(server.port), user: "gpu", auth: "key", hostKey: host.hostKey, version: 1 },
            { id: "out", type: "helper" }, { id: "total", type: "helper" },
            { id: "catch", type: "catch", wires: [["errors"]] }, { id: "errors", type: "helper" },
        ], { userDir: folder.path, credentials: { "host-gpu1": { privateKey: user.private } } });
    };
    /** Polls once more and returns the reading of it: the GPU's, or that of the host of which no GPU is known yet. */
    const poll = async (): Promise<Reading> => {
        const count = flow.received("total").length + 1;
        flow.node<Node>("gpus").receive({});
        await flow.until("total", count);
        return flow.received("out").at(-1)?.reading as Reading;
    };
    const errors = (): string[] => flow.received("errors").map((msg) => (msg.error as { message: string }).message);
    /** Without a redeploy. Where the deadline is short, a busy machine may take more than one poll, and after a refusal a host is left alone for a second. */
    const eventuallyGood = async (): Promise<void> => {
        for (const began = performance.now(); (await poll()).watts !== 127.67;) assert.ok(performance.now() - began < 20_000, errors().join("\n"));
    };
    const recovers = async (): Promise<void> => {
        await server.behave("well");
        await eventuallyGood();
        assert.deepEqual(flow.status("gpus"), { fill: "green", shape: "dot", text: "127.7 W, 1 GPU" });
    };
    const closes = async (): Promise<void> => {
        const warnings: string[] = [];
        flow.node<Node>("gpus").warn = (text: unknown) => void warnings.push(String(text));
        await flow.unload();
        assert.deepEqual(warnings, [], "nothing held the deploy up");
        await eventually(() => server.open === 0, 10_000, () => `no connection left, ${server.open} are open`);
    };

    beforeEach(async () => {
        host = await startSshHost({ name: "gpu1", authorizedKey: user.public, behaviour: { output: nvidiaCsv([fakeGpus.l40s], allFields) } });
    });
    afterEach(async () => {
        await flow.unload();
        await server.stop();
        await host.stop();
    });
    after(() => folder.remove());

    for (const { fault, says } of table) {
        it(`${fault}: ${says === undefined ? "no fault for us" : "missing, never 0 W, told once; recovers by itself"}`, async () => {
            await load("well", fault === "black-hole" ? "1" : undefined);
            await flow.until("total", 1);
            await eventuallyGood();
            await server.behave(fault);
            for (let count = 1; count <= 3; count += 1) {
                const { device, quality, watts, error } = await poll();
                assert.deepEqual([device, quality, watts], says === undefined ? ["gpu_gpu1_0", "good", 127.67] : ["gpu_gpu1_0", "missing", undefined]);
                if (says === undefined) continue;
                assert.match(error ?? "", /^host gpu1: /);
                const { fill, shape, text = "" } = flow.status("gpus") ?? {};
                assert.deepEqual([fill, shape], ["red", "ring"]);
                assert.match(text, says);
            }
            assert.equal(flow.received("errors").length, says === undefined ? 0 : 1);
            await recovers();
            await closes();
        });
    }

    for (const { fault } of table.filter(({ fault, says }) => says !== undefined && fault !== "black-hole")) {
        it(`${fault} from the start: told once; works when the host does`, async () => {
            await load(fault);
            await flow.until("total", 1);
            await poll();
            assert.deepEqual([flow.status("gpus")?.fill, flow.received("errors").length], ["red", 1]);
            await recovers();
            await closes();
        });
    }

    it("a refused login: told once, with the cure; works when the key is accepted", async () => {
        host.setBehaviour({ auth: "refuse" });
        await load("well");
        await flow.until("total", 1);
        for (let count = 1; count <= 3; count += 1) await poll();
        assert.deepEqual(flow.status("gpus"), { fill: "red", shape: "ring", text: "not accepted" });
        assert.deepEqual(errors().map((text) => /authorized_keys/.test(text)), [true], errors().join("\n"));
        host.setBehaviour({ output: nvidiaCsv([fakeGpus.l40s], allFields) });
        await recovers();
        await closes();
    });

    it("an answer of 10 MB is refused, told once; the next one is read", async () => {
        host.setBehaviour({ outputBytes: 10_000_000 });
        await load("well");
        await flow.until("total", 1);
        await poll();
        assert.deepEqual(errors().map((text) => /wrote more than \d+ bytes/.test(text)), [true], errors().join("\n"));
        host.setBehaviour({ output: nvidiaCsv([fakeGpus.l40s], allFields) });
        await recovers();
        await closes();
    });

    it("redeployed during a call: closes at once, leaves no connection, reports nothing, reads on", async () => {
        await load("well");
        await flow.until("total", 1);
        await server.behave("black-hole");
        flow.node<Node>("gpus").receive({});
        await eventually(() => server.open > 0);
        await closes();
        assert.deepEqual([flow.received("total").length, flow.received("errors").length], [1, 0]);
        await server.behave("well");
        await flow.redeploy();
        assert.equal((await flow.until("total", 1))[0]?.payload, 127.67);
    });
});
