import assert from "node:assert/strict";
import type { Classified } from "../../../lib/power/power-state";
import { evidenceFrom } from "../../../lib/power/quorum-evidence";
import type { Reading } from "../../../lib/power/reading";
import type { Verdict } from "../../../lib/power/verdict";
import { t0, twoUpses } from "./quorum-support";

const now = t0 + 100_000;
const at = t0 + 90_000;
const reading = (more: Partial<Reading>): Reading => ({ device: "ups_a", source: "nut", at, quality: "good", ...more });
const verdict = (more: Partial<Verdict>): Verdict => ({ device: "ups_a", stream: "ups_a", at, supply: "mains", health: "healthy", decision: "none", findings: [], text: "ups_a: on mains", ...more });
const power = (state: Classified["state"], conclusive: boolean, more: Partial<Reading> = {}): Classified => ({ state, since: at, conclusive, reading: reading({ watts: 24, ...more }) });
const heard = (msg: object, newest?: number): ReturnType<typeof evidenceFrom> => evidenceFrom(msg, twoUpses.members, now, newest);
const word = (msg: object): unknown[] => {
    const found = heard(msg);
    if (!("evidence" in found)) return [found];
    const { health, supply, conclusive, why, rank, returning } = found.evidence;
    return [rank, health, supply, conclusive, why, ...(returning === undefined ? [] : [returning])];
};
const holds = { rule: "low-charge", outcome: "holds", why: "charge 18 % is below 20 %" } as const;

describe("what a message says of a member", () => {
    const cases: [what: string, msg: object, word: unknown[]][] = [
        ["a trigger on mains", { verdict: verdict({}) }, [2, "healthy", "mains", false, "on mains"]],
        ["on battery", { verdict: verdict({ supply: "battery", health: "degraded" }) }, [2, "degraded", "battery", true, "on battery"]],
        ["that has decided", { verdict: verdict({ supply: "battery", health: "critical", decision: "shutdown", rule: "low-charge", findings: [holds] }) }, [2, "critical", "battery", true, "charge 18 % is below 20 %"]],
        ["decided, and mains not back for good: still critical", { verdict: verdict({ supply: "mains", health: "critical", decision: "shutdown", rule: "low-charge", text: "ups_a: shutdown: decided by low-charge 5 s ago" }) }, [2, "critical", "mains", true, "shutdown: decided by low-charge 5 s ago"]],
        ["the same, where the trigger says that power is seen again", { verdict: verdict({ supply: "mains", health: "critical", decision: "shutdown", rule: "low-charge", returning: true, text: "ups_a: back" }) }, [2, "critical", "mains", true, "back", true]],
        ["with a poll that failed, whatever it knew before", { verdict: verdict({ health: "degraded", text: "ups_a: no data; 1 of 3" }), reading: reading({ quality: "missing" }) }, [2, "unknown", "unknown", false, "no data; 1 of 3"]],
        ["decided because polls fail on battery", { verdict: verdict({ supply: "unknown", health: "critical", decision: "shutdown", rule: "failsafe" }), reading: reading({ quality: "missing" }) }, [2, "critical", "unknown", true, "on mains"]],
        ["in a self-test", { verdict: verdict({ supply: "battery", health: "degraded" }), reading: reading({ mains: "absent", testing: true }) }, [2, "healthy", "mains", false, "tests its battery"]],
        ["that can't read", { verdict: verdict({ supply: "unknown", health: "unknown", text: "ups_a: no data for 3 s" }) }, [2, "unknown", "unknown", false, "no data for 3 s"]],
        ["a trigger's word goes before the reading in its message", { verdict: verdict({}), reading: reading({ mains: "absent" }) }, [2, "healthy", "mains", false, "on mains"]],
        ["a classifier: HEALTHY", { power: power("HEALTHY", false, { watts: 420 }) }, [1, "healthy", "unknown", false, "HEALTHY at 420.0 W"]],
        ["WARNING", { power: power("WARNING", false) }, [1, "degraded", "unknown", false, "WARNING at 24.0 W"]],
        ["CRITICAL by watts alone is degraded", { power: power("CRITICAL", false) }, [1, "degraded", "unknown", false, "CRITICAL at 24.0 W"]],
        ["CRITICAL that is conclusive", { power: power("CRITICAL", true, { mains: "absent" }) }, [1, "critical", "battery", true, "CRITICAL at 24.0 W"]],
        ["DEAD that is conclusive", { power: power("DEAD", true) }, [1, "critical", "unknown", true, "DEAD at 24.0 W"]],
        ["HEALTHY on battery is no health", { power: power("HEALTHY", true, { watts: 420, mains: "absent" }) }, [1, "degraded", "battery", true, "on battery, HEALTHY at 420.0 W"]],
        ["HEALTHY in a self-test is one", { power: power("HEALTHY", false, { watts: 420, mains: "absent", testing: true }) }, [1, "healthy", "mains", false, "HEALTHY at 420.0 W"]],
        ["UNKNOWN, since the UPS tells no watts, leaves what it says of mains", { power: power("UNKNOWN", false, { mains: "absent" }) }, [1, "degraded", "battery", true, "on battery"]],
        ["UNKNOWN, and nothing of mains", { power: power("UNKNOWN", true) }, [1, "unknown", "unknown", false, "the reading says nothing of mains"]],
        ["an FSD behind a classifier is an FSD", { power: power("HEALTHY", false, { watts: 420, mains: "present", flags: ["FSD", "OL"] }) }, [1, "critical", "mains", true, "forced shutdown (FSD)"]],
        ["a state that is kept over a lost poll is no word", { power: power("HEALTHY", false, { quality: "missing", error: "plug: not reachable" }) }, [1, "unknown", "unknown", false, "plug: not reachable"]],
        ["a reading: mains", { reading: reading({ mains: "present" }) }, [0, "healthy", "mains", false, "on mains"]],
        ["battery", { reading: reading({ mains: "absent" }) }, [0, "degraded", "battery", true, "on battery"]],
        ["FSD", { reading: reading({ mains: "absent", flags: ["OB", "FSD"] }) }, [0, "critical", "battery", true, "forced shutdown (FSD)"]],
        ["missing", { reading: reading({ quality: "missing", error: "upsd: DATA-STALE" }) }, [0, "unknown", "unknown", false, "upsd: DATA-STALE"]],
        ["stale, whatever it says", { reading: reading({ quality: "stale", mains: "present" }) }, [0, "unknown", "unknown", false, "the reading is stale"]],
        ["a self-test is no outage", { reading: reading({ mains: "absent", testing: true }) }, [0, "healthy", "mains", false, "tests its battery"]],
        ["nor is a calibration", { reading: reading({ mains: "absent", flags: ["OB", "CAL"] }) }, [0, "healthy", "mains", false, "tests its battery"]],
        ["watts alone say nothing of mains", { reading: reading({ watts: 24 }) }, [0, "unknown", "unknown", false, "the reading says nothing of mains"]],
    ];
    for (const [what, msg, expected] of cases) it(what, () => assert.deepEqual(word(msg), expected));

    it("marks an FSD as one, and nothing else", () => {
        const forced = (msg: object): unknown => (heard(msg) as { evidence?: { forced?: true } }).evidence?.forced;
        assert.deepEqual([["FSD", "OL"], ["OB", "FSD"], ["OB", "LB"]].map((flags) => forced({ reading: reading({ mains: "absent", flags }) })), [true, true, undefined]);
        assert.equal(forced({ power: power("HEALTHY", false, { flags: ["FSD"] }) }), true);
        assert.equal(forced({ verdict: verdict({ health: "critical", decision: "shutdown", rule: "forced-shutdown" }), reading: reading({ flags: ["FSD"] }) }), undefined, "a trigger remembers by itself what it has acted upon");
    });

    it("finds the member by its device, else by the topic", () => {
        const member = (msg: object): unknown => {
            const found = heard(msg);
            return "evidence" in found ? found.evidence.member : found;
        };
        assert.equal(member({ topic: "UPS B", reading: reading({ mains: "present" }) }), "ups_a");
        assert.equal(member({ topic: "UPS B", reading: reading({ device: "ups", mains: "present" }) }), "ups_b");
        assert.deepEqual(member({ topic: "nobody", reading: reading({ device: "UPS 7", mains: "present" }) }), { stranger: "ups_7" });
    });

    const wrong: [what: string, msg: object, error: RegExp][] = [
        ["a bare number", { payload: 24, topic: "ups_a" }, /put a power-classifier before/],
        ["a reading that is none", { reading: 5 }, /msg\.reading is not an object/],
        ["a verdict of nobody", { verdict: { at, health: "healthy" } }, /msg\.verdict\.device/],
        ["a verdict of no time", { verdict: { ...verdict({}), at: "now" } }, /msg\.verdict\.at/],
        ["a verdict of no health", { verdict: { ...verdict({}), health: "fine" } }, /msg\.verdict\.health/],
        ["a power state that is none", { power: { state: "GOOD", reading: reading({}) } }, /msg\.power\.state/],
        ["a power state of no reading", { power: { state: "HEALTHY" } }, /msg\.reading is not an object/],
    ];
    for (const [what, msg, error] of wrong) {
        it(`refuses ${what}`, () => {
            const found = heard(msg);
            assert.match("error" in found ? found.error : "none", error);
        });
    }

    it("is a fake as soon as anything about it is", () => {
        const plain = reading({ mains: "present" });
        for (const msg of [{ reading: { ...plain, simulated: true } }, { reading: plain, simulated: 1 }, { verdict: verdict({ simulated: true }) }, { verdict: verdict({}), reading: { ...plain, simulated: "yes" } }, { power: power("HEALTHY", false, { simulated: true }) }, { verdict: verdict({}), command: { simulated: true } }]) {
            const found = heard(msg);
            assert.equal("evidence" in found && found.evidence.simulated, true, JSON.stringify(msg));
        }
        const real = heard({ reading: plain });
        assert.ok("evidence" in real && !("simulated" in real.evidence));
    });

    it("was not measured in the future, unless it is a fake", () => {
        const when = (msg: object, newest?: number): unknown => {
            const found = heard(msg, newest);
            return "evidence" in found ? found.evidence.at : found;
        };
        const ahead = reading({ mains: "present", at: now + 3_600_000 });
        assert.equal(when({ reading: ahead }), now);
        assert.equal(when({ reading: { ...ahead, simulated: true } }), now + 3_600_000);
        assert.equal(when({ reading: { device: "ups_a", mains: "present", simulated: true } }, now + 5000), now + 5000, "a fake that brings no time goes on from the newest");
    });

    it("begins anew with the first of a tape", () => {
        const found = heard({ reading: { ...reading({ mains: "present" }), simulated: true, begins: true } });
        assert.equal("begins" in found && found.begins, true);
        assert.ok(!("begins" in heard({ reading: { ...reading({ mains: "present" }), begins: true } })));
    });
});
