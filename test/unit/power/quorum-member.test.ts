import assert from "node:assert/strict";
import { hear, held, staleMs, type MemberState, type Word } from "../../../lib/power/quorum-member";
import { t0, twoUpses, words, type WordName } from "./quorum-support";

const word = (name: WordName, seconds: number, more: Partial<Word> = {}): Word => ({ at: t0 + seconds * 1000, rank: 2, ...words[name], ...more });
const nobody: MemberState = { name: "ups_a", gaps: [] };

/** A member after these words, each heard when it was measured. */
const after = (...heard: Word[]): MemberState => heard.reduce((member, each) => hear(twoUpses, member, each, each.at) ?? assert.fail("set back"), nobody);
const at = (member: MemberState, seconds: number, config = twoUpses): [string, number | undefined] => {
    const { health, silentSince } = held(config, member, t0, t0 + seconds * 1000);
    return [health, silentSince === undefined ? undefined : (silentSince - t0) / 1000];
};

describe("a member of a group", () => {
    const polled = (last: WordName, everySeconds: number): MemberState => after(...[0, 1, 2, 3].map((turn) => word(last, turn * everySeconds)));

    const silences: [what: string, member: MemberState, seconds: number, health: string, silentSince?: number][] = [
        ["on mains, polled each 1 s: nothing is noticed for 15 s", polled("mains", 1), 17.9, "healthy"],
        ["then it is silent, and keeps its health", polled("mains", 1), 18, "healthy", 18],
        ["until the grace of 60 s is over", polled("mains", 1), 77.9, "healthy", 18],
        ["then it is unknown", polled("mains", 1), 78, "unknown", 18],
        ["polled each 60 s: five polls have to be missed", polled("mains", 60), 479, "healthy"],
        ["and the sixth has its chance", polled("mains", 60), 569, "healthy", 480],
        ["before it is unknown", polled("mains", 60), 570, "unknown", 480],
        ["on battery there is less time: 15 s more", polled("battery", 1), 32.9, "degraded", 18],
        ["as Eneru's failsafe", polled("battery", 1), 33, "unknown", 18],
        ["critical it stays", polled("low", 1), 100_000, "critical", 18],
        ["a failed poll is noticed at once", after(word("mains", 0), word("mains", 1), word("unread", 2)), 2, "healthy", 2],
        ["and the grace begins with it", after(word("mains", 0), word("mains", 1), word("unread", 2), word("unread", 61)), 62, "unknown", 2],
        ["a report that comes late begins no new grace", after(word("mains", 0), word("mains", 1), word("unread", 80)), 80, "unknown", 16],
        ["a word that is good ends it", after(word("mains", 0), word("unread", 1), word("mains", 59)), 60, "healthy"],
    ];
    for (const [what, member, seconds, health, silentSince] of silences) it(what, () => assert.deepEqual(at(member, seconds), [health, silentSince]));

    it("may have a silence of its own", () => {
        assert.deepEqual(at(polled("mains", 1), 8, { ...twoUpses, staleSeconds: 5, graceSeconds: 0 }), ["healthy", 8]);
        assert.equal(staleMs({ ...twoUpses, staleSeconds: 5 }, polled("mains", 60)), 5000);
    });

    it("is not thought slow after one long gap", () => assert.equal(staleMs(twoUpses, after(...[0, 1, 2, 500, 501, 502].map((second) => word("mains", second)))), 15_000));

    const moments: [what: string, a: Word, b: Word, wins: Partial<Word>][] = [
        ["of two of a moment the worse health counts", word("mains", 1), word("battery", 1), { health: "degraded" }],
        ["a health counts more than none", word("mains", 1), word("unread", 1), { health: "healthy" }],
        ["a trigger counts more than a reading", word("mains", 1), word("battery", 1, { rank: 0 }), { health: "healthy", rank: 2 }],
    ];
    for (const [what, a, b, wins] of moments) {
        it(`${what}, in either order`, () => {
            const [one, other] = [after(word("mains", 0), a, b), after(word("mains", 0), b, a)];
            assert.deepEqual(one, other);
            assert.deepEqual({ ...one.word, ...wins }, one.word);
        });
    }

    it("does not hear a plain reading while its trigger speaks, and hears it when that is gone", () => {
        const member = after(word("low", 0), word("low", 1), word("mains", 2, { rank: 0 }));
        assert.equal(member.word?.health, "critical");
        assert.equal(hear(twoUpses, member, word("mains", 30, { rank: 0 }), t0 + 30_000)?.word?.health, "healthy");
    });

    it("ignores what comes late, and says when the source's clock was set back", () => {
        const member = after(word("low", 100));
        const [a, b] = [word("mains", 10), word("mains", 11)];
        const late = hear(twoUpses, hear(twoUpses, member, a, t0 + 100_000) ?? nobody, b, t0 + 100_000);
        assert.equal(late?.word?.health, "critical");
        assert.equal(hear(twoUpses, late ?? nobody, word("mains", 12), t0 + 100_000), undefined);
    });

    it("that tells of an hour ago has not been heard", () => assert.equal(hear(twoUpses, nobody, word("mains", 0), t0 + 3_600_000)?.heard, undefined));
});
