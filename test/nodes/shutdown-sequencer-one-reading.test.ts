import assert from "node:assert/strict";
import type { Node } from "node-red";
import type { Arming } from "../../lib/shutdown/arming";
import powerClassifier from "../../nodes/power-classifier/power-classifier";
import powerHost from "../../nodes/power-host/power-host";
import shutdownPlan from "../../nodes/shutdown-plan/shutdown-plan";
import { hastyClassifiers, type StoredNode } from "../../nodes/shutdown-sequencer/one-reading";
import shutdownSequencer from "../../nodes/shutdown-sequencer/shutdown-sequencer";
import classifierStored from "../fixtures/configs/power-classifier.v1.json";
import stored from "../fixtures/configs/shutdown-sequencer.v2.json";
import { generateKeyPair } from "../simulators/ssh-host";
import { eventually, loadFlow, temporaryFolder } from "../support/helper";
import { example, nodeOf } from "../support/example-flow";

describe("a sequencer that one reading may set off", () => {
    const classifier: StoredNode = { id: "classifier", type: "power-classifier", confirmations: "1", wires: [[], ["sequencer"]] };
    const found = (...nodes: StoredNode[]): string[] => hastyClassifiers("sequencer", nodes).map(({ id }) => id);

    for (const [where, nodes] of [
        ["right before it, by its changes", [classifier]],
        ["right before it, by its levels", [{ ...classifier, wires: [["sequencer"], []] }]],
        ["with no number, which means one", [{ ...classifier, confirmations: "" }]],
        ["behind a switch and a change node", [{ ...classifier, wires: [["a"]] }, { id: "a", type: "switch", wires: [[], ["b"]] }, { id: "b", type: "change", wires: [["sequencer"]] }]],
        ["on another tab, by link nodes", [{ ...classifier, wires: [["out"]] }, { id: "out", type: "link out", links: ["in"], wires: [] }, { id: "in", type: "link in", links: ["out"], wires: [["sequencer"]] }]],
        ["in a circle", [{ ...classifier, wires: [["a"]] }, { id: "a", type: "delay", wires: [["b"]] }, { id: "b", type: "function", wires: [["a", "sequencer"]] }]],
    ] as const satisfies readonly (readonly [string, readonly StoredNode[]])[]) {
        it(`has the classifier ${where}`, () => assert.deepEqual(found(...nodes), ["classifier"]));
    }
    for (const [where, nodes] of [
        ["that confirms by two", [{ ...classifier, confirmations: "2" }]],
        ["whose confirmations are in the environment", [{ ...classifier, confirmations: "${CONFIRM_BY}" }]],
        ["that is disabled", [{ ...classifier, d: true }]],
        ["that is wired elsewhere", [{ ...classifier, wires: [["chart"], ["alert"]] }]],
        ["before a trigger, which has evidence of its own", [{ ...classifier, wires: [["trigger"]] }, { id: "trigger", type: "shutdown-trigger", wires: [["sequencer"]] }]],
        ["before another that confirms by two", [{ ...classifier, wires: [["second"]] }, { ...classifier, id: "second", confirmations: "2" }]],
        ["behind it", [{ id: "sequencer", type: "shutdown-sequencer", wires: [["classifier"]] }, { ...classifier, wires: [] }]],
    ] as const satisfies readonly (readonly [string, readonly StoredNode[]])[]) {
        it(`is not one with a classifier ${where}`, () => assert.deepEqual(found(...nodes), []));
    }
    it("is in the complete monitor as it is shipped, since it only rehearses", () => {
        const flow = example("03 Complete monitor");
        assert.deepEqual(hastyClassifiers(nodeOf(flow, "shutdown-sequencer").id, flow).map(({ name }) => name), ["Power state"]);
    });

    for (const [confirmations, text, caution] of [
        ["1", "armed by one reading 0/1, nas: not drilled", 'one wrong reading would be enough for a shutdown: let the power classifier "Plug" confirm by 2 or more'],
        ["2", "armed 0/1, nas: not drilled", undefined],
    ] as const) {
        it(`${caution === undefined ? "says nothing of it" : "says so in its status, its log and its evidence"} when the classifier confirms by ${confirmations}`, async () => {
            const key = generateKeyPair();
            const folder = temporaryFolder();
            const flow = await loadFlow([powerClassifier, powerHost, shutdownPlan, shutdownSequencer], [
                { ...classifierStored, name: "Plug", confirmations, wires: [[], ["sequencer"]] },
                { ...stored, dryRun: false, enabled: true, rootKnown: true, openKnown: true, check: "0", wires: [[], ["result"]] },
                { id: "plan", type: "shutdown-plan", hosts: ["host"], steps: [{ services: ["web"], stopTimeout: "5" }], final: "shutdown", delay: "2" },
                { id: "host", type: "power-host", name: "nas", kind: "ssh", host: "127.0.0.1", port: "22", user: "power", auth: "key", hostKey: key.public },
                { id: "result", type: "helper" },
            ], { userDir: folder.path, credentials: { host: { privateKey: key.private } } });
            try {
                const warnings = (): string[] => (flow.node("sequencer") as unknown as { warn: { args: [string][] } }).warn.args.map(([warning]) => warning);
                await eventually(() => warnings().some((warning) => warning.includes("drill the hosts")));
                assert.deepEqual([flow.status("sequencer")?.text?.slice(0, 30), warnings().filter((warning) => warning.includes("reading"))[0]], [text.slice(0, 30), caution && `armed, and ${caution}`]);
                flow.node<Node>("sequencer").receive({ payload: "evidence" });
                const [msg] = await flow.until("result", 1);
                assert.deepEqual([msg?.payload, (msg?.arming as Arming).caution], [text, caution]);
            } finally {
                await flow.unload();
                await folder.remove();
            }
        });
    }
});
