import assert from "node:assert/strict";
import type { NodeMessage } from "node-red";
import helper from "node-red-node-test-helper";
import { machine } from "../../lib/kit/boot";
import type { Reading } from "../../lib/power/reading";
import type { RunProgress } from "../../lib/shutdown/progress";
import powerClassifier from "../../nodes/power-classifier/power-classifier";
import powerHost from "../../nodes/power-host/power-host";
import shutdownPlan from "../../nodes/shutdown-plan/shutdown-plan";
import shutdownSequencer from "../../nodes/shutdown-sequencer/shutdown-sequencer";
import classifier from "../fixtures/configs/power-classifier.v1.json";
import sequencer from "../fixtures/configs/shutdown-sequencer.v1.json";
import { generateKeyPair, startSshHost, type SshHost } from "../simulators/ssh-host";
import { loadFlow, temporaryFolder, type FlowNode, type LoadedFlow } from "../support/helper";

const user = generateKeyPair();

// S0's chain: plug, classifier, sequencer. The machine of Node-RED goes down in the shutdown, and starts again when power is back.
for (const [wires, wired] of [
    ["its changes", [["every"], ["sequencer"]]],
    ["its changes and its levels", [["sequencer", "every"], ["sequencer"]]],
] as const) {
    describe(`a classifier that tells a sequencer ${wires}, when this machine was started again after a shutdown`, () => {
        const { boot } = machine;
        let folder: ReturnType<typeof temporaryFolder>;
        let host: SshHost;
        let flow: LoadedFlow;
        let at = 0;
        const poll = async (...watts: (number | undefined)[]): Promise<void> => {
            const judged = flow.received("every").length + watts.length;
            for (const each of watts) {
                at += 10_000;
                const reading: Reading = { device: "rack", source: "kasa", at, quality: each === undefined ? "missing" : "good", ...(each !== undefined && { watts: each }) };
                flow.node("classifier").receive({ topic: "rack", payload: each, reading } as NodeMessage);
            }
            await flow.until("every", judged);
        };
        /** How many runs there were, all of them real, when all that follows from the polls has happened. */
        const runsAfter = async (expected: number, ...watts: (number | undefined)[]): Promise<number> => {
            await poll(...watts);
            if (expected > 0) await flow.until("result", expected);
            // What follows begins at once, and says so.
            else await new Promise((resolve) => { setTimeout(resolve, 100); });
            const runs = new Map(flow.received("progress").map(({ progress }) => [(progress as RunProgress).run, (progress as RunProgress).mode]));
            for (const mode of runs.values()) assert.equal(mode, "live");
            return runs.size;
        };
        const startAgain = async (now = "the next boot"): Promise<void> => {
            machine.boot = now;
            await flow.redeploy();
        };

        before((done) => { helper.startServer(done); });
        after((done) => { helper.stopServer(done); });
        beforeEach(async () => {
            folder = temporaryFolder();
            host = await startSshHost({ name: "nas", authorizedKey: user.public });
            at = 1_000_000;
            const nodes: FlowNode[] = [
                { ...classifier, confirmations: "2", loadIsConstant: true, wires: wired.map((ids) => [...ids]) },
                { ...sequencer, dryRun: false, enabled: true, wires: [["progress"], ["result"]] },
                { id: "plan", type: "shutdown-plan", hosts: ["host"], steps: [{ services: ["db"], after: [], stopTimeout: "30", fedBy: [] }], final: "shutdown", delay: "2" },
                { id: "host", type: "power-host", name: "nas", kind: "ssh", host: "127.0.0.1", port: String(host.port), user: "power", auth: "key", hostKey: host.hostKey },
                { id: "every", type: "helper" }, { id: "progress", type: "helper" }, { id: "result", type: "helper" },
            ];
            flow = await loadFlow([powerHost, shutdownPlan, shutdownSequencer, powerClassifier], nodes, { userDir: folder.path, credentials: { host: { privateKey: user.private } } });
            assert.equal(await runsAfter(1, 421, 421, 60, 24, 24, 3, 3), 1);
        });
        afterEach(async () => {
            machine.boot = boot;
            await flow.unload();
            await host.stop();
            await folder.remove();
        });

        it("mains that fails again before HEALTHY is confirmed shuts down again, once", async () => {
            await startAgain();
            assert.equal(await runsAfter(1, 421, 3, 3), 1);
            await flow.redeploy();
            assert.equal(await runsAfter(0, 421, 3, 3, 3), 0);
        });

        it("without a boot, nothing is shut down twice", async () => {
            await flow.redeploy();
            assert.equal(await runsAfter(0, 421, 3, 3), 0);
        });

        for (const [what, watts] of [
            ["stay off", [0, 0, 0, 0]],
            ["boot", [3, 3, 24, 24, 60, 24, 24, 100, 100, 421, 421]],
            ["stay off behind a plug that could not be read", [...Array<undefined>(6).fill(undefined), 0, 0, 0]],
        ] as const) {
            it(`machines that ${what} are shut down by nothing, boot after boot`, async () => {
                for (const next of ["the next boot", "the one after it"]) {
                    await startAgain(next);
                    assert.equal(await runsAfter(0, ...watts), 0, next);
                }
            });
        }
    });
}
