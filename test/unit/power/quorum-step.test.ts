import assert from "node:assert/strict";
import * as fc from "fast-check";
import { defaultQuorum, type QuorumConfig } from "../../../lib/power/quorum";
import type { MemberEvidence } from "../../../lib/power/quorum-member";
import { parseQuorumState, resumeQuorum, type QuorumState } from "../../../lib/power/quorum-state";
import { hearMember, passTime, type QuorumNews } from "../../../lib/power/quorum-step";
import { evidence, Rig, t0, twoUpses, words, type WordName } from "./quorum-support";

const withThree: QuorumConfig = { ...twoUpses, members: [...twoUpses.members, { name: "ups_c", role: "counts" }] };

// Numbers are those of Eneru's scenarios (test/peers/SCENARIOS.md).
describe("quorum: two UPSes, one needed", () => {
    it("holds while both are on mains, and says so", () => {
        const rig = new Rig().poll(18, { ups_a: "mains", ups_b: "mains" });
        assert.deepEqual([rig.last?.standing, rig.last?.healthy, rig.last?.text], ["held", 2, "rack: 2/2 healthy (1 needed)"]);
        assert.deepEqual(rig.news, []);
    });

    it("21 one of two healthy for 18 s shuts nothing down", () => {
        const rig = new Rig().poll(18, { ups_a: "low", ups_b: "mains" });
        assert.deepEqual([rig.commands(), rig.changes(), rig.last?.standing], [[], ["degraded"], "held"]);
        assert.equal(rig.last?.text, "rack: 1/2 healthy (1 needed): ups_a critical (charge 18 % is below 20 %)");
    });

    it("22 both critical: one shutdown, after the dwell, with what led to it", () => {
        const rig = new Rig().poll(10, { ups_a: "mains", ups_b: "mains" }).poll(20, { ups_a: "low", ups_b: "low" });
        assert.deepEqual(rig.commands(), [["shutdown", 13]]);
        const { command, quorum } = rig.news.find((news) => news.command)!;
        assert.deepEqual(command, { action: "shutdown", reason: quorum.text, at: t0 + 13_000, stream: "rack", conclusive: true });
        assert.equal(quorum.text, "rack: quorum LOST: 0/2 healthy (1 needed): ups_a critical (charge 18 % is below 20 %); ups_b critical (charge 18 % is below 20 %)");
        assert.equal(rig.last?.standing, "lost");
    });

    it("a loss that is over before the dwell leads to nothing", () => {
        const rig = new Rig().poll(5, { ups_a: "mains", ups_b: "mains" }).poll(2, { ups_a: "low", ups_b: "low" }).poll(10, { ups_a: "mains", ups_b: "low" });
        assert.deepEqual(rig.commands(), []);
    });

    it("both on battery and not critical: holds, as degraded counts as healthy; told to count it as critical, it is lost", () => {
        assert.deepEqual(new Rig().poll(60, { ups_a: "battery", ups_b: "battery" }).commands(), []);
        const strict = new Rig({ ...twoUpses, degradedCountsAs: "critical" }).poll(60, { ups_a: "battery", ups_b: "battery" });
        assert.deepEqual(strict.commands(), [["shutdown", 3]]);
    });

    it("of fakes, a pause of more than a minute is a person's: whoever has not spoken since is waited for", () => {
        const counted = (pause: number): (string | undefined)[] => {
            const rig = new Rig();
            for (const second of [0, 1, 2, 2 + pause]) for (const member of second > 2 ? ["ups_a"] : ["ups_a", "ups_b"]) rig.hear(evidence(member, "mains", second, { simulated: true }));
            return (rig.last?.members ?? []).map((member) => member.counted);
        };
        assert.deepEqual([30, 60, 61].map(counted), [["healthy", "healthy"], ["healthy", "healthy"], ["healthy", "awaited"]]);
    });

    it("both needed: the first that fails loses the quorum", () => {
        const rig = new Rig({ ...twoUpses, minHealthy: 2 }).poll(10, { ups_a: "low", ups_b: "mains" });
        assert.deepEqual(rig.commands(), [["shutdown", 3]]);
    });

    it("37 two losses: both fire, and the quorum is re-armed in between", () => {
        const rig = new Rig().poll(10, { ups_a: "low", ups_b: "low" }).poll(60, { ups_a: "mains", ups_b: "low" }).poll(20, { ups_a: "low", ups_b: "low" });
        assert.deepEqual(rig.commands(), [["shutdown", 3], ["restored", 40], ["shutdown", 73]]);
        const restored = rig.news.find(({ quorum }) => quorum.change === "restored");
        assert.match(restored?.quorum.text ?? "", /^rack: quorum restored, re-armed: 1\/2 healthy/);
    });

    it("a quorum that is back for less than it needs is not restored, and fires no second time", () => {
        const rig = new Rig().poll(10, { ups_a: "low", ups_b: "low" }).poll(29, { ups_a: "mains", ups_b: "mains" }).poll(20, { ups_a: "low", ups_b: "low" });
        assert.deepEqual(rig.commands(), [["shutdown", 3]]);
    });

    it("no loss begins by decisions that stand while power is seen again, as after a crash that came before the loss was saved", () => {
        const rig = new Rig().poll(30, { ups_a: "returning", ups_b: "returning" });
        assert.deepEqual([rig.commands(), rig.last?.standing], [[], "failing"]);
        rig.state = parseQuorumState(JSON.parse(JSON.stringify(rig.state))) ?? assert.fail();
        assert.deepEqual(rig.poll(30, { ups_a: "returning", ups_b: "low" }).commands(), [], "ups_a may come back for good");
        assert.deepEqual(rig.poll(5, { ups_a: "mains", ups_b: "low" }).commands(), []);
    });

    it("mains that comes and goes with decided members puts off no loss beyond the first moment without it, and restores none", () => {
        const rig = new Rig();
        for (let swing = 0; swing < 3; swing += 1) rig.poll(2, { ups_a: "returning", ups_b: "returning" }).poll(2, { ups_a: "low", ups_b: "low" });
        assert.deepEqual(rig.commands(), [["shutdown", 3]]);
        assert.deepEqual(rig.poll(120, { ups_a: "returning", ups_b: "returning" }).commands(), [["shutdown", 3]]);
    });

    it("members that can't be read never restore, whatever they count as", () => {
        const rig = new Rig({ ...twoUpses, unknownCountsAs: "healthy" }).poll(10, { ups_a: "battery", ups_b: "battery" });
        rig.config = { ...rig.config, degradedCountsAs: "critical" };
        rig.poll(10, { ups_a: "battery", ups_b: "battery" });
        assert.deepEqual(rig.commands().map(([action]) => action), ["shutdown"]);
        rig.poll(200, { ups_a: "unread", ups_b: "unread" });
        assert.deepEqual([rig.commands().length, rig.last?.healthy], [1, 2]);
    });

    it("one word of mains, and then none, restores nothing: it may have failed again, and with it what told of it", () => {
        for (const silent of ["unread", undefined] as const) {
            const rig = new Rig().poll(10, { ups_a: "low", ups_b: "low" }).poll(2, { ups_a: "mains", ups_b: "low" }).poll(200, { ups_a: silent, ups_b: silent });
            assert.deepEqual([rig.commands(), rig.last?.standing], [[["shutdown", 3]], "lost"], silent ?? "not a word");
            assert.deepEqual(rig.poll(40, { ups_a: "mains" }).commands().slice(1), [["restored", 242]], "counts anew");
        }
    });

    it("a lost poll or two do not begin the count anew; it ends with a word", () => {
        const restoredAt = (mains: number, unread: number): unknown => {
            const rig = new Rig().poll(10, { ups_a: "low", ups_b: "low" }).poll(mains, { ups_a: "mains", ups_b: "mains" });
            return rig.poll(unread, { ups_a: "unread", ups_b: "unread" }).poll(60, { ups_a: "mains", ups_b: "mains" }).commands()[1];
        };
        assert.deepEqual([[15, 5], [28, 5], [10, 20]].map(([mains = 0, unread = 0]) => restoredAt(mains, unread)), [["restored", 40], ["restored", 43], ["restored", 70]]);
    });

    it("what is not proven is told as such, and told again once it is", () => {
        const strict: QuorumConfig = { ...twoUpses, degradedCountsAs: "critical" };
        const rig = new Rig(strict).poll(10, { ups_a: "watts", ups_b: "watts" }).poll(10, { ups_a: "low", ups_b: "watts" }).poll(10, { ups_a: "low", ups_b: "low" });
        assert.deepEqual(rig.news.flatMap(({ command }) => (command ? [[command.conclusive, (command.at - t0) / 1000]] : [])), [[false, 3], [true, 23]]);
    });
});

describe("quorum: members that can't be read", () => {
    const running = (config: Partial<QuorumConfig> = {}): Rig => new Rig({ ...twoUpses, ...config }).poll(20, { ups_a: "mains", ups_b: "mains" });

    it("R1: drivers away for 20 s of a grace of 30 s: nothing is lost", () => {
        const rig = running({ graceSeconds: 30, dataLossAlone: true }).poll(20, { ups_a: "unread", ups_b: "unread" });
        assert.match(rig.last?.text ?? "", /2\/2 healthy \(1 needed\): ups_a healthy \(DATA-STALE, was healthy: on mains\)/);
        rig.poll(20, { ups_a: "mains", ups_b: "mains" });
        assert.deepEqual(rig.news, []);
    });

    it("R2: drivers gone for good, and a loss of data is told to suffice as in Eneru: quorum lost after the grace", () => {
        const rig = running({ graceSeconds: 30, dataLossAlone: true }).poll(60, { ups_a: "unread", ups_b: "unread" });
        assert.deepEqual(rig.commands(), [["shutdown", 53]]);
        assert.equal(rig.news.find(({ command }) => command)?.command?.conclusive, true);
    });

    it("R2 by default: both were on mains, so a loss of data alone is told and shuts nothing down", () => {
        const rig = running().poll(3600, { ups_a: "unread", ups_b: "unread" });
        assert.deepEqual([rig.commands(), rig.changes(), rig.last?.standing], [[], ["blind"], "blind"]);
        assert.equal(rig.last?.text, "rack: can't be judged, nothing is shut down on a loss of data alone: 0/2 healthy (1 needed): ups_a unknown (DATA-STALE, was healthy: on mains); ups_b unknown (DATA-STALE, was healthy: on mains)");
        rig.poll(10, { ups_a: "mains", ups_b: "unread" });
        assert.equal(rig.changes().at(-1), "recovered");
    });

    it("24 both gone while on battery: they were seen failing, so it fires, and by proof", () => {
        const rig = running().poll(20, { ups_a: "battery", ups_b: "battery" }).poll(60, { ups_a: "unread", ups_b: "unread" });
        assert.deepEqual(rig.commands(), [["shutdown", 58]]);
        assert.equal(rig.news.find(({ command }) => command)?.command?.conclusive, true);
    });

    it("one critical, one that can't be read for longer than the grace: it counts as critical, and follows the proof", () => {
        const rig = running().poll(30, { ups_a: "battery", ups_b: "unread" }).poll(60, { ups_a: "low", ups_b: "unread" });
        assert.deepEqual(rig.commands(), [["shutdown", 83]]);
        assert.equal(rig.news.find(({ command }) => command)?.command?.conclusive, true);
    });

    it("23 one on mains, one that can't be read: holds for good (unknown forced)", () => {
        const rig = running().poll(600, { ups_a: "mains", ups_b: "unread" });
        assert.deepEqual([rig.commands(), rig.changes(), rig.last?.healthy], [[], ["degraded"], 1]);
    });

    it("an unknown member may count as healthy, or as degraded", () => {
        for (const unknownCountsAs of ["healthy", "degraded"] as const) {
            assert.deepEqual(running({ unknownCountsAs }).poll(100, { ups_a: "low", ups_b: "unread" }).commands(), [], unknownCountsAs);
        }
        assert.equal(running({ unknownCountsAs: "degraded", degradedCountsAs: "critical" }).poll(100, { ups_a: "low", ups_b: "unread" }).commands().length, 1);
    });

    it("one that was critical when it fell silent stays critical", () => {
        const rig = running({ unknownCountsAs: "healthy" }).poll(10, { ups_a: "low", ups_b: "mains" }).poll(200, { ups_b: "mains" }).poll(20, { ups_b: "low" });
        assert.deepEqual(rig.commands(), [["shutdown", 233]]);
    });

    it("one that falls silent altogether can't be read after 15 s, and is lost after the grace", () => {
        const rig = running().poll(120, { ups_a: "mains" });
        const b = rig.last?.members[1];
        assert.deepEqual([b?.health, b?.counted, b?.ageSeconds, (b!.silentSince! - t0) / 1000, (b!.since - t0) / 1000], ["unknown", "lost", 120.999, 34, 94]);
    });

    it("one whose clock was set back is heard again after three words, and looks as old as it says", () => {
        const rig = running();
        for (let second = 20; second < 140; second += 1) {
            rig.hear(evidence("ups_a", "mains", second - 3600));
            rig.hear(evidence("ups_b", "mains", second));
        }
        assert.deepEqual(rig.last?.members.map(({ health }) => health), ["unknown", "healthy"]);
        assert.deepEqual(rig.commands(), []);
    });

    it("one lost poll of a slow source is no loss", () => {
        const rig = new Rig({ ...twoUpses, coldStartSeconds: 1600 });
        const poll = (turn: number, a: WordName): void => {
            rig.hear(evidence("ups_b", "low", turn * 300));
            rig.hear(evidence("ups_a", a, turn * 300 + 1));
        };
        for (const [turn, a] of (["mains", "mains", "mains", "unread", "mains"] as const).entries()) poll(turn, a);
        assert.deepEqual(rig.commands(), []);
    });
});

describe("quorum: the start", () => {
    it("members that were never heard of are waited for, then can't be read", () => {
        const rig = new Rig().poll(99, { ups_a: "low" });
        assert.deepEqual([rig.commands(), rig.last?.standing], [[], "starting"]);
        assert.match(rig.last?.text ?? "", /^rack: waiting for its members: 0\/2 healthy \(1 needed\): ups_a critical .*; ups_b awaited \(not heard of yet\)$/);
        assert.deepEqual(rig.poll(10, { ups_a: "low" }).commands(), [["shutdown", 103]]);
    });

    it("with enough members heard it does not wait for the others", () => {
        assert.deepEqual(new Rig(withThree).poll(20, { ups_a: "low", ups_b: "low" }).commands(), []);
        assert.deepEqual(new Rig({ ...withThree, minHealthy: 2 }).poll(20, { ups_a: "low", ups_b: "low" }).commands(), [["shutdown", 3]]);
    });

    it("polls that fail from the beginning are no word of a member", () => {
        const rig = new Rig().poll(300, { ups_a: "unread", ups_b: "unread" });
        assert.deepEqual([rig.commands(), rig.changes()], [[], ["blind"]]);
    });

    it("started in an outage it acts", () => {
        assert.deepEqual(new Rig().poll(20, { ups_a: "low", ups_b: "low" }).commands(), [["shutdown", 3]]);
    });
});

describe("quorum: a restart", () => {
    const restart = (rig: Rig, awaySeconds: number): void => {
        const saved = parseQuorumState(JSON.parse(JSON.stringify(rig.state)));
        assert.ok(saved !== undefined);
        rig.seconds += awaySeconds;
        rig.state = resumeQuorum(rig.config, saved, t0 + rig.seconds * 1000);
    };

    it("in a loss that was told tells it no second time, and is re-armed when the quorum is back", () => {
        const rig = new Rig().poll(10, { ups_a: "low", ups_b: "low" });
        restart(rig, 5);
        rig.poll(20, { ups_a: "low", ups_b: "low" });
        assert.deepEqual([rig.commands(), rig.changes().slice(-1)], [[["shutdown", 3]], ["lost"]]);
        rig.poll(60, { ups_a: "mains", ups_b: "mains" }).poll(10, { ups_a: "low", ups_b: "low" });
        assert.deepEqual(rig.commands().map(([action]) => action), ["shutdown", "restored", "shutdown"]);
    });

    it("38 what an earlier run left behind suppresses no loss: back on mains in between, the next one fires", () => {
        const rig = new Rig().poll(10, { ups_a: "low", ups_b: "low" });
        restart(rig, 86_400);
        rig.poll(60, { ups_a: "mains", ups_b: "mains" }).poll(10, { ups_a: "low", ups_b: "low" });
        assert.deepEqual(rig.commands().map(([action]) => action), ["shutdown", "restored", "shutdown"]);
    });

    it("on battery, and nobody can be read after it: what was known lasts, and it fires once they had their chance", () => {
        const rig = new Rig().poll(20, { ups_a: "battery", ups_b: "battery" });
        restart(rig, 30);
        rig.poll(95, { ups_a: "unread", ups_b: "unread" });
        assert.deepEqual(rig.commands(), []);
        rig.poll(20, { ups_a: "unread", ups_b: "unread" });
        assert.deepEqual(rig.commands(), [["shutdown", 153]]);
    });

    it("the same a day later, or with the clock set back: what was known says nothing any more", () => {
        for (const away of [86_400, -7200]) {
            const rig = new Rig().poll(20, { ups_a: "battery", ups_b: "battery" });
            restart(rig, away);
            rig.poll(300, { ups_a: "unread", ups_b: "unread" });
            assert.deepEqual([rig.commands(), rig.changes().at(-1)], [[], "blind"], `${away} s`);
        }
    });
});

describe("quorum: advisory members and other groups", () => {
    it("26 an advisory member is shown and never counted", () => {
        const rig = new Rig({ ...twoUpses, members: [{ name: "ups_a", role: "counts" }, { name: "ups_b", role: "advisory" }] });
        rig.poll(5, { ups_a: "mains", ups_b: "mains" }).poll(20, { ups_a: "mains", ups_b: "low" });
        assert.deepEqual([rig.commands(), rig.changes(), rig.last?.healthy, rig.last?.counting], [[], ["member"], 1, 1]);
        assert.equal(rig.last?.text, "rack: 1/1 healthy (1 needed): ups_b critical (charge 18 % is below 20 %; advisory)");
    });

    it("25, 27 of two groups with a UPS in common only the one that is short fires", () => {
        const remote = new Rig({ ...twoUpses, group: "remote_rack" });
        const host = new Rig({ ...twoUpses, group: "host", members: [{ name: "ups_host", role: "counts" }, { name: "ups_b", role: "counts" }] });
        remote.poll(30, { ups_a: "low", ups_b: "low" });
        host.poll(30, { ups_host: "mains", ups_b: "low" });
        assert.deepEqual([remote.commands().length, host.commands().length], [1, 0]);
    });
});

describe("quorum: fakes", () => {
    const fake = { simulated: true } as const;

    it("make a simulated decision of a stream of its own", () => {
        const rig = new Rig();
        for (let second = 0; second < 10; second += 1) for (const name of ["ups_a", "ups_b"]) rig.hear(evidence(name, "low", second, fake));
        const { command, quorum } = rig.news.find((news) => news.command)!;
        assert.deepEqual([command?.stream, command?.simulated, quorum.stream, quorum.simulated], ["rack (simulated)", true, "rack (simulated)", true]);
    });

    it("a person who pauses between two of them lets nobody fall silent", () => {
        const rig = new Rig();
        const say = (from: number, to: number, a: WordName, b: WordName): void => {
            for (let second = from; second < to; second += 1) for (const [name, word] of [["ups_a", a], ["ups_b", b]] as const) rig.hear(evidence(name, word, second, fake));
        };
        say(0, 20, "low", "mains");
        say(900, 920, "low", "mains");
        assert.deepEqual([rig.commands(), rig.last?.healthy], [[], 1]);
        say(1900, 1920, "low", "low");
        assert.deepEqual(rig.commands(), [["shutdown", 1903]]);
    });

    it("a tape that is played again gives what it gave, and begins re-armed", () => {
        const play = (rig: Rig): QuorumNews[] => {
            const from = rig.news.length;
            for (let second = 0; second < 30; second += 1) for (const name of ["ups_a", "ups_b"]) rig.hear(evidence(name, second < 10 ? "mains" : "low", second, fake), second === 0);
            return rig.news.slice(from);
        };
        const rig = new Rig();
        const first = play(rig);
        const [restored, ...second] = play(rig);
        assert.equal(restored?.command?.action, "restored");
        assert.deepEqual(second, first);
        assert.deepEqual(first.flatMap(({ command }) => (command ? [command.action] : [])), ["shutdown"]);
    });
});

describe("quorum: a tape that is played later", () => {
    it("begins anew for all members at once, whatever the last play has led to", () => {
        const rig = new Rig();
        const play = (from: number): [string | undefined, number][] => {
            const heard = rig.news.length;
            for (let second = from; second < from + 30; second += 1) for (const name of ["ups_a", "ups_b"]) rig.hear(evidence(name, second < from + 10 ? "mains" : "low", second, { simulated: true }), second === from);
            return rig.news.slice(heard).map(({ quorum: { change, at } }) => [change, (at - t0) / 1000 - from]);
        };
        const first = play(0);
        assert.deepEqual(first, [["degraded", 10], ["lost", 13]]);
        assert.deepEqual(play(40), [["restored", 0], ...first]);
        assert.deepEqual(rig.last?.members.map(({ since }) => (since - t0) / 1000), [50, 50]);
    });
});

describe("quorum: properties", () => {
    const configs = fc.record({
        members: fc.integer({ min: 1, max: 4 }), minHealthy: fc.integer({ min: 1, max: 4 }), dwellSeconds: fc.integer({ min: 0, max: 8 }), restoreSeconds: fc.integer({ min: 0, max: 20 }),
        graceSeconds: fc.integer({ min: 0, max: 30 }), coldStartSeconds: fc.integer({ min: 0, max: 60 }), dataLossAlone: fc.boolean(),
        degradedCountsAs: fc.constantFrom("healthy" as const, "critical" as const), unknownCountsAs: fc.constantFrom("healthy" as const, "degraded" as const, "critical" as const),
    }).map(({ members, minHealthy, ...rest }): QuorumConfig => ({
        ...defaultQuorum, ...rest, group: "rack", minHealthy: Math.min(minHealthy, members), members: Array.from({ length: members }, (_, index) => ({ name: `ups_${index}`, role: "counts" as const })),
    }));
    const wordNames = Object.keys(words) as WordName[];
    /** Seconds of a run; in each, what each member says, or nothing. */
    const runs = fc.array(fc.array(fc.option(fc.constantFrom(...wordNames), { freq: 6 }), { minLength: 4, maxLength: 4 }), { minLength: 5, maxLength: 60 });
    const inputsOf = (config: QuorumConfig, second: number, said: readonly (WordName | null)[]): MemberEvidence[] =>
        config.members.flatMap(({ name }, index) => (said[index] ? [evidence(name, said[index], second)] : []));
    const feed = (config: QuorumConfig, inputs: readonly MemberEvidence[], state?: QuorumState): { state: QuorumState | undefined; news: QuorumNews[] } => {
        const news: QuorumNews[] = [];
        for (const input of inputs) {
            const step = hearMember(config, state, input);
            state = step.state;
            news.push(...step.news);
        }
        return { state, news };
    };

    it("the order of inputs of the same moment does not matter", () => {
        fc.assert(fc.property(configs, runs, fc.infiniteStream(fc.nat()), (config, run, random) => {
            const inOrder = run.map((said, second) => inputsOf(config, second, said));
            const shuffled = inOrder.map((inputs) => inputs.map((input) => ({ input, key: random.next().value as number })).sort((a, b) => a.key - b.key).map(({ input }) => input));
            assert.deepEqual(feed(config, shuffled.flat()), feed(config, inOrder.flat()));
        }), { numRuns: 500 });
    });

    it("never fires while enough members say that they are on mains", () => {
        fc.assert(fc.property(configs, runs, (config, run) => {
            let state: QuorumState | undefined;
            for (const [second, said] of run.entries()) {
                const well = said.map((word, index) => (index < config.minHealthy ? "mains" as const : word));
                const step = feed(config, inputsOf(config, second, well), state);
                state = step.state;
                const ticked: { state?: QuorumState | undefined; news: QuorumNews[] } = state === undefined ? { news: [] } : passTime(config, state, t0 + second * 1000 + 500);
                assert.deepEqual([...step.news, ...ticked.news].filter(({ command }) => command?.action === "shutdown"), []);
                state = ticked.state;
            }
        }), { numRuns: 300 });
    });

    it("never fires on a loss of data alone, unless it is told to", () => {
        fc.assert(fc.property(configs, runs, (config, run) => {
            const inputs = run.flatMap((said, second) => inputsOf(config, second, said.map((word) => (word === "mains" ? word : word === null ? null : "unread"))));
            assert.deepEqual(feed({ ...config, dataLossAlone: false }, inputs).news.filter(({ command }) => command), []);
        }), { numRuns: 300 });
    });

    it("once every member is low and stays so, the shutdown follows within the dwell and one input, whatever was before", () => {
        fc.assert(fc.property(configs, runs, (config, run) => {
            const before = feed(config, run.flatMap((said, second) => inputsOf(config, second, said)));
            const low = config.members.map(() => "low" as const);
            const bound = config.dwellSeconds + 2;
            const after = feed(config, Array.from({ length: bound + 1 }, (_, index) => inputsOf(config, run.length + index, low)).flat(), before.state);
            const told = [...before.news, ...after.news].filter(({ command }) => command).at(-1)?.command;
            assert.deepEqual([told?.action, told?.conclusive], ["shutdown", true]);
        }), { numRuns: 300 });
    });

    it("shutdown and restored take turns, but for a shutdown that is told again with proof", () => {
        fc.assert(fc.property(configs, runs, (config, run) => {
            const commands = feed(config, run.flatMap((said, second) => inputsOf(config, second, said))).news.flatMap(({ command }) => (command ? [command] : []));
            commands.forEach((command, index) => {
                const last = commands[index - 1];
                if (command.action === "restored") assert.equal(last?.action, "shutdown");
                else assert.ok(last?.action !== "shutdown" || (!last.conclusive && command.conclusive));
            });
        }), { numRuns: 300 });
    });
});
