import assert from "node:assert/strict";
import { parseQuorumState, resumeQuorum } from "../../../lib/power/quorum-state";
import { Rig, t0, twoUpses } from "./quorum-support";

describe("the saved state of a group", () => {
    it("comes back as it was", () => {
        const rig = new Rig().poll(5, { ups_a: "low", ups_b: "unread" }).poll(5, { ups_a: "low", ups_b: "low" }).poll(3, { ups_a: "mains", ups_b: "unread" });
        assert.ok(rig.state?.lost !== undefined && rig.state.backSince !== undefined);
        assert.deepEqual(parseQuorumState(JSON.parse(JSON.stringify(rig.state))), rig.state);
    });

    it("is believed only when it is one", () => {
        for (const value of [null, 5, "x", [], {}, { startedAt: 1, now: 1 }, { startedAt: "1", now: 1, members: [] }, { startedAt: 1, now: 1, members: [null] }, { startedAt: 1, now: 1, members: [{ name: 1, gaps: [] }] }]) {
            assert.equal(parseQuorumState(value), undefined, JSON.stringify(value));
        }
    });

    it("loses a word that is none, and keeps the member", () => {
        const state = parseQuorumState({ startedAt: 1, now: 1, members: [{ name: "ups_a", gaps: [1, "x"], word: { at: 1, health: "fine" } }] });
        assert.deepEqual(state?.members, [{ name: "ups_a", gaps: [1] }]);
    });

    it("follows the members of the configuration", () => {
        const { state } = new Rig().poll(3, { ups_a: "mains", ups_b: "mains" });
        const resumed = resumeQuorum({ ...twoUpses, members: [{ name: "ups_b", role: "counts" }, { name: "ups_c", role: "counts" }] }, state!, t0 + 9000);
        assert.deepEqual(resumed.members.map(({ name, word, heard }) => [name, word?.health, heard]), [["ups_b", "healthy", undefined], ["ups_c", undefined, undefined]]);
    });
});
