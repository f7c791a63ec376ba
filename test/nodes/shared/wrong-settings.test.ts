import assert from "node:assert/strict";
import type { NodeInitializer } from "node-red";
import depletionRate from "../../../nodes/depletion-rate/depletion-rate";
import powerClassifier from "../../../nodes/power-classifier/power-classifier";
import redundancyGroup from "../../../nodes/redundancy-group/redundancy-group";
import shutdownTrigger from "../../../nodes/shutdown-trigger/shutdown-trigger";
import timelineWriter from "../../../nodes/timeline-writer/timeline-writer";
import classifier from "../../fixtures/configs/power-classifier.v1.json";
import depletion from "../../fixtures/configs/depletion-rate.v1.json";
import group from "../../fixtures/configs/redundancy-group.v1.json";
import trigger from "../../fixtures/configs/shutdown-trigger.v1.json";
import writer from "../../fixtures/configs/timeline-writer.v1.json";
import { errorsLogged, loadFlow, temporaryFolder } from "../../support/helper";

// The readers' own tests hold them to the same.
const cases: [stored: { id: string; type: string }, init: unknown, problem: string][] = [
    [{ ...trigger, ...{ lowCharge: "abc" } }, shutdownTrigger, "nothing is decided: "],
    [{ ...group, ...{ dwell: "abc" } }, redundancyGroup, "no quorum: "],
    [{ ...classifier, ...{ critical: "abc" } }, powerClassifier, "not classified: "],
    [{ ...depletion, ...{ window: "abc" } }, depletionRate, "no depletion rate: "],
    [{ ...writer, ...{ store: "" } }, timelineWriter, "nothing written: "],
];

describe("a node whose settings are wrong", () => {
    for (const [stored, init, problem] of cases) {
        it(`${stored.type} is red, has told the log before its first message, and fails each`, async () => {
            const folder = temporaryFolder();
            const flow = await loadFlow([init as NodeInitializer], [
                { ...stored, wires: [["out"]] }, { id: "out", type: "helper" }, { id: "catch", type: "catch", wires: [["errors"]] }, { id: "errors", type: "helper" },
            ], { userDir: folder.path });
            try {
                assert.deepEqual([flow.status(stored.id)?.fill, flow.status(stored.id)?.shape], ["red", "ring"]);
                const logged = errorsLogged();
                assert.deepEqual(logged.map((text) => text.startsWith(problem) && text.length > problem.length), [true]);
                flow.node(stored.id).receive({ payload: 3 } as never);
                const [msg] = await flow.until("errors", 1);
                assert.equal((msg?.error as { message: string }).message, logged[0]);
                assert.deepEqual(flow.received("out"), []);
            } finally {
                await flow.unload();
                await folder.remove();
            }
        });
    }
});
