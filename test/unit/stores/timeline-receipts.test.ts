import assert from "node:assert/strict";
import { Trouble } from "../../../lib/kit/trouble";
import { toRow } from "../../../lib/stores/timeline-event";
import { Receipts, type Receipt } from "../../../lib/stores/timeline-receipts";
import { houseEvents } from "../../support/timeline-rows";

describe("receipts of rows", () => {
    let told: string[];
    let receipts: Receipts;
    beforeEach(() => {
        told = [];
        receipts = new Receipts();
        // Three of two rows each in segment a, then one in b.
        receipts.placed(["a0", "a2", "a4"].map(receipt), { segment: "a", from: 0, to: 6 });
        receipts.placed(["b0"].map(receipt), { segment: "b", from: 0, to: 2 });
    });
    const receipt = (name: string): Receipt => ({ rows: houseEvents(2).map(toRow), bytes: 0, tell: (trouble) => told.push(trouble === undefined ? name : `${name}: ${trouble.message}`) });
    const trouble = new Trouble("failed", "no");

    const cases: [string, () => void, string[]][] = [
        ["wait until all their rows are stored", () => receipts.stored("a", 3), ["a0"]],
        ["are told in order", () => receipts.stored("a", 6), ["a0", "a2", "a4"]],
        ["of another segment wait on", () => receipts.stored("b", 2), ["b0"]],
        ["are told when their segment is on a disk", () => receipts.saved((segment) => segment === "a"), ["a0", "a2", "a4"]],
        ["are told once", () => { receipts.saved(() => true); receipts.stored("a", 6); }, ["a0", "a2", "a4", "b0"]],
        ["say that a row of theirs was refused, once the others are stored", () => { receipts.refused("a", 3, trouble); receipts.stored("a", 6); }, ["a0", "a2: no", "a4"]],
        ["say that their segment is gone", () => receipts.lost(["b", "c"], trouble), ["b0: no"]],
        ["are bounded, the oldest wait no longer", () => receipts.bound(3, () => trouble), ["a0: no"]],
    ];
    for (const [what, happens, wanted] of cases) {
        it(what, () => {
            happens();
            assert.deepEqual(told, wanted);
        });
    }
});
