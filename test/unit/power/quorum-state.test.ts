import assert from "node:assert/strict";
import { fsdWhy } from "../../../lib/power/quorum-member";
import { lostIn, parseQuorumState, resumeInBoot, resumeQuorum } from "../../../lib/power/quorum-state";
import { evidence, Rig, t0, twoUpses, words } from "./quorum-support";

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

    it("after this machine was started again, a loss that was told is spent: the next one is told anew", () => {
        const booted = (boot: string, why: string = words.low.why): Rig => {
            const rig = new Rig().poll(10, { ups_a: "battery", ups_b: "battery" });
            for (const member of ["ups_a", "ups_b"]) rig.hear(evidence(member, "low", 10, { why }));
            rig.poll(10, {});
            assert.deepEqual(rig.commands().map(([action]) => action), ["shutdown"]);
            rig.seconds += 60;
            rig.state = resumeInBoot(rig.config, parseQuorumState(JSON.parse(JSON.stringify(lostIn("boot-1", rig.state!))))!, t0 + rig.seconds * 1000, boot);
            rig.news = [];
            return rig;
        };
        const flicker = (rig: Rig): unknown => rig.poll(10, { ups_a: "mains", ups_b: "mains" }).poll(10, { ups_a: "low", ups_b: "low" }).commands().map(([action]) => action);
        assert.deepEqual(flicker(booted("boot-2")), ["shutdown"]);
        assert.deepEqual(flicker(booted("boot-1")), []);
        assert.deepEqual(booted("boot-2").poll(300, { ups_a: "unread", ups_b: "unread" }).commands(), [], "whoever is not read yet has not failed");
        const forced = booted("boot-2", fsdWhy);
        assert.deepEqual([flicker(forced), forced.state?.lost?.boot], [[], "boot-2"], "an FSD that may still be there stays acted upon");
    });

    it("follows the members of the configuration", () => {
        const { state } = new Rig().poll(3, { ups_a: "mains", ups_b: "mains" });
        const resumed = resumeQuorum({ ...twoUpses, members: [{ name: "ups_b", role: "counts" }, { name: "ups_c", role: "counts" }] }, state!, t0 + 9000);
        assert.deepEqual(resumed.members.map(({ name, word, heard }) => [name, word?.health, heard]), [["ups_b", "healthy", undefined], ["ups_c", undefined, undefined]]);
    });
});
