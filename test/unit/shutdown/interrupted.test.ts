import assert from "node:assert/strict";
import type { ShutdownCommand } from "../../../lib/power/command";
import type { JournalRecord } from "../../../lib/shutdown/journal-records";
import { parsePlan, type PlanDraft } from "../../../lib/shutdown/plan";
import type { RunProgress, RunResult } from "../../../lib/shutdown/progress";
import { Sequencer } from "../../../lib/shutdown/sequencer";
import type { CommandEnd } from "../../../lib/shutdown/transport";
import { FakeHosts, ok } from "../../support/fake-hosts";
import { MemoryJournal } from "../../support/memory-journal";
import { settle, VirtualClock } from "../../support/virtual-clock";

const minute = 60_000;
const never = new Promise<CommandEnd>(() => undefined);

describe("a run that was interrupted", () => {
    let hosts: FakeHosts;
    let clock: VirtualClock;
    let records: JournalRecord[];
    let progress: RunProgress[];
    let results: RunResult[];
    let life: number;
    let draft: PlanDraft;

    const start = async (more: { stableMs?: number; holdMs?: number } = {}): Promise<Sequencer<string>> => {
        const mine = ++life;
        const lives = (): boolean => mine === life;
        const one = new Sequencer<string>({
            setup: () => ({ plan: parsePlan(draft).plan, switches: { dryRun: false, enabled: true, problems: [], unready: [] }, access: hosts.access }),
            clock, boot: "boot", uptimeMs: () => clock.monotonic(), journal: new MemoryJournal(records, lives), stableMs: 0, needsToken: true, holdMs: 10 * minute, ...more,
            voice: { progress: (next) => void (lives() && progress.push(next)), result: (next) => void (lives() && results.push(next)), warn: () => undefined },
        });
        await one.ready;
        await settle();
        return one;
    };
    const command = (action: ShutdownCommand["action"] = "shutdown"): ShutdownCommand => ({ action, reason: `plug ${action}`, at: clock.now(), stream: "plug", conclusive: true });
    /** A process ends: by a redeploy, or killed. */
    const end = async (one: Sequencer<string>, kill: boolean): Promise<void> => {
        life += kill ? 1 : 0;
        const ending = one.close(false);
        await clock.pass(500);
        await ending;
    };
    const token = (): string | undefined => progress.at(-1)?.control?.token;
    const held = (): number | undefined => {
        const until = progress.at(-1)?.waits?.held;
        return until === undefined ? undefined : until - clock.now();
    };
    const told = (what: string): string[] => hosts.told.filter((text) => text.includes(what));

    beforeEach(() => {
        [hosts, clock, records, progress, results, life] = [new FakeHosts(), new VirtualClock(), [], [], [], 0];
        draft = { hosts: [{ name: "app", services: ["web"] }, { name: "nas", services: ["db"], after: ["app"] }] };
        hosts.obey = (text) => (text === "systemctl stop -- db" && life === 1 ? never : ok);
    });

    for (const kill of [false, true]) {
        describe(kill ? "by a kill" : "by a redeploy", () => {
            it("stays held by the person who said so, for what is left of their time, and then goes on", async () => {
                const first = await start();
                await first.handle(command());
                await settle();
                const mark = token();
                assert.equal(first.hold(true, false, mark), undefined);
                await clock.pass(4 * minute);
                await end(first, kill);
                const second = await start();
                assert.equal(second.tokenProblem(mark), undefined, "who was asked on a phone may still answer");
                assert.equal(JSON.stringify(records).includes(mark ?? "?"), false, "nor is it a secret on the disk");
                assert.match(progress.at(-1)?.text ?? "", /^still held by a person, for \d+ s at most$/);
                assert.ok(Math.abs((held() ?? NaN) - 6 * minute) <= 1000, `${held()} ms`);
                assert.match(second.hold(true, false, mark) ?? "", /held already/);
                await clock.pass(5 * minute);
                assert.equal(told("shutdown -h").length + told("stop -- db").length, 1);
                await clock.pass(2 * minute);
                assert.deepEqual([results.map(({ outcome }) => outcome), told("shutdown -h").length], [["completed"], 2]);
            });

            it("is released by the token of any of its lives", async () => {
                const first = await start();
                await first.handle(command());
                await settle();
                const marks = [token()];
                first.hold(true, false, marks[0]);
                await end(first, kill);
                const second = await start();
                marks.push(token());
                await end(second, kill);
                const third = await start();
                marks.push(token());
                assert.equal(new Set(marks).size, 3);
                assert.deepEqual(marks.map((mark) => third.tokenProblem(mark)), [undefined, undefined, undefined]);
                assert.equal(third.hold(false, false, marks[1]), undefined);
            });

            it("is released by that token, or cancelled", async () => {
                for (const word of ["release", "cancel"] as const) {
                    [hosts.told.length, results.length, records.length, life] = [0, 0, 0, 0];
                    const first = await start();
                    await first.handle(command());
                    await settle();
                    const mark = token();
                    first.hold(true, false, mark);
                    await end(first, kill);
                    const second = await start();
                    assert.match(second.hold(false, false, "forged") ?? "", /another run/);
                    assert.equal(second.tokenProblem(mark), undefined);
                    if (word === "release") assert.equal(second.hold(false, false, mark), undefined);
                    else assert.equal((await second.handle(command("cancel"))).act, "cancel");
                    await clock.pass(1000);
                    assert.deepEqual([results.map(({ outcome }) => outcome), told("shutdown -h").length], word === "release" ? [["completed"], 2] : [["cancelled"], 0]);
                    await end(second, kill);
                    await start();
                    assert.equal(results.length, 1, "nothing is left of it");
                }
            });

            it("that a person had released is not held again", async () => {
                const first = await start();
                await first.handle(command());
                await settle();
                first.hold(true, false, token());
                first.hold(false, false, token());
                await end(first, kill);
                await start();
                await settle();
                assert.deepEqual([held(), results.map(({ outcome }) => outcome)], [undefined, ["completed"]]);
            });

            it("is put back when power is back during the hold, with the step in whose middle it was interrupted", async () => {
                const first = await start();
                await first.handle(command());
                await settle();
                first.hold(true, false, token());
                await end(first, kill);
                const second = await start();
                await second.handle(command("restored"));
                await clock.pass(1000);
                assert.deepEqual(results.map(({ outcome }) => outcome), ["cancelled"]);
                assert.deepEqual(told("systemctl start").map((text) => [text.split(":")[0], / ridethrough (\S+) /.exec(text)?.[1]]), [["nas", "db"], ["app", "web"]]);
                assert.match(results[0]?.text ?? "", /2 of 2 steps put back/);
            });
        });
    }

    it("stays held over several kills, no longer than the person was promised", async () => {
        const first = await start();
        await first.handle(command());
        await settle();
        first.hold(true, false, token());
        await end(first, true);
        for (let kills = 0; kills < 3; kills += 1) {
            await clock.pass(2 * minute);
            await end(await start(), true);
        }
        await start();
        assert.ok(Math.abs((held() ?? NaN) - 4 * minute) <= 3000);
        await clock.pass(4 * minute);
        assert.deepEqual(results.map(({ outcome }) => outcome), ["completed"]);
    });

    it("stays held also when nobody could go on with it for long, and gives the readings time before it goes on", async () => {
        const first = await start({ holdMs: 120 * minute });
        await first.handle(command());
        await settle();
        first.hold(true, false, token());
        await end(first, true);
        await clock.pass(120 * minute - 5000);
        const second = await start({ holdMs: 120 * minute });
        await clock.pass(10_000);
        assert.deepEqual([results, told("shutdown -h")], [[], []]);
        assert.equal((await second.handle(command("restored"))).act, "cancel");
    });

    it("whose hold is over before the next start goes on, or is too old", async () => {
        for (const [dead, outcome] of [[11, "completed"], [16, "incomplete"]] as const) {
            [hosts.told.length, results.length, records.length, life] = [0, 0, 0, 0];
            const first = await start();
            await first.handle(command());
            await settle();
            first.hold(true, false, token());
            await end(first, true);
            await clock.pass(dead * minute);
            progress.length = 0;
            await start();
            assert.equal(held(), undefined);
            await clock.pass(minute);
            assert.deepEqual(results.map((result) => result.outcome), [outcome]);
        }
    });

    it("can be released as long as it is held, though that is longer than a person may think about it otherwise", async () => {
        const one = await start({ holdMs: 120 * minute });
        await one.handle(command());
        await settle();
        one.hold(true, false, token());
        const { control, waits } = progress.at(-1) ?? {};
        assert.equal(control?.until, waits?.held);
        await clock.pass(100 * minute);
        assert.equal(one.hold(false, false, token()), undefined);
    });

    for (const kill of [false, true]) {
        it(`${kill ? "by a kill" : "by a redeploy"} is not too old only because a step takes an hour`, async () => {
            draft = { hosts: [{ name: "nas", services: ["db"], stopTimeoutS: 3600 }] };
            const first = await start();
            await first.handle(command());
            await clock.pass(50 * minute);
            await end(first, kill);
            await start();
            await clock.pass(minute);
            assert.deepEqual(results.map(({ outcome }) => outcome), ["completed"]);
        });
    }

    describe("while a host counts down", () => {
        const atHost = "nas: shutdown -h +2";
        /** cam counts down, nas is being stopped. */
        const begin = async (): Promise<Sequencer<string>> => {
            draft = { hosts: [{ name: "cam" }, { name: "nas", services: ["db"] }] };
            const first = await start();
            await first.handle(command());
            await settle();
            assert.deepEqual([told("cam: shutdown -h").length, first.run?.committed], [1, false]);
            return first;
        };

        for (const kill of [false, true]) {
            it(`can still be called off after a ${kill ? "kill" : "redeploy"}, until shortly before`, async () => {
                hosts.obey = (text) => (text === "systemctl stop -- db" ? never : ok);
                const first = await begin();
                await clock.pass(20_000);
                await end(first, kill);
                const second = await start();
                await clock.pass(70_000);
                assert.equal(second.run?.committed, false);
                await clock.pass(10_000);
                assert.equal(second.run?.committed, true);
                assert.equal(told("cam: shutdown -h").length, 1, "told once");
            });
        }

        it("stays held until then, and not a moment longer", async () => {
            const first = await begin();
            first.hold(true, false, token());
            await clock.pass(30_000);
            await end(first, true);
            const second = await start();
            await clock.pass(60_000);
            assert.deepEqual([told(atHost), second.run?.committed], [[], false]);
            await clock.pass(10_000);
            assert.equal(told(atHost).length, 1);
        });

        it("is called off when power is back, and the host told so", async () => {
            const first = await begin();
            first.hold(true, false, token());
            await end(first, true);
            const second = await start();
            assert.equal((await second.handle(command("restored"))).act, "cancel");
            await clock.pass(1000);
            assert.deepEqual([told("cam: shutdown -c").length, results.map(({ outcome }) => outcome)], [1, ["cancelled"]]);
        });

        it("is past that point when the interruption was that long, or nobody knows how long", async () => {
            const first = await begin();
            first.hold(true, false, token());
            await end(first, true);
            await clock.pass(2 * minute);
            const second = await start();
            assert.deepEqual([(await second.handle(command("restored"))).act, progress.at(-1)?.waits], ["rearm", undefined]);
        });
    });
});
