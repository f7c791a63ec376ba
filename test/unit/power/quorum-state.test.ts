import assert from "node:assert/strict";
import type { MemberEvidence } from "../../../lib/power/quorum-member";
import type { QuorumConfig } from "../../../lib/power/quorum";
import { heardIn, parseQuorumState, resumeInBoot, resumeQuorum } from "../../../lib/power/quorum-state";
import { evidence, Rig, t0, twoUpses } from "./quorum-support";

/** This machine is off for so many seconds, and the group read from its file. */
function startAgain(rig: Rig, boot: string, seconds = 60): Rig {
    rig.seconds += seconds;
    rig.state = resumeInBoot(rig.config, parseQuorumState(JSON.parse(JSON.stringify(heardIn("boot-1", rig.state!))))!, t0 + rig.seconds * 1000, boot);
    rig.news = [];
    return rig;
}

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
        const booted = (boot: string, more: Partial<MemberEvidence> = {}): Rig => {
            const rig = new Rig().poll(10, { ups_a: "battery", ups_b: "battery" });
            for (const member of ["ups_a", "ups_b"]) rig.hear(evidence(member, "low", 10, more));
            rig.poll(10, {});
            assert.deepEqual(rig.commands().map(([action]) => action), ["shutdown"]);
            return startAgain(rig, boot);
        };
        const flicker = (rig: Rig): unknown => rig.poll(10, { ups_a: "mains", ups_b: "mains" }).poll(10, { ups_a: "low", ups_b: "low" }).commands().map(([action]) => action);
        assert.deepEqual(flicker(booted("boot-2")), ["shutdown"]);
        assert.deepEqual(flicker(booted("boot-1")), []);
        assert.deepEqual(booted("boot-2").poll(300, { ups_a: "unread", ups_b: "unread" }).commands(), [], "whoever is not read yet has not failed");
    });

    it("after this machine was started again, nobody is taken for failing who was before it: a server that needs minutes to come up is none that fell silent", () => {
        for (const [a, b] of [["battery", "battery"], ["low", "mains"]] as const) {
            const running = (): Rig => new Rig().poll(20, { ups_a: a, ups_b: b });
            assert.deepEqual(startAgain(running(), "boot-2").poll(300, { ups_a: "unread", ups_b: "unread" }).commands(), [], a);
            assert.deepEqual(startAgain(running(), "boot-1").poll(300, { ups_a: "unread", ups_b: "unread" }).commands().length, 1, `${a}, of a restart of Node-RED alone`);
            assert.deepEqual(startAgain(running(), "boot-2").poll(10, { ups_a: "low", ups_b: "low" }).commands().length, 1, "whoever is heard counts");
        }
    });

    describe("an FSD, which stays until upsd is restarted", () => {
        /** A loss because of it. Both UPSes are read no more after it. */
        const forced = (config = twoUpses): Rig => {
            const rig = new Rig(config).poll(10, { ups_a: "battery", ups_b: "battery" });
            for (const member of ["ups_a", "ups_b"]) rig.hear(evidence(member, "low", 10, { forced: true, why: "however it is worded" }));
            rig.poll(10, {});
            assert.deepEqual(rig.commands().map(([action]) => action), ["shutdown"]);
            return rig;
        };
        const again = (rig: Rig): unknown => {
            for (const member of ["ups_a", "ups_b"]) rig.hear(evidence(member, "low", rig.seconds, { forced: true }));
            return rig.poll(200, {}).commands();
        };

        it("stays acted upon after a boot of this machine", () => {
            const rig = startAgain(forced(), "boot-2");
            assert.deepEqual([again(rig), rig.state?.boot], [[], "boot-2"]);
        });
        it("for however long it was off, and however often it was started before upsd could be asked", () => {
            const rig = startAgain(startAgain(forced(), "boot-2", 3600), "boot-3", 3600);
            assert.deepEqual([rig.state?.members.map(({ word, forced: still }) => [word, still]), again(rig)], [Array(2).fill([undefined, true]), []]);
        });
        it("is over with the first word without it", () => {
            const rig = startAgain(forced(), "boot-2").poll(1, { ups_a: "low", ups_b: "low" });
            assert.deepEqual(rig.state?.members.map((member) => member.forced), [undefined, undefined]);
            assert.deepEqual(startAgain(rig, "boot-3").poll(10, { ups_a: "low", ups_b: "low" }).commands().map(([action]) => action), ["shutdown"]);
        });
        it("of an advisory member holds nothing up", () => {
            const config: QuorumConfig = { ...twoUpses, members: [...twoUpses.members, { name: "ups_c", role: "advisory" }] };
            const rig = new Rig(config).poll(3, { ups_a: "low", ups_b: "low" });
            rig.hear(evidence("ups_c", "low", 3, { forced: true }));
            rig.poll(10, { ups_a: "low", ups_b: "low" });
            assert.deepEqual(startAgain(rig, "boot-2").poll(10, { ups_a: "low", ups_b: "low" }).commands().map(([action]) => action), ["shutdown"]);
        });
        it("is known from a file that was written when its text alone told of it", () => {
            const { state } = forced();
            const old = { ...state!, members: state!.members.map((member) => ({ ...member, forced: undefined, word: { ...member.word, why: "forced shutdown (FSD)" } })) };
            assert.deepEqual(parseQuorumState(JSON.parse(JSON.stringify(old)))?.members.map((member) => member.forced), [true, true]);
        });
    });

    it("follows the members of the configuration", () => {
        const { state } = new Rig().poll(3, { ups_a: "mains", ups_b: "mains" });
        const resumed = resumeQuorum({ ...twoUpses, members: [{ name: "ups_b", role: "counts" }, { name: "ups_c", role: "counts" }] }, state!, t0 + 9000);
        assert.deepEqual(resumed.members.map(({ name, word, heard }) => [name, word?.health, heard]), [["ups_b", "healthy", undefined], ["ups_c", undefined, undefined]]);
    });
});
