import assert from "node:assert/strict";
import * as fc from "fast-check";
import { Trouble } from "../../../lib/kit/trouble";
import { emptyMemory, remember, type JournalRecord, type OpenRun } from "../../../lib/shutdown/journal-records";
import { startLiveRun } from "../../../lib/shutdown/live-run";
import { parsePlan, type PlanDraft, type ShutdownPlan } from "../../../lib/shutdown/plan";
import type { Others, ProofOutcome } from "../../../lib/shutdown/proof";
import type { RunProgress, RunResult } from "../../../lib/shutdown/progress";
import type { RunIo } from "../../../lib/shutdown/run-io";
import type { Run } from "../../../lib/shutdown/run-view";
import { previewPlan, stepsOf } from "../../../lib/shutdown/steps";
import { FakeHosts, ok } from "../../support/fake-hosts";
import { settle, VirtualClock } from "../../support/virtual-clock";

function planOf(...hosts: PlanDraft["hosts"]): ShutdownPlan {
    const { plan, problems } = parsePlan({ hosts });
    assert.deepEqual(problems, []);
    return plan as ShutdownPlan;
}

const s0 = planOf(
    { name: "gpu3", services: ["promtail"] },
    { name: "gpu1", services: ["vlm-adapter", "grafana-server"], after: ["gpu3"] },
    { name: "gpu2", services: ["vllm"], local: true },
);

describe("a real run", () => {
    let hosts: FakeHosts;
    let clock: VirtualClock;
    let records: JournalRecord[];
    let progress: RunProgress[];

    const io = (): RunIo => ({
        clock, boot: "boot", access: hosts.access,
        note: (record) => {
            records.push(record);
            return Promise.resolve();
        },
        progress: (next) => void progress.push(next),
    });
    const start = (plan: ShutdownPlan, more: Partial<RunIo> = {}): Run => startLiveRun({ run: "r1", stream: "plug", reason: "plug CRITICAL", mode: "live", startedAt: clock.now() }, plan, { ...io(), ...more });
    const openOf = (kept: readonly JournalRecord[]): OpenRun => kept.reduce(remember, emptyMemory()).open ?? assert.fail("no open run");
    const resultOf = async (run: Run): Promise<RunResult> => await run.finished ?? assert.fail("suspended");
    const stateOf = (result: RunResult, id: string): string | undefined => result.steps.find((step) => step.id === id)?.state;

    beforeEach(() => {
        hosts = new FakeHosts();
        clock = new VirtualClock();
        records = [];
        progress = [];
    });

    it("takes S0's steps in S0's order", async () => {
        const result = await resultOf(start(s0));
        assert.deepEqual(hosts.told, [
            "gpu3: systemctl stop -- promtail", "gpu1: systemctl stop -- vlm-adapter", "gpu1: systemctl stop -- grafana-server", "gpu2: systemctl stop -- vllm",
            "gpu3: shutdown -h +2", "gpu1: shutdown -h +2", "gpu2: shutdown -h +2",
        ]);
        assert.equal(result.outcome, "completed");
        assert.equal(result.text, "4 services stopped, final command taken by 3 of 3 hosts");
    });

    it("executes exactly the previewed steps (lockstep)", async () => {
        const result = await resultOf(start(s0));
        const bare = ({ id, host, kind, label, layer }: RunResult["steps"][number]): unknown => ({ id, host, kind, label, layer });
        assert.deepEqual(result.steps.map(bare), previewPlan(s0).map(bare));
        const begun = progress.flatMap(({ changed }) => (changed?.state === "running" ? [changed.id] : []));
        assert.deepEqual([...begun].sort(), previewPlan(s0).map((step) => step.id).sort());
    });

    it("of any plan takes every step once and none before what it needs", async () => {
        const shapes = fc.array(fc.record({ services: fc.subarray(["s1", "s2"]), waits: fc.array(fc.nat(9), { maxLength: 3 }), fails: fc.boolean() }), { minLength: 1, maxLength: 8 });
        await fc.assert(fc.asyncProperty(shapes, async (shape) => {
            hosts = new FakeHosts();
            progress = [];
            hosts.connect = (host) => (shape[Number(host.slice(1))]?.fails ? Promise.reject(new Trouble("refused", "no")) : Promise.resolve());
            const plan = planOf(...shape.map(({ services, waits }, index) => ({ name: `h${index}`, services, after: waits.filter((other) => other < index).map((other) => `h${other}`) })));
            await resultOf(start(plan));
            const over = new Set<string>();
            const begun = new Set<string>();
            for (const { changed } of progress) {
                if (changed === undefined) continue;
                if (changed.state !== "running") over.add(changed.id);
                else {
                    assert.ok(!begun.has(changed.id), `${changed.id} twice`);
                    begun.add(changed.id);
                    for (const need of stepsOf(plan).find((step) => step.view.id === changed.id)?.needs ?? []) assert.ok(over.has(need), `${changed.id} before ${need}`);
                }
            }
            assert.equal(over.size, stepsOf(plan).length);
        }), { numRuns: 60 });
    });

    it("says what happens, host by host", async () => {
        await resultOf(start(planOf({ name: "nas", services: ["web"] })));
        assert.deepEqual(progress.map((next) => next.text), [
            "INITIATING GRACEFUL SHUTDOWN: plug CRITICAL (1 host, 1 service, then shutdown -h +2)",
            "nas: logging in", "nas: logged in", "nas: stopping web", "nas: stopped web",
            "all services stopped, machines shut down in 2 minutes",
            "nas: sending shutdown -h +2", "nas: took shutdown -h +2",
        ]);
    });

    it("writes down every intent before its step and every result after it", async () => {
        hosts.obey = (command) => {
            records.push({ kind: "dealt", stream: command, mode: "live", at: 0 });
            return ok;
        };
        await resultOf(start(planOf({ name: "nas", services: ["web"] })));
        assert.deepEqual(records.map((record) => ("step" in record ? `${record.kind} ${record.step}` : record.kind === "dealt" ? "told" : record.kind)), [
            "run", "intent nas/stop-service/web", "told", "result nas/stop-service/web", "intent nas/power-off", "told", "result nas/power-off", "end",
        ]);
    });

    it("never lets a hung host hold up one that has no order with it", async () => {
        hosts.connect = (host) => (host === "hung" ? new Promise(() => undefined) : Promise.resolve());
        hosts.obey = (_command, host) => (host === "slow" ? new Promise(() => undefined) : ok);
        const run = start(planOf({ name: "hung", services: ["a"] }, { name: "slow", services: ["a"] }, { name: "nas", services: ["a"] }, { name: "web" }));
        await settle();
        assert.deepEqual(hosts.of("nas"), ["systemctl stop -- a", "shutdown -h +2"]);
        assert.deepEqual(hosts.of("web"), ["shutdown -h +2"]);
        void run.suspend();
    });

    it("goes on behind a host that failed, and with its own next step", async () => {
        hosts.obey = (command) => (command.includes("promtail") ? new Trouble("timeout", "host gpu3: no answer within 30 s") : ok);
        const result = await resultOf(start(s0));
        assert.equal(result.outcome, "incomplete");
        assert.equal(stateOf(result, "gpu1/power-off"), "done");
        assert.equal(stateOf(result, "gpu3/power-off"), "done");
        assert.match(result.text, /^gpu3: stop promtail failed: no answer within 30 s$/m);
    });

    it("leaves out the services of a host that it cannot reach, but tries the final command", async () => {
        let tries = 0;
        hosts.connect = (host) => (host === "nas" && tries++ === 0 ? Promise.reject(new Trouble("refused", "host nas: connection refused")) : Promise.resolve());
        const result = await resultOf(start(planOf({ name: "nas", services: ["web", "db"] })));
        assert.deepEqual(result.steps.map((step) => step.state), ["failed", "skipped", "skipped", "done"]);
        assert.deepEqual(hosts.told, ["nas: shutdown -h +2"]);
    });

    it("does not try again where the key is refused: that needs a person", async () => {
        hosts.connect = () => Promise.reject(new Trouble("auth", "host nas: refused"));
        const result = await resultOf(start(planOf({ name: "nas", services: ["web"] })));
        assert.deepEqual(result.steps.map((step) => step.state), ["failed", "skipped", "skipped"]);
        assert.match(result.text, /nas: log in failed: refused \(and 2 more\)/);
        assert.equal(hosts.opened.length, 1);
    });

    for (const [what, end, state, words] of [
        ["a power-off that ends the connection is taken for sent", { end: "lost", output: "" }, "done", /sent; the connection ended/],
        ["a power-off that is ended by a signal is taken for sent", { end: "signal", signal: "TERM", output: "" }, "done", /sent;/],
        ["a power-off that is refused is a failure with a cure", { end: "exit", code: 1, output: "sudo: a password is required" }, "failed", /exit status 1 .*sudoers/],
    ] as const) {
        it(what, async () => {
            hosts.obey = () => end;
            const result = await resultOf(start(planOf({ name: "nas" })));
            const step = result.steps.at(-1);
            assert.equal(step?.state, state);
            assert.match(step.note ?? step.error ?? "", words);
        });
    }

    it("does not take a lost connection for a stopped service", async () => {
        hosts.obey = (command) => (command.includes("stop") ? { end: "lost", output: "" } : ok);
        assert.equal(stateOf(await resultOf(start(planOf({ name: "nas", services: ["web"] }))), "nas/stop-service/web"), "failed");
    });

    /** A host that hangs in "stop db" until it is let go. */
    const hangInDb = (): (() => void) => {
        let letGo: () => void = () => undefined;
        const freed = new Promise<Trouble>((resolve) => { letGo = () => resolve(new Trouble("timeout", "host nas: no answer within 30 s")); });
        hosts.obey = (command) => (command.startsWith("systemctl stop -- db") ? freed : ok);
        return () => letGo();
    };
    const started = (): string[] => hosts.told.flatMap((line) => /^(\w+): sh -c .*systemctl start.* ridethrough (\w+) /s.exec(line)?.slice(1).join(" ") ?? []);

    it("a cancel before the final commands puts back what was done, newest first, and what may have been done in part", async () => {
        const letGo = hangInDb();
        const run = start(planOf({ name: "nas", services: ["web", "db", "mail"] }));
        await settle();
        assert.equal(run.cancel("enough"), true);
        assert.equal(run.cancel("enough"), false, "it is cancelled already");
        await settle();
        assert.deepEqual(started(), [], "what is under way ends first");
        letGo();
        const result = await resultOf(run);
        assert.equal(result.outcome, "cancelled");
        assert.equal(result.text, "enough. 2 of 2 steps put back.");
        assert.deepEqual(result.steps.map((step) => `${step.label}: ${step.state}`), [
            "log in: done", "stop web: done", "stop db: failed", "stop mail: skipped", "shutdown -h +2: skipped", 'undo "stop db": done', 'undo "stop web": done',
        ]);
        assert.deepEqual(started(), ["nas db", "nas web"]);
        assert.deepEqual(records.at(-1)?.kind, "end");
        assert.equal(hosts.told.some((line) => line.includes("shutdown -h")), false);
    });

    it("puts hosts back against their order, and no host waits for one that it has no order with", async () => {
        const letGo = hangInDb();
        const run = start(planOf({ name: "app", services: ["web"] }, { name: "nas", services: ["db"], after: ["app"] }, { name: "pi", services: ["dns"] }, { name: "last", after: ["nas", "pi"] }));
        await settle();
        run.cancel("enough");
        await settle();
        assert.deepEqual(started(), ["pi dns"]);
        letGo();
        await resultOf(run);
        assert.deepEqual(started(), ["pi dns", "nas db", "app web"]);
    });

    it("says what could not be put back", async () => {
        hosts.obey = (command) => (command.includes("systemctl start") ? { end: "exit", code: 1, output: "Unit web.service is masked." } : command.startsWith("systemctl stop -- db") ? new Promise(() => undefined) : ok);
        const run = start(planOf({ name: "app", services: ["web"] }, { name: "nas", services: ["db"], after: ["app"] }));
        await settle();
        run.cancel("enough");
        const suspended = run.suspend();
        await clock.pass(500);
        await suspended;
        assert.equal(await run.finished, undefined);
        hosts.obey = (command) => (command.includes("ridethrough web ") ? { end: "exit", code: 1, output: "Unit web.service is masked." } : ok);
        const again = startLiveRun(run.head, planOf({ name: "app", services: ["web"] }, { name: "nas", services: ["db"], after: ["app"] }), io(), openOf(records));
        const result = await resultOf(again);
        assert.match(result.text, /^enough\. 1 of 2 steps put back\. A person has to look at: app: undo "stop web" failed: exit status 1 \(Unit web\.service is masked\.\)\.$/);
    });

    it("leaves the rest as it is when power fails again on the way back", async () => {
        const letGo = hangInDb();
        const run = start(planOf({ name: "nas", services: ["web", "db"] }));
        await settle();
        run.cancel("power is back");
        run.giveWay("power has failed again");
        letGo();
        assert.deepEqual((await resultOf(run)).steps.slice(-2).map(({ state, error }) => [state, error]), [["skipped", "power has failed again"], ["skipped", "power has failed again"]]);
        assert.deepEqual(started(), []);
    });

    it("takes no step while it is held, and goes on where it was", async () => {
        const run = start(planOf({ name: "nas", services: ["web"] }));
        assert.equal(run.hold(true, "held"), true);
        await settle();
        assert.deepEqual(hosts.told, []);
        assert.equal(run.hold(false, "released"), true);
        assert.equal((await resultOf(run)).outcome, "completed");
    });

    it("has every step measured that was taken, to its end or not", async () => {
        hosts.obey = (command) => (command.includes("db") ? { end: "exit", code: 1, output: "busy" } : ok);
        const taken: [string, boolean][] = [];
        const plan = parsePlan({ hosts: [{ name: "nas", services: ["web", "db"] }, { name: "app" }], proofS: 10 }).plan as ShutdownPlan;
        hosts.connect = (host) => (host === "app" ? Promise.reject(new Trouble("auth", "no")) : Promise.resolve());
        await resultOf(start(plan, { measured: ({ view }, _ms, cut) => void taken.push([view.id, cut]), prove: () => Promise.resolve({ proof: "sent", note: "" }) }));
        assert.deepEqual(Object.fromEntries(taken), { "nas/connect": false, "nas/stop-service/web": false, "nas/stop-service/db": true, "nas/power-off": false, "nas/prove": true, "app/connect": true });
    });

    it("tells a lost network by those who are not told to go down, the likeliest to answer first", async () => {
        const plan = parsePlan({ proofS: 10, hosts: [{ name: "refused" }, { name: "lost", services: ["web"] }, { name: "busy", services: ["web"] }, { name: "first" }, { name: "stays", final: "none" }] }).plan as ShutdownPlan;
        let letGo: () => void = () => undefined;
        hosts.connect = (host) => (host === "refused" ? Promise.reject(new Trouble("auth", "no")) : Promise.resolve());
        hosts.obey = (command, host) => {
            if (host === "lost") return { end: "lost", output: "" };
            if (host !== "busy" || !command.includes("stop")) return ok;
            return new Promise((resolve) => { letGo = () => resolve(ok); });
        };
        let seen: (() => Others) | undefined;
        let over: (outcome: ProofOutcome) => void = () => undefined;
        const run = start(plan, {
            prove: ({ name }, _ms, others) => {
                if (name !== "first") return Promise.resolve({ proof: "network", note: "" });
                seen = others;
                return new Promise((resolve) => { over = resolve; });
            },
        });
        await settle();
        // The one whose connection was lost took its final command all the same: "lost" is what that looks like.
        assert.deepEqual(seen?.(), { hosts: ["busy", "stays", "refused"], met: true });
        letGo();
        await settle();
        assert.deepEqual(seen?.(), { hosts: ["stays", "refused"], met: true });
        over({ proof: "network", note: "" });
        await resultOf(run);
    });

    it("knows a host that fell silent for one that had answered", async () => {
        const plan = parsePlan({ proofS: 10, hosts: [{ name: "silent", services: ["web"] }, { name: "first" }, { name: "never" }] }).plan as ShutdownPlan;
        hosts.connect = (host) => (host === "never" ? Promise.reject(new Trouble("timeout", "no answer")) : Promise.resolve());
        hosts.obey = (_command, host) => (host === "silent" ? new Trouble("timeout", "no answer in time") : ok);
        const seen: Others[] = [];
        await resultOf(start(plan, {
            prove: async (_host, _ms, others) => {
                await settle();
                seen.push(others());
                return { proof: "network", note: "" };
            },
        }));
        assert.deepEqual(seen, [{ hosts: ["never", "silent"], met: true }]);
    });

    it("keeps a host up that can't do without a step that failed", async () => {
        hosts.obey = (command) => (command.includes("db") ? { end: "exit", code: 1, output: "busy" } : ok);
        const keep = { action: "stop-service", params: { service: "db" }, onFailure: "keep-up" as const };
        const result = await resultOf(start(planOf({ name: "nas", steps: [keep], services: [] }, { name: "app" })));
        assert.deepEqual(result.steps.map(({ id, state }) => [id, state]), [["nas/connect", "done"], ["nas/stop-service/db", "failed"], ["app/connect", "done"], ["nas/power-off", "skipped"], ["app/power-off", "done"]]);
        assert.match(result.steps.find(({ id }) => id === "nas/power-off")?.error ?? "", /the host stays up, since "stop db" failed/);
    });

    describe("whose hosts go down after a delay", () => {
        const minutes = (delayMinutes: number): NonNullable<PlanDraft["final"]> => ({ verb: "shutdown", delayMinutes });
        /** Two hosts that count down, and one that is still busy with its service. */
        const counting = (final = minutes(2)): ShutdownPlan => parsePlan({ final, hosts: [{ name: "app", services: ["web"] }, { name: "nas" }, { name: "slow", services: ["db"] }] }).plan as ShutdownPlan;
        const busy = (): void => {
            hosts.obey = (command, host) => (host === "slow" && command.includes(" stop ") ? new Promise(() => undefined) : ok);
        };

        it("calls the power-offs off, the newest first, and puts back the rest, when power is back in time", async () => {
            let letGo: () => void = () => undefined;
            hosts.obey = (command, host) => (host === "slow" && command.includes(" stop ") ? new Promise((resolve) => { letGo = () => resolve(ok); }) : ok);
            const run = start(counting());
            await settle();
            assert.deepEqual([run.committed, hosts.told.filter((line) => line.includes("shutdown -h"))], [false, ["nas: shutdown -h +2", "app: shutdown -h +2"]]);
            await clock.pass(60_000);
            assert.equal(run.cancel("power is back"), true);
            letGo();
            const result = await resultOf(run);
            assert.equal(result.outcome, "cancelled");
            assert.deepEqual(hosts.of("nas"), ["shutdown -h +2", "shutdown -c"]);
            assert.deepEqual(hosts.of("app").map((line) => line.replace(/.* ridethrough (\S+) .*/s, "start $1")).slice(1), ["shutdown -h +2", "shutdown -c", "start web"], "the power-off first, then its service");
        });
        it("is committed shortly before the first of them goes down", async () => {
            busy();
            const run = start(counting());
            await settle();
            await clock.pass(99_000);
            assert.equal(run.committed, false);
            await clock.pass(2000);
            assert.equal(run.committed, true);
            assert.equal(run.cancel("power is back"), false);
            assert.match(progress.at(-1)?.text ?? "", /^nas goes down in 20 s: nothing is put back any more$/);
            void run.suspend();
        });
        it("goes on then, whoever held it", async () => {
            busy();
            const plan = parsePlan({ hosts: [{ name: "nas" }, { name: "app", services: ["web", "cache"], after: [] }] }).plan as ShutdownPlan;
            let letGo: () => void = () => undefined;
            hosts.obey = (command) => (command.includes("-- web") ? new Promise((resolve) => { letGo = () => resolve(ok); }) : ok);
            const run = start(plan);
            await settle();
            run.hold(true, "held");
            letGo();
            await settle();
            assert.deepEqual(hosts.of("app"), ["systemctl stop -- web"]);
            await clock.pass(101_000);
            await settle();
            assert.deepEqual(hosts.of("app"), ["systemctl stop -- web", "systemctl stop -- cache", "shutdown -h +2"]);
            assert.equal((await resultOf(run)).outcome, "completed");
        });
        it("looks no further whether they go down, once they are called off", async () => {
            const plan = parsePlan({ proofS: 120, hosts: [{ name: "nas" }] }).plan as ShutdownPlan;
            const run = start(plan, { prove: (_host, _withinMs, _others, signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve({ proof: "failed", note: "still answers" }))) });
            await settle();
            assert.equal(run.cancel("power is back"), true);
            const result = await resultOf(run);
            assert.deepEqual([stateOf(result, "nas/prove"), stateOf(result, "nas/power-off/undo")], ["skipped", "done"]);
            assert.equal(result.text, "power is back. 1 of 1 step put back.");
        });
        for (const [what, final] of [["at once", { verb: "poweroff" }], ["without a delay", minutes(0)]] as const) {
            it(`is committed with the first that goes down ${what}`, async () => {
                busy();
                const run = start(counting(final));
                await settle();
                assert.deepEqual([run.committed, run.cancel("power is back")], [true, false]);
                void run.suspend();
            });
        }
        it("is not put back by the next process: a host that counts down lets nobody log in", async () => {
            busy();
            const first = start(counting());
            await settle();
            const gone = first.suspend();
            await clock.pass(500);
            await gone;
            const kept = records.filter(({ kind }) => kind !== "end");
            const again = startLiveRun({ run: "r1", stream: "plug", reason: "plug CRITICAL", mode: "live", startedAt: clock.now() }, counting(), io(), openOf(kept));
            await settle();
            assert.equal(again.committed, true);
            void again.suspend();
        });
    });

    it("a cancel after the first final command changes nothing", async () => {
        hosts.obey = (_command, host) => (host === "slow" ? new Promise(() => undefined) : ok);
        const run = start(parsePlan({ final: { verb: "poweroff" }, hosts: [{ name: "nas" }, { name: "slow", services: ["db"] }] }).plan as ShutdownPlan);
        await settle();
        assert.equal(run.committed, true);
        assert.equal(run.cancel("enough"), false);
        void run.suspend();
    });

    describe("whose host goes down at once", () => {
        const plan = parsePlan({ final: { verb: "poweroff" }, hosts: [{ name: "nas" }, { name: "slow", services: ["db"] }] }).plan as ShutdownPlan;
        let letIn: () => void = () => undefined;
        /** nas is not there at first, and takes its time to log us in for its final command; slow, to stop its service. */
        beforeEach(() => {
            const door = new Promise<void>((resolve) => { letIn = resolve; });
            let logins = 0;
            hosts.connect = (host) => {
                if (host !== "nas") return Promise.resolve();
                logins += 1;
                return logins === 1 ? Promise.reject(new Trouble("timeout", "host nas: no answer within 10 s")) : door;
            };
            hosts.obey = (_command, host) => (host === "slow" ? new Promise(() => undefined) : ok);
        });

        it("is not committed by a host that refuses the login, nor after a kill", async () => {
            hosts.connect = (host) => (host === "nas" ? Promise.reject(new Trouble("auth", "host nas: does not accept our key")) : Promise.resolve());
            const run = start(plan);
            await settle();
            assert.deepEqual([run.committed, records.filter((record) => record.kind === "intent" && record.step === "nas/power-off")], [false, []]);
            const again = startLiveRun({ run: "r1", stream: "plug", reason: "plug CRITICAL", mode: "live", startedAt: clock.now() }, plan, io(), openOf(records));
            await settle();
            assert.equal(again.committed, false);
            assert.equal(run.cancel("power is back"), true);
            void run.suspend();
            void again.suspend();
        });

        it("is committed, and has written that down, before the host is told", async () => {
            const run = start(plan);
            await settle();
            assert.equal(run.committed, false);
            hosts.obey = () => {
                assert.ok(run.committed && records.some((record) => record.kind === "intent" && record.step === "nas/power-off"));
                return ok;
            };
            letIn();
            await settle();
            assert.deepEqual([hosts.of("nas"), run.committed], [["poweroff"], true]);
            void run.suspend();
        });

        it("does not tell it in a hold that began while the disk took its time, but afterwards", async () => {
            let written: () => void = () => undefined;
            const slow = new Promise<void>((resolve) => { written = resolve; });
            letIn();
            const run = startLiveRun({ run: "r1", stream: "plug", reason: "x", mode: "live", startedAt: 0 }, planOf({ name: "nas", final: { action: "poweroff" } }), { ...io(), note: ({ kind }) => (kind === "intent" ? slow : Promise.resolve()) });
            await settle();
            run.hold(true, "held");
            written();
            await settle();
            assert.deepEqual([hosts.told, run.committed], [[], false]);
            run.hold(false, "released");
            assert.equal(stateOf(await resultOf(run), "nas/power-off"), "done");
            assert.deepEqual(hosts.told, ["nas: poweroff"]);
        });

        it("does not tell it in a hold that began while it logged us in, but afterwards", async () => {
            const run = start(planOf({ name: "nas", final: { action: "poweroff" } }));
            await settle();
            run.hold(true, "held");
            letIn();
            await settle();
            assert.deepEqual([hosts.told, run.committed], [[], false]);
            run.hold(false, "released");
            const result = await resultOf(run);
            assert.deepEqual([hosts.told, stateOf(result, "nas/power-off")], [["nas: poweroff"], "done"]);
        });

        it("does not tell it once power is back", async () => {
            const run = start(planOf({ name: "nas", final: { action: "poweroff" } }));
            await settle();
            assert.equal(run.cancel("power is back"), true);
            letIn();
            const result = await resultOf(run);
            assert.deepEqual([hosts.told, result.outcome, stateOf(result, "nas/power-off")], [[], "cancelled", "skipped"]);
        });
    });

    it("takes a look that fails for nobody's word, and ends", async () => {
        const { plan } = parsePlan({ proofS: 120, hosts: [{ name: "nas" }] });
        const run = start(plan as ShutdownPlan, { prove: () => Promise.reject(new Error("no eyes")) });
        const result = await resultOf(run);
        const look = result.steps.find(({ id }) => id === "nas/prove");
        assert.deepEqual([result.outcome, look?.state, look?.proof], ["completed", "done", "sent"]);
        assert.match(look?.note ?? "", /nobody could see whether it went down: no eyes/);
    });

    it("limits how many logins are under way, not how many commands", async () => {
        let [loggingIn, most, running] = [0, 0, 0];
        hosts.connect = async () => {
            most = Math.max(most, ++loggingIn);
            await settle();
            loggingIn -= 1;
        };
        const release: (() => void)[] = [];
        hosts.obey = () => new Promise((resolve) => {
            running += 1;
            release.push(() => resolve(ok));
        });
        const run = start(planOf(...Array.from({ length: 12 }, (_, index) => ({ name: `h${index}`, services: ["a"] }))), { logins: 3 });
        while (release.length < 12) await settle();
        assert.equal(most, 3);
        assert.equal(running, 12);
        hosts.obey = () => ok;
        release.forEach((free) => free());
        assert.equal((await resultOf(run)).outcome, "completed");
    });

    describe("that was killed after any number of records", () => {
        it("is finished by the next process: every service stopped, no finished step taken again", async () => {
            await resultOf(start(s0));
            const whole = records;
            for (let kept = 1; kept < whole.length; kept += 1) {
                hosts = new FakeHosts();
                records = [];
                const { open } = whole.slice(0, kept).reduce(remember, emptyMemory());
                assert.ok(open);
                const done = new Set(open.results.keys());
                const result = await resultOf(startLiveRun({ run: "r1", stream: "plug", reason: "x", mode: "live", startedAt: open.startedAt }, s0, io(), open));
                assert.equal(result.outcome, "completed", `after ${kept} records`);
                const again = stepsOf(s0).filter((step) => step.view.kind !== "connect" && done.has(step.view.id)).length;
                assert.equal(hosts.told.length, 7 - again, `after ${kept} records`);
                assert.equal(records.filter((record) => record.kind === "run").length, 0);
                for (const host of ["gpu3", "gpu1"]) {
                    const left = stepsOf(s0).some((step) => step.view.host === host && step.view.kind !== "connect" && !done.has(step.view.id));
                    assert.equal(hosts.opened.includes(host), left, `${host} is logged in to only when there is something left to do`);
                }
            }
        });

        it("can no longer be cancelled when a final command may have been sent", async () => {
            const open = { intents: new Map([["nas/power-off", { at: 0 }]]), results: new Map() };
            hosts.connect = () => new Promise(() => undefined);
            const run = startLiveRun({ run: "r1", stream: "plug", reason: "x", mode: "live", startedAt: 0 }, planOf({ name: "nas" }), io(), open);
            await settle();
            assert.equal(run.cancel("enough"), false);
            void run.suspend();
        });
    });

    describe("with guests that a host reports to have stopped", () => {
        const kvm = planOf({ name: "kvm", steps: [{ action: "stop-vms" }] });
        const stop = "kvm/stop-vms";
        /** What a host says when it is asked to stop guests, and how that ends; and the names that it is asked to start. */
        let says: string[];
        let ends: () => ReturnType<typeof hosts.obey>;
        let started: string[];
        beforeEach(() => {
            [says, ends, started] = [[], () => ok, []];
            hosts.obey = (command, _host, tap) => {
                if (tap === undefined) return ok;
                const names = /(?<=qemu:\/\/\/system ).*$/.exec(command)?.[0] ?? "";
                if (names !== "") {
                    started = names.split(" ");
                    return ok;
                }
                for (const chunk of says) tap.stdout(Buffer.from(chunk));
                return ends();
            };
        });
        const stepOf = ({ steps }: RunResult, id: string): object | undefined => {
            const step = steps.find((one) => one.id === id);
            return step && { state: step.state, ...(step.note !== undefined && { note: step.note }) };
        };

        it("writes their names down as they come, whole lines only, and names them when it is over", async () => {
            let end: () => void = () => undefined;
            ends = () => new Promise((resolve) => { end = () => resolve(ok); });
            says = ["did web\ndid d", "b\nnot a name\ndid a b\n", "did we"];
            const run = start(kvm);
            await settle();
            assert.deepEqual(records.filter(({ kind }) => kind === "did"), [{ kind: "did", run: "r1", step: stop, names: ["web"], at: clock.now() }, { kind: "did", run: "r1", step: stop, names: ["db"], at: clock.now() }]);
            end();
            assert.deepEqual(stepOf(await resultOf(run), stop), { state: "done", note: "web, db" });
        });

        it("puts those back that the process before it had stopped, too, and names all of them", async () => {
            says = ["did web\ndid db\n"];
            ends = () => new Promise(() => undefined);
            start(kvm);
            await settle();
            const killed = openOf(records);
            assert.deepEqual([...killed.did], [[stop, ["web", "db"]]]);

            // By now those are off, and the host does not speak of them again.
            says = ["did mail\n"];
            let end: () => void = () => undefined;
            ends = () => new Promise((resolve) => { end = () => resolve(ok); });
            const again = startLiveRun({ run: "r1", stream: "plug", reason: "x", mode: "live", startedAt: killed.startedAt }, kvm, io(), killed);
            await settle();
            assert.ok(again.cancel("power is back"));
            end();
            const result = await resultOf(again);
            assert.deepEqual(started, ["web", "db", "mail"]);
            assert.deepEqual([stepOf(result, stop), stepOf(result, `${stop}/undo`)], [{ state: "done", note: "web, db, mail" }, { state: "done", note: "web, db, mail" }]);
            const written = records.findLast((record) => record.kind === "result" && record.step === stop);
            assert.deepEqual(written?.kind === "result" && written.did, ["web", "db", "mail"], "for the process after it, once it knows the end");
        });

        it("puts them back when the process before it was killed on the way back", async () => {
            says = ["did web\n"];
            ends = () => new Promise(() => undefined);
            start(kvm);
            await settle();
            const killed = openOf([...records, { kind: "undo", run: "r1", why: "power is back", at: clock.now() }]);
            await resultOf(startLiveRun({ run: "r1", stream: "plug", reason: "x", mode: "live", startedAt: killed.startedAt }, kvm, io(), killed));
            assert.deepEqual(started, ["web"]);
        });

        for (const [what, trouble] of [["takes too long", new Trouble("timeout", "no answer")], ["loses the connection", { end: "lost", output: "" }]] as const) {
            it(`puts them back when the host ${what} after it has named them`, async () => {
                says = ["did web\n"];
                ends = () => trouble;
                const run = start(planOf({ name: "kvm", steps: [{ action: "stop-vms" }] }, { name: "slow", services: ["db"] }));
                const { obey } = hosts;
                hosts.obey = (command, host, tap) => (host === "slow" ? new Promise(() => undefined) : obey(command, host, tap));
                await settle();
                assert.ok(run.cancel("power is back"));
                await settle();
                assert.deepEqual(started, ["web"]);
                void run.suspend();
                await clock.pass(500);
            });
        }
    });

    it("when suspended takes no further step, writes no end, and is over within half a second", async () => {
        hosts.obey = (command) => (command.includes("promtail") ? new Promise(() => undefined) : ok);
        const run = start(s0);
        await settle();
        const suspended = run.suspend();
        await clock.pass(500);
        await suspended;
        assert.equal(await run.finished, undefined);
        assert.deepEqual(records.map((record) => record.kind), ["run", "intent"]);
        assert.deepEqual(hosts.told, ["gpu3: systemctl stop -- promtail"]);
    });

    it("when suspended keeps the result of a step that ends in time", async () => {
        let finish: () => void = () => undefined;
        hosts.obey = () => new Promise((resolve) => { finish = () => resolve(ok); });
        const run = start(planOf({ name: "nas", services: ["web", "db"] }));
        await settle();
        const suspended = run.suspend();
        finish();
        await suspended;
        assert.deepEqual(records.map((record) => record.kind), ["run", "intent", "result"]);
        assert.deepEqual(hosts.told, ["nas: systemctl stop -- web"]);
    });
});
