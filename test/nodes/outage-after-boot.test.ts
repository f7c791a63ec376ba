import assert from "node:assert/strict";
import type { NodeMessage } from "node-red";
import helper from "node-red-node-test-helper";
import { machine } from "../../lib/kit/boot";
import type { Reading } from "../../lib/power/reading";
import type { RunResult } from "../../lib/shutdown/progress";
import powerHost from "../../nodes/power-host/power-host";
import shutdownPlan from "../../nodes/shutdown-plan/shutdown-plan";
import shutdownSequencer from "../../nodes/shutdown-sequencer/shutdown-sequencer";
import shutdownTrigger from "../../nodes/shutdown-trigger/shutdown-trigger";
import sequencer from "../fixtures/configs/shutdown-sequencer.v1.json";
import trigger from "../fixtures/configs/shutdown-trigger.v1.json";
import { generateKeyPair, startSshHost, type SshHost } from "../simulators/ssh-host";
import { loadFlow, temporaryFolder, type FlowNode, type LoadedFlow } from "../support/helper";
import { missed, onBattery, online, polls } from "../support/trigger-story";

const user = generateKeyPair();
const low: Partial<Reading> = { ...onBattery, charge: 12, runtime: 300 };
const forced: Partial<Reading> = { ...online, flags: ["FSD", "OL"] };
/** Mains for 10 s, which is not for good, and the battery again. */
const flicker = [...polls(300, 310, online), ...polls(310, 345, low)];

// The machine of Node-RED goes down in the shutdown that it has begun itself, and starts again when power is back.
for (const [wires, wired] of [
    ["by its decisions", [["sequencer"], ["sequencer"], ["every"]]],
    ["by all that it says", [["sequencer"], ["sequencer"], ["sequencer", "every"]]],
    ["by its levels alone", [[], [], ["sequencer", "every"]]],
] as const) {
    describe(`a trigger that is wired to a sequencer ${wires}, when this machine was started again after a shutdown`, () => {
        const { boot } = machine;
        let folder: ReturnType<typeof temporaryFolder>;
        let host: SshHost;
        let flow: LoadedFlow;
        const feed = async (readings: Reading[]): Promise<void> => {
            const judged = flow.received("every").length + readings.length;
            for (const reading of readings) flow.node("trigger").receive({ topic: reading.device, reading } as NodeMessage);
            await flow.until("every", judged);
        };
        /** How often the service was stopped, when all that follows from `readings` has happened. */
        const runsAfter = async (readings: Reading[], expected: number): Promise<number> => {
            await feed(readings);
            if (expected > 0) await flow.until("result", expected);
            else await new Promise((resolve) => { setTimeout(resolve, 100); });
            for (const { result } of flow.received("result")) assert.equal((result as RunResult).mode, "live");
            return flow.received("result").length;
        };
        const startAgain = async (now: string): Promise<void> => {
            machine.boot = now;
            await flow.redeploy();
        };

        before((done) => { helper.startServer(done); });
        after((done) => { helper.stopServer(done); });
        beforeEach(async () => {
            folder = temporaryFolder();
            host = await startSshHost({ name: "nas", authorizedKey: user.public });
            const nodes: FlowNode[] = [
                { ...trigger, wires: wired.map((ids) => [...ids]) },
                { ...sequencer, dryRun: false, enabled: true, wires: [[], ["result"]] },
                { id: "plan", type: "shutdown-plan", hosts: ["host"], steps: [{ services: ["db"], after: [], stopTimeout: "30", fedBy: [] }], final: "shutdown", delay: "2" },
                { id: "host", type: "power-host", name: "nas", kind: "ssh", host: "127.0.0.1", port: String(host.port), user: "power", auth: "key", hostKey: host.hostKey },
                { id: "every", type: "helper" }, { id: "result", type: "helper" },
            ];
            flow = await loadFlow([powerHost, shutdownPlan, shutdownSequencer, shutdownTrigger], nodes, { userDir: folder.path, credentials: { host: { privateKey: user.private } } });
        });
        afterEach(async () => {
            machine.boot = boot;
            await flow.unload();
            await host.stop();
            await folder.remove();
        });
        const shutDown = async (because: Partial<Reading> = low): Promise<void> => {
            assert.equal(await runsAfter([...polls(0, 20, online, 5), ...polls(20, 60, because)], 1), 1);
        };

        it("mains that fails again before it was back for good shuts down again", async () => {
            await shutDown();
            await startAgain("the next boot");
            assert.equal(await runsAfter(flicker, 1), 1);
        });

        it("it does so once, however often Node-RED starts in between", async () => {
            await shutDown();
            await startAgain("the next boot");
            await flow.redeploy();
            assert.equal(await runsAfter(flicker, 1), 1);
            await flow.redeploy();
            assert.equal(await runsAfter(polls(345, 400, low), 0), 0);
        });

        it("without a boot, nothing is shut down twice", async () => {
            await shutDown();
            await flow.redeploy();
            assert.equal(await runsAfter(flicker, 0), 0);
        });

        it("while mains is there, or nobody can say, nothing is shut down", async () => {
            await shutDown();
            await startAgain("the next boot");
            assert.equal(await runsAfter([...polls(300, 900, missed, 5), ...polls(900, 920, online)], 0), 0);
        });

        it("an FSD that is still there shuts down nothing again, boot after boot", async () => {
            await shutDown(forced);
            for (const next of ["the next boot", "the one after it"]) {
                await startAgain(next);
                assert.equal(await runsAfter(polls(next === "the next boot" ? 300 : 600, next === "the next boot" ? 400 : 700, forced, 5), 0), 0, next);
            }
        });
    });
}
