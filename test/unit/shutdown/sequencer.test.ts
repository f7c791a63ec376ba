import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ShutdownCommand } from "../../../lib/power/command";
import { handStream, type Decision, type Switches } from "../../../lib/shutdown/gate";
import { RunJournal } from "../../../lib/shutdown/journal";
import { Trouble } from "../../../lib/kit/trouble";
import { parsePlan } from "../../../lib/shutdown/plan";
import type { RunProgress, RunResult } from "../../../lib/shutdown/progress";
import { Sequencer, type SequencerOptions, type SequencerSetup } from "../../../lib/shutdown/sequencer";
import { FakeHosts, ok } from "../../support/fake-hosts";
import { eventually } from "../../support/eventually";
import { temporaryFolder } from "../../support/temporary-folder";
import { VirtualClock } from "../../support/virtual-clock";

const { plan } = parsePlan({ hosts: [{ name: "app", services: ["web"] }, { name: "nas", services: ["db"], after: ["app"] }] });
const armed: Switches = { dryRun: false, enabled: true, problems: [], unready: [] };

describe("the sequencer", () => {
    let hosts: FakeHosts;
    let clock: VirtualClock;
    let folder: ReturnType<typeof temporaryFolder>;
    let progress: RunProgress[];
    let results: RunResult[];
    let warnings: string[];
    const open: Sequencer<string>[] = [];

    const sequencer = (switches: Switches = armed, { plan: itsPlan = plan, ...more }: Partial<SequencerOptions<string> & SequencerSetup> = {}): Sequencer<string> => {
        const one = new Sequencer<string>({
            setup: () => ({ plan: itsPlan, switches, access: hosts.access }), clock, boot: "boot-1", uptimeMs: () => clock.monotonic() - 1e12, paceMs: 0, stableMs: 0,
            journal: new RunJournal(join(folder.path, "run.journal"), (text) => void warnings.push(text)),
            voice: { progress: (next) => void progress.push(next), result: (next) => void results.push(next), warn: (text) => void warnings.push(text) },
            ...more,
        });
        open.push(one);
        return one;
    };
    const command = (action: ShutdownCommand["action"] = "shutdown", more: Partial<ShutdownCommand> = {}): ShutdownCommand => ({ action, reason: "plug CRITICAL at 24.0 W", at: clock.now(), stream: "plug", conclusive: true, ...more });
    const fake = (action: ShutdownCommand["action"] = "shutdown"): ShutdownCommand => command(action, { stream: "plug (simulated)", simulated: true });
    /** Virtual time passes, real disks need real time. */
    const result = (number = 1): Promise<void> => eventually(() => {
        void clock.pass(50);
        return results.length >= number;
    }, 15_000, () => `result ${number}, got ${JSON.stringify(results.map(({ outcome, text }) => [outcome, text]))}`);
    /** nas hangs in "stop db" until it is let go, as after its time limit. */
    let letGo: () => void = () => undefined;
    const hang = (): void => {
        const freed = new Promise<Trouble>((resolve) => { letGo = () => resolve(new Trouble("timeout", "host nas: no answer within 30 s")); });
        hosts.obey = (text) => (text.startsWith("systemctl stop -- db") ? freed : ok);
    };
    const outcomes = (): string[] => results.map(({ outcome }) => outcome);

    beforeEach(() => {
        hosts = new FakeHosts();
        clock = new VirtualClock();
        folder = temporaryFolder();
        [progress, results, warnings] = [[], [], []];
    });
    afterEach(async () => {
        const closing = Promise.all(open.splice(0).map((one) => one.close(false)));
        await clock.pass(1000);
        await closing;
        await folder.remove();
    });

    it("armed, shuts down and says so", async () => {
        await sequencer().handle(command());
        await result();
        assert.deepEqual(outcomes(), ["completed"]);
        assert.deepEqual(hosts.told, ["app: systemctl stop -- web", "nas: systemctl stop -- db", "app: shutdown -h +2", "nas: shutdown -h +2"]);
    });

    it("by default rehearses: every step would be done, no host is opened", async () => {
        await sequencer({ dryRun: true, enabled: false, problems: [], unready: [] }).handle(command());
        await result();
        assert.deepEqual(outcomes(), ["dry-run"]);
        assert.equal(results[0]?.text, "plug CRITICAL at 24.0 W: would shut down 2 hosts, 2 services, then shutdown -h +2. Nothing was sent: Dry run is on.");
        assert.ok(results[0]?.steps.every((step) => step.state === "would-do"));
        assert.deepEqual(progress.map((next) => next.text).slice(1), [
            "app: would log in", "app: would stop web", "nas: would log in", "nas: would stop db", "app: would run shutdown -h +2", "nas: would run shutdown -h +2",
        ]);
        assert.deepEqual(hosts.opened, []);
    });

    it("without Shutdown enabled only says that a person has to act", async () => {
        await sequencer({ ...armed, enabled: false }).handle(command());
        assert.deepEqual(outcomes(), ["not-enabled"]);
        assert.match(results[0]?.text ?? "", /nothing is shut down: Shutdown enabled is off/);
        assert.deepEqual(hosts.opened, []);
    });

    it("without a plan is disarmed and loud", async () => {
        await sequencer({ ...armed, problems: ["the plan has no hosts"] }, {}).handle(command());
        assert.deepEqual(outcomes(), ["invalid"]);
        assert.match(results[0]?.text ?? "", /the plan has no hosts/);
    });

    it("rehearses simulated input whatever the switches say", async () => {
        await sequencer().handle(fake());
        await result();
        assert.deepEqual([results[0]?.outcome, results[0]?.mode, results[0]?.simulated], ["dry-run", "rehearsal", true]);
        assert.deepEqual(hosts.opened, []);
    });

    it("runs once in an outage, and again in the next", async () => {
        const one = sequencer();
        await one.handle(command());
        await result();
        assert.equal((await one.handle(command())).act, "ignore");
        await one.handle(fake("restored"));
        assert.equal((await one.handle(command())).act, "ignore");
        assert.equal((await one.handle(command("restored"))).act, "rearm");
        assert.equal((await one.handle(command())).act, "run");
        await result(2);
        assert.deepEqual(outcomes(), ["completed", "completed"]);
    });

    it("makes up for a transition that got lost: the state on the readings starts the one run, and re-arms for the next", async () => {
        const one = sequencer();
        assert.equal((await one.handle(command("shutdown"), undefined, true)).act, "run");
        await result();
        for (let reading = 0; reading < 3; reading += 1) assert.equal((await one.handle(command("shutdown"), undefined, true)).act, "ignore");
        await one.close(false);
        const next = sequencer();
        assert.equal((await next.handle(command("shutdown"), undefined, true)).act, "ignore", "the same outage after a restart");
        assert.equal((await next.handle(command("restored"), undefined, true)).act, "rearm");
        assert.equal((await next.handle(command("shutdown"), undefined, true)).act, "run");
        await result(2);
        assert.deepEqual(outcomes(), ["completed", "completed"]);
    });

    it("takes a change that comes as state and as news for one, whichever is first", async () => {
        for (const levelFirst of [true, false]) {
            const stream = levelFirst ? "a" : "b";
            const one = sequencer();
            const both = async (action: ShutdownCommand["action"]): Promise<Decision[]> => {
                await clock.pass(1000);
                const change = command(action, { stream });
                return [await one.handle(change, undefined, levelFirst), await one.handle(change, undefined, !levelFirst)];
            };
            assert.deepEqual((await both("shutdown")).map(({ act }) => act), ["run", "ignore"]);
            const back = await both("restored");
            assert.ok(back.some(({ act }) => act === "cancel"), `news of returning power end the run, ${levelFirst ? "after" : "before"} the state: ${JSON.stringify(back)}`);
            await result(levelFirst ? 1 : 2);
            await one.close(false);
        }
    });

    it("says once what stands in the way, however many readings say CRITICAL", async () => {
        const one = sequencer({ ...armed, enabled: false });
        await one.handle(command());
        for (let reading = 0; reading < 3; reading += 1) await one.handle(command("shutdown"), undefined, true);
        assert.deepEqual(outcomes(), ["not-enabled"]);
    });

    it("does not run again after a restart in the same outage", async () => {
        const first = sequencer();
        await first.handle(command());
        await result();
        await first.close(false);
        assert.equal((await sequencer().handle(command())).act, "ignore");
        assert.equal(hosts.told.length, 4);
    });

    it("begins anew after this machine itself was started again: by news alone, since what is said again may be of before, and once", async () => {
        const first = sequencer();
        await first.handle(command());
        assert.equal((await first.handle(command("shutdown", { stream: "ups" }))).act, "join");
        await result();
        await first.close(false);
        const second = sequencer(armed, { boot: "boot-2" });
        assert.deepEqual([(await second.handle(command("shutdown"), undefined, true)).act, second.spent], ["ignore", []]);
        await second.close(false);
        const third = sequencer(armed, { boot: "boot-2" });
        assert.equal((await third.handle(command("shutdown", { stream: "ups" }))).act, "run", "who had joined the run, too");
        assert.equal((await third.handle(command("shutdown"))).act, "join");
        await result(2);
        await third.close(false);
        const fourth = sequencer(armed, { boot: "boot-2" });
        for (const stream of ["plug", "ups"]) assert.equal((await fourth.handle(command("shutdown", { stream }))).act, "ignore", stream);
    });

    it("rehearses an outage once, also over a restart", async () => {
        const first = sequencer({ ...armed, dryRun: true });
        await first.handle(command());
        await result();
        assert.equal((await first.handle(command())).act, "ignore");
        await first.close(false);
        assert.equal((await sequencer({ ...armed, dryRun: true }).handle(command())).act, "ignore");
        assert.equal((await sequencer().handle(command())).act, "run", "but armed meanwhile, it acts");
    });

    it("breaks a rehearsal off for a real shutdown", async () => {
        const one = sequencer(armed, { paceMs: 300 });
        await one.handle(fake());
        assert.equal((await one.handle(command())).act, "run");
        await result(2);
        assert.deepEqual(results.map(({ outcome, mode }) => [outcome, mode]).sort(), [["cancelled", "rehearsal"], ["completed", "live"]]);
    });

    it("does not let simulated input touch a real run", async () => {
        hang();
        const one = sequencer();
        await one.handle(command());
        await eventually(() => hosts.told.length === 2);
        for (const action of ["shutdown", "restored", "cancel"] as const) assert.equal((await one.handle(fake(action))).act, "ignore");
        assert.equal(one.run?.head.mode, "live");
        assert.deepEqual(results, []);
    });

    it("ends a run when power returns before the final commands, and is ready again", async () => {
        hang();
        const one = sequencer();
        await one.handle(command());
        await eventually(() => hosts.told.length === 2);
        await one.handle(command("restored", { reason: "plug HEALTHY at 300.0 W" }));
        letGo();
        await result();
        assert.deepEqual(outcomes(), ["cancelled"]);
        assert.match(results[0]?.text ?? "", /power is back .*2 of 2 steps put back/);
        hosts.obey = () => ok;
        assert.equal((await one.handle(command())).act, "run");
    });

    it("goes on for another source that failed meanwhile, when power returns to the first, and ends when it returns to both", async () => {
        hang();
        const one = sequencer();
        await one.handle(command());
        await eventually(() => hosts.told.length === 2);
        assert.equal((await one.handle(command("shutdown", { stream: "ups" }))).act, "join");
        assert.equal((await one.handle(command("restored"))).act, "rearm");
        assert.equal(one.run?.head.mode, "live", "ups still has no power");
        assert.equal((await one.handle(command())).act, "join", "the first source fails again");
        assert.equal((await one.handle(command("restored", { stream: "ups" }))).act, "rearm");
        assert.equal((await one.handle(command("restored"))).act, "cancel");
        letGo();
        await result();
        assert.deepEqual(outcomes(), ["cancelled"]);
    });

    it("waits whether power that is back stays back, takes no step meanwhile, and then puts back what was done", async () => {
        hang();
        const one = sequencer(armed, { stableMs: 30_000 });
        await one.handle(command());
        await eventually(() => hosts.told.length === 2);
        assert.equal((await one.handle(command("restored"))).act, "ignore");
        assert.match(progress.at(-1)?.text ?? "", /power is back .* waiting 30 s/);
        letGo();
        await clock.pass(29_000);
        assert.equal(hosts.told.length, 2, "no final command");
        await clock.pass(1000);
        await result();
        assert.deepEqual(outcomes(), ["cancelled"]);
    });

    it("goes on when power fails again before it was back for long enough, without a second run", async () => {
        hang();
        const one = sequencer(armed, { stableMs: 30_000 });
        await one.handle(command());
        await eventually(() => hosts.told.length === 2);
        await one.handle(command("restored"), undefined, true);
        letGo();
        await clock.pass(20_000);
        assert.equal((await one.handle(command())).act, "join");
        await result();
        assert.deepEqual(outcomes(), ["incomplete"], "stop db took too long, everything else was done");
    });

    for (const level of [false, true]) {
        it(`is ready for the next outage when power is back on the way back${level ? ", as readings say it" : ""}`, async () => {
            hang();
            const one = sequencer();
            await one.handle(command());
            await eventually(() => hosts.told.length === 2);
            await one.handle(command("cancel", { conclusive: false }));
            assert.equal((await one.handle(command("restored"), undefined, level)).act, "rearm");
            letGo();
            await result();
            assert.deepEqual(one.spent, []);
        });
    }

    it("is ready for the next outage when a person ends the run while power that is back has to stay back", async () => {
        hang();
        const one = sequencer(armed, { stableMs: 30_000 });
        await one.handle(command());
        await eventually(() => hosts.told.length === 2);
        await one.handle(command("restored"));
        await one.handle(command("cancel", { conclusive: false }));
        letGo();
        await result();
        assert.deepEqual(one.spent, []);
        hosts.obey = () => ok;
        await one.handle(command());
        await result(2);
        assert.deepEqual(outcomes(), ["cancelled", "completed"]);
    });

    it("is ready for the next outage when a run finishes before power was back for long enough", async () => {
        const { plan: counting } = parsePlan({ hosts: [{ name: "cam" }, { name: "nas", services: ["db"] }] });
        hang();
        const one = sequencer(armed, { stableMs: 30_000, plan: counting });
        await one.handle(command());
        await eventually(() => hosts.told.includes("cam: shutdown -h +2") && hosts.told.includes("nas: systemctl stop -- db"));
        await clock.pass(90_000);
        await one.handle(command("restored"));
        await clock.pass(15_000);
        assert.equal(one.run?.committed, true);
        // Nothing can hold or end it any more, and it waits for nobody.
        assert.deepEqual([progress.at(-1)?.control, progress.at(-1)?.waits], [undefined, undefined]);
        letGo();
        await result();
        assert.deepEqual([hosts.told.at(-1), one.spent], ["nas: shutdown -h +2", []]);
    });

    it("goes on at once when another source fails while power that is back has to stay back, and ends when both are back", async () => {
        hang();
        const one = sequencer(armed, { stableMs: 30_000 });
        await one.handle(command());
        await eventually(() => hosts.told.length === 2);
        await one.handle(command("restored"));
        await clock.pass(10_000);
        assert.equal((await one.handle(command("shutdown", { stream: "ups" }))).act, "join");
        assert.equal(progress.at(-1)?.waits, undefined);
        await clock.pass(25_000);
        assert.equal(one.run?.head.mode, "live", "the first source is back for good, the other is not");
        await one.handle(command("restored", { stream: "ups" }));
        await clock.pass(30_000);
        letGo();
        await result();
        assert.deepEqual(outcomes(), ["cancelled"]);
    });

    it("does not wait for power for ever when another source failed meanwhile", async () => {
        hang();
        const one = sequencer(armed, { stableMs: 30_000 });
        await one.handle(command());
        await eventually(() => hosts.told.length === 2);
        await one.handle(command("restored"));
        await one.handle(command("shutdown", { stream: "ups" }));
        letGo();
        await clock.pass(60_000);
        await result();
        assert.deepEqual(outcomes(), ["incomplete"], "stop db took too long, everything else was done");
    });

    it("believes a decider that has waited itself", async () => {
        hang();
        const one = sequencer(armed, { stableMs: 30_000 });
        await one.handle(command());
        await eventually(() => hosts.told.length === 2);
        assert.equal((await one.handle(command("restored", { stableSeconds: 30 }))).act, "cancel");
        letGo();
        await result();
        assert.deepEqual(outcomes(), ["cancelled"]);
    });

    it("begins the next run when power fails on the way back of the last", async () => {
        hang();
        const one = sequencer();
        await one.handle(command());
        await eventually(() => hosts.told.length === 2);
        await one.handle(command("restored"));
        await clock.pass(1000);
        assert.equal((await one.handle(command())).act, "ignore");
        letGo();
        await result(2);
        assert.deepEqual(outcomes(), ["cancelled", "incomplete"]);
    });

    /** Power was back, and has failed again while nas still stops db. */
    const failedOnTheWayBack = async (): Promise<Sequencer<string>> => {
        hang();
        const one = sequencer();
        await one.handle(command());
        await eventually(() => hosts.told.length === 2);
        await one.handle(command("restored"));
        await one.handle(command());
        return one;
    };
    for (const [event, end] of [["a redeploy", (one: Sequencer<string>) => one.close(false)], ["a kill", () => Promise.resolve()]] as const) {
        it(`begins it also after ${event} on that way back, though a trigger tells its decision only once`, async () => {
            const one = await failedOnTheWayBack();
            await eventually(() => readFileSync(join(folder.path, "run.journal"), "utf8").includes('"next"'));
            const ended = end(one);
            await clock.pass(1000);
            await ended;
            hosts.obey = () => ok;
            const next = sequencer();
            await next.ready;
            await result(2);
            assert.deepEqual([outcomes(), next.spent], [["cancelled", "completed"], ["plug"]]);
            // Nor twice, after yet another start.
            await next.close(false);
            const last = sequencer();
            await last.ready;
            assert.equal(last.run, undefined);
        });
    }

    it("begins none after a minute without it when a trigger then says that power is back", async () => {
        const one = await failedOnTheWayBack();
        const ended = one.close(false);
        await clock.pass(60_000);
        await ended;
        hosts.obey = () => ok;
        const next = sequencer();
        await next.ready;
        await clock.pass(35_000);
        assert.deepEqual(outcomes(), [], "the way back does not end before somebody can have said so");
        await next.handle(command("restored"));
        await clock.pass(11_000);
        await result();
        assert.deepEqual([outcomes(), next.run, next.spent], [["cancelled"], undefined, []]);
    });

    it("begins none after a redeploy on the way back when power is back again by then", async () => {
        const one = await failedOnTheWayBack();
        await one.handle(command("restored"));
        const ended = one.close(false);
        await clock.pass(1000);
        await ended;
        hosts.obey = () => ok;
        const next = sequencer();
        await next.ready;
        await result();
        await clock.pass(1000);
        assert.deepEqual([outcomes(), next.run, next.spent], [["cancelled"], undefined, []]);
    });

    it("is held by a person for a bounded time, with the run's own token", async () => {
        hang();
        const one = sequencer(armed, { holdMs: 60_000, needsToken: true });
        assert.match(one.hold(true, false, "x") ?? "", /nothing is under way/);
        await one.handle(command());
        await eventually(() => hosts.told.length === 2);
        const token = progress.at(-1)?.control?.token;
        assert.match(one.hold(true, false, undefined) ?? "", /token is needed/);
        assert.match(one.hold(true, false, "forged") ?? "", /another run/);
        assert.match(one.hold(true, true, token) ?? "", /simulated/);
        assert.equal(one.hold(true, false, token), undefined);
        assert.match(one.hold(true, false, token) ?? "", /already/);
        letGo();
        await clock.pass(59_000);
        assert.equal(hosts.told.length, 2);
        await clock.pass(1000);
        await result();
        assert.deepEqual(outcomes(), ["incomplete"], "stop db took too long, everything else was done");
        assert.ok(progress.some(({ text }) => text === "the hold is over: going on"));
        assert.notEqual(one.tokenProblem(token), undefined, "good for one run only");
    });

    it("tells what it waits for and until when, also when a hold and returning power overlap", async () => {
        hang();
        const one = sequencer(armed, { stableMs: 30_000, holdMs: 60_000 });
        await one.handle(command());
        await eventually(() => hosts.told.length === 2);
        const waits = (): (number | undefined)[] => {
            const { waits: { held, power } = {}, at = NaN } = progress.at(-1) ?? assert.fail();
            assert.equal(at, clock.now(), "told at once");
            return [held, power];
        };
        assert.deepEqual(waits(), [undefined, undefined]);
        const begun = clock.now();
        one.hold(true, false, undefined);
        assert.deepEqual(waits(), [begun + 60_000, undefined]);
        await clock.pass(10_000);
        await one.handle(command("restored"));
        assert.deepEqual(waits(), [begun + 60_000, begun + 40_000]);
        one.hold(false, false, undefined);
        assert.deepEqual(waits(), [undefined, begun + 40_000]);
        assert.equal(hosts.told.length, 2, "power may still be back for good");
        await one.handle(command());
        assert.deepEqual(waits(), [undefined, undefined]);
        letGo();
        await result();
        assert.deepEqual(outcomes(), ["incomplete"], "stop db took too long, everything else was done");
    });

    it("lets a person end the very rehearsal that is meant, by its token, and hold none", async () => {
        const one = sequencer({ ...armed, dryRun: true }, { paceMs: 300, needsToken: true });
        await one.handle(command());
        const token = progress.at(-1)?.control?.token;
        assert.match(one.hold(true, false, token) ?? "", /a rehearsal can't be held/);
        assert.match(one.tokenProblem(undefined) ?? "", /token is needed/);
        assert.equal(one.tokenProblem(token), undefined);
        await one.handle(command("cancel"));
        await result();
        assert.deepEqual(outcomes(), ["cancelled"]);
        assert.match(one.tokenProblem(token) ?? "", /another run/);
    });

    it("lets no token of a rehearsal touch the real run that broke it off", async () => {
        hang();
        const one = sequencer(armed, { paceMs: 300 });
        await one.handle(fake());
        const token = progress.at(-1)?.control?.token;
        await one.handle(command());
        await eventually(() => hosts.told.length === 2);
        assert.match(one.tokenProblem(token) ?? "", /another run/);
        assert.equal(one.tokenProblem(progress.at(-1)?.control?.token), undefined);
        letGo();
    });

    it("ends a run for a person, who need not fear that it starts again in this outage", async () => {
        hang();
        const one = sequencer();
        await one.handle(command());
        await eventually(() => hosts.told.length === 2);
        await one.handle(command("cancel", { reason: "by hand", stream: "manual (simulated)" }));
        letGo();
        await result();
        assert.deepEqual(outcomes(), ["cancelled"]);
        assert.equal((await one.handle(command())).act, "ignore");
    });

    describe("by a person's hand", () => {
        const byHand = (one: Sequencer<string>, host = "nas", more: Partial<ShutdownCommand> = {}): Promise<Decision> => one.handle(command("shutdown", { stream: "by hand", reason: `${host} by hand`, ...more }), undefined, false, host);
        const ofNas = ["nas: systemctl stop -- db", "nas: shutdown -h +2"];

        it("shuts down that host and no other, and is ready for an outage", async () => {
            const one = sequencer();
            await byHand(one);
            await result();
            assert.deepEqual([hosts.told, one.spent], [ofNas, []]);
            assert.deepEqual([results[0]?.outcome, results[0]?.only, results[0]?.steps.every(({ host }) => host === "nas")], ["completed", "nas", true]);
            await one.handle(command());
            await result(2);
            assert.deepEqual([outcomes(), results[1]?.only, hosts.told.length], [["completed", "completed"], undefined, 6]);
        });

        it("rehearses it with a dry run, and opens no host", async () => {
            await byHand(sequencer({ ...armed, dryRun: true }));
            await result();
            assert.deepEqual([outcomes(), results[0]?.steps.map(({ host }) => host), hosts.opened], [["dry-run"], ["nas", "nas", "nas"], []]);
        });

        it("is refused for a host that is not in the plan", async () => {
            assert.deepEqual(await byHand(sequencer(), "sql"), { act: "ignore", why: "it is not in the plan" });
            assert.deepEqual(hosts.opened, []);
        });

        it("is put back when the person thinks better of it", async () => {
            hang();
            const one = sequencer();
            await byHand(one);
            await eventually(() => hosts.told.length === 1);
            await one.handle(command("cancel"));
            letGo();
            await result();
            assert.deepEqual([outcomes(), hosts.told.some((text) => text.includes("shutdown -h"))], [["cancelled"], false]);
        });

        it("an outage that comes meanwhile joins: the others go too, and what was done is not done again", async () => {
            hang();
            const one = sequencer();
            await byHand(one);
            await eventually(() => hosts.told.length === 1);
            assert.equal((await one.handle(command())).act, "join");
            await eventually(() => hosts.told.includes("app: systemctl stop -- web"));
            letGo();
            await result();
            assert.deepEqual([...hosts.told].sort(), ["app: shutdown -h +2", "app: systemctl stop -- web", ...ofNas].sort());
            assert.deepEqual([results.length, results[0]?.only, results[0]?.reason, one.spent], [1, undefined, "nas by hand, then plug CRITICAL at 24.0 W", ["plug"]]);
        });

        it("an outage that comes after its final command has a run of its own, which returning power still ends", async () => {
            let off: () => void = () => undefined;
            const gone = new Promise<typeof ok>((resolve) => { off = () => resolve(ok); });
            hosts.obey = (text, host) => (host === "nas" && text === "poweroff" ? gone : text.startsWith("systemctl stop -- web") ? new Promise(() => undefined) : ok);
            const { plan: atOnce } = parsePlan({ hosts: [{ name: "app", services: ["web"] }, { name: "nas", services: ["db"], after: ["app"] }], final: { verb: "poweroff" } });
            const one = sequencer(armed, { plan: atOnce });
            await byHand(one);
            await eventually(() => hosts.told.length === 2);
            assert.equal((await one.handle(command())).act, "run");
            await eventually(() => hosts.told.includes("app: systemctl stop -- web"));
            assert.equal((await one.handle(command("restored"))).act, "cancel");
            off();
            await result();
            assert.deepEqual([results[0]?.only, results[0]?.outcome], ["nas", "completed"]);
        });

        it("that was interrupted goes on with that host alone, whoever was put into the plan since", async () => {
            hang();
            const first = sequencer();
            await byHand(first);
            await eventually(() => hosts.told.length === 1);
            const closing = first.close(false);
            await clock.pass(1000);
            await closing;
            letGo();
            hosts.obey = () => ok;
            const { plan: larger } = parsePlan({ hosts: [{ name: "app", services: ["web"] }, { name: "nas", services: ["db"], after: ["app"] }, { name: "new", services: ["cam"] }] });
            const second = sequencer(armed, { plan: larger });
            await second.ready;
            await result();
            assert.deepEqual([results.at(-1)?.only, hosts.told], ["nas", ["nas: systemctl stop -- db", ...ofNas]]);
        });
    });

    describe("with hosts that two UPSes feed", () => {
        const fed = parsePlan({ hosts: [
            { name: "app", services: ["web"], fedBy: ["ups1"] },
            { name: "nas", services: ["db"], fedBy: ["ups1", "ups2"], after: ["app"] },
            { name: "cam", services: ["rec"], fedBy: ["ups2"] },
        ] }).plan;
        const of = (stream: string, action: ShutdownCommand["action"] = "shutdown"): ShutdownCommand => command(action, { stream, reason: `${stream} ${action}` });
        const off = (): string[] => hosts.told.filter((text) => text.includes("shutdown -h")).map((text) => text.split(":")[0] ?? "");

        it("takes those that one UPS feeds alone, says who stays, and the others when theirs fails, too", async () => {
            const one = sequencer(armed, { plan: fed });
            await one.handle(of("ups2", "restored"), undefined, true);
            await one.handle(of("ups1"));
            await result();
            assert.deepEqual([outcomes(), off()], [["completed"], ["app"]]);
            assert.match(progress[0]?.text ?? "", /1 host, 1 service, then shutdown -h \+2; nas, cam stay, fed by ups2/);
            await one.handle(of("ups2"));
            await result(2);
            assert.deepEqual([outcomes(), off()], [["completed", "completed"], ["app", "nas", "cam"]], "each once");
        });

        it("takes the rest in, in order, when the other UPS fails in the middle of the run", async () => {
            let letWebGo = (): void => undefined;
            const freed = new Promise<typeof ok>((resolve) => { letWebGo = () => resolve(ok); });
            hosts.obey = (text) => (text === "systemctl stop -- web" ? freed : ok);
            const one = sequencer(armed, { plan: fed });
            one.speaks("ups2");
            await one.handle(of("ups1"));
            await eventually(() => hosts.told.length === 1);
            assert.equal((await one.handle(of("ups2"))).act, "join");
            await eventually(() => hosts.told.includes("cam: systemctl stop -- rec"));
            assert.ok(!hosts.told.includes("nas: systemctl stop -- db"), "nas comes after app");
            letWebGo();
            await result();
            assert.deepEqual([outcomes(), off().sort()], [["completed"], ["app", "cam", "nas"]]);
            assert.equal(hosts.told.filter((text) => text === "app: systemctl stop -- web").length, 1);
            assert.ok(hosts.told.indexOf("nas: systemctl stop -- db") < hosts.told.indexOf("app: shutdown -h +2"), "one group, as in the whole plan");
        });

        it("after a kill goes on with the hosts of the run, those that came later among them", async () => {
            hosts.obey = (text) => (text === "systemctl stop -- web" ? new Promise(() => undefined) : ok);
            const one = sequencer(armed, { plan: fed });
            one.speaks("ups2");
            await one.handle(of("ups1"));
            await eventually(() => hosts.told.length === 1);
            const ending = one.close(false);
            await clock.pass(1000);
            await ending;
            hosts.obey = () => ok;
            const next = sequencer(armed, { plan: fed });
            await result();
            assert.deepEqual([outcomes(), off()], [["completed"], ["app"]], "ups2's hosts stay, although nothing has been heard of it yet");
            await next.handle(of("ups2"));
            await result(2);
            assert.deepEqual(off(), ["app", "nas", "cam"]);
        });

        it("takes everybody when nothing is known of the other UPS, or it has been silent for long", async () => {
            const one = sequencer(armed, { plan: fed });
            await one.handle(of("ups2", "restored"), undefined, true);
            await clock.pass(6 * 60_000);
            await one.handle(of("ups1"));
            await result();
            assert.deepEqual(off().sort(), ["app", "cam", "nas"]);
        });

        it("rehearses the part that a simulated outage takes", async () => {
            const one = sequencer(armed, { plan: fed });
            one.speaks("ups2");
            await one.handle(command("shutdown", { stream: "ups1 (simulated)", simulated: true }));
            await result();
            assert.match(results[0]?.text ?? "", /would shut down 1 host, .*nas, cam stay, fed by ups2/);
        });

        it("lets a host stay that another UPS feeds again, also one whose outage took nobody", async () => {
            const one = sequencer(armed, { stableMs: 30_000, plan: parsePlan({ hosts: [{ name: "nas", services: ["db"], fedBy: ["ups1", "ups2"] }, { name: "cam", services: ["rec"], fedBy: ["ups2"] }] }).plan });
            one.speaks("ups2");
            await one.handle(of("ups1"));
            await result();
            hang();
            await one.handle(of("ups2"));
            await eventually(() => hosts.told.includes("nas: systemctl stop -- db"));
            await one.handle(of("ups1", "restored"), undefined, true);
            letGo();
            await clock.pass(31_000);
            await result(2);
            assert.deepEqual(off(), ["cam"]);
            assert.match(results[1]?.text ?? "", /; nas stays, with power again/);
            assert.ok(hosts.of("nas").some((text) => text.includes("systemctl start")));
        });

        for (const again of [false, true]) {
            it(`${again ? "takes" : "lets stay"} a host, when a redeploy comes while it is to be seen whether the power stays that ${again ? "then fails again" : "it has again"}`, async () => {
                // The outage of ups1, called off by a person, is not one that the run answers.
                const feeds = { plan: parsePlan({ hosts: [{ name: "nas", services: ["db"], fedBy: ["ups1", "ups2"] }, { name: "cam", services: ["rec"], fedBy: ["ups2"] }] }).plan, stableMs: 30_000 };
                const first = sequencer(armed, feeds);
                await first.handle(of("ups1"));
                await first.handle(command("cancel", { conclusive: false }));
                await result();
                hang();
                await first.handle(of("ups2"));
                await eventually(() => hosts.told.includes("nas: systemctl stop -- db"));
                await first.handle(of("ups1", "restored"));
                const closing = first.close(false);
                await clock.pass(500);
                await closing;
                hosts.obey = () => ok;
                const next = sequencer(armed, feeds);
                await next.ready;
                await eventually(() => off().includes("cam"));
                if (again) await next.handle(of("ups1"));
                await clock.pass(31_000);
                await result(2);
                assert.deepEqual(off(), again ? ["cam", "nas"] : ["cam"]);
                assert.equal(hosts.of("nas").some((text) => text.includes("systemctl start")), !again);
            });
        }

        it("a host by hand goes, whatever power says", async () => {
            const one = sequencer(armed, { stableMs: 30_000, plan: fed });
            hang();
            await one.handle(command("shutdown", { stream: handStream }), undefined, false, "nas");
            await eventually(() => hosts.told.includes("nas: systemctl stop -- db"));
            await one.handle(of("ups1", "restored"));
            letGo();
            await result();
            assert.deepEqual(off(), ["nas"]);
        });

        it("goes on for an outage that has had its run, when power is back for a second one that takes the same hosts", async () => {
            const one = sequencer(armed, { stableMs: 0, plan: parsePlan({ hosts: [{ name: "app", services: ["web"], fedBy: ["ups1"] }, { name: "nas", services: ["db"] }] }).plan });
            await one.handle(of("ups1"));
            await result();
            hang();
            await one.handle(of("station"));
            await eventually(() => hosts.told.filter((text) => text === "nas: systemctl stop -- db").length === 2);
            await one.handle(of("station", "restored"));
            letGo();
            await result(2);
            assert.ok(hosts.told.every((text) => !text.includes("shutdown -c")));
            assert.equal(results[1]?.outcome, "incomplete");
        });

        it("but not for one that a person has called off", async () => {
            const one = sequencer(armed, { plan: parsePlan({ hosts: [{ name: "nas", services: ["db"] }] }).plan });
            hang();
            await one.handle(of("ups1"));
            await eventually(() => hosts.told.length === 1);
            await one.handle(command("cancel", { conclusive: false }));
            letGo();
            await result();
            hang();
            await one.handle(of("station"));
            await eventually(() => hosts.told.filter((text) => text === "nas: systemctl stop -- db").length === 2);
            await one.handle(of("station", "restored"));
            letGo();
            await result(2);
            assert.deepEqual([outcomes(), off()], [["cancelled", "cancelled"], []]);
        });

        it("takes the host that stayed for a UPS whose power was back for a moment", async () => {
            const one = sequencer(armed, { stableMs: 30_000, plan: parsePlan({ hosts: [{ name: "app", services: ["db"] }, { name: "nas", fedBy: ["ups1", "ups2"] }] }).plan });
            hang();
            one.speaks("ups1");
            await one.handle(of("ups2"));
            await eventually(() => hosts.told.length === 1);
            await one.handle(of("ups2", "restored"));
            await one.handle(of("ups1"));
            await one.handle(of("ups2"));
            letGo();
            await result();
            assert.deepEqual(off().sort(), ["app", "nas"]);
        });

        it("shuts nothing down when every host is fed by something else, and says so", async () => {
            const one = sequencer(armed, { plan: parsePlan({ hosts: [{ name: "nas", fedBy: ["ups1", "ups2"] }] }).plan });
            one.speaks("ups2");
            await one.handle(of("ups1"));
            await result();
            assert.deepEqual([results[0]?.text, hosts.opened], ["ups1 shutdown, and nothing is shut down: no host loses its power by it (nas stays, fed by ups2).", []]);
            await one.handle(of("ups2"));
            await result(2);
            assert.deepEqual(off(), ["nas"]);
        });
    });

    describe("with a run that was interrupted", () => {
        /** A first life that ends while nas is stopping db. */
        const interrupt = async (): Promise<void> => {
            hosts.obey = (text) => (text.includes("db") ? new Promise(() => undefined) : ok);
            const first = sequencer();
            await first.handle(command());
            await eventually(() => hosts.told.length === 2);
            const closing = first.close(false);
            await clock.pass(500);
            await closing;
            assert.deepEqual(results, []);
            hosts.told.length = 0;
            hosts.obey = () => ok;
        };

        it("finishes it: what was done is not done again, what was under way is", async () => {
            await interrupt();
            sequencer();
            await result();
            assert.deepEqual(outcomes(), ["completed"]);
            assert.deepEqual(hosts.told, ["nas: systemctl stop -- db", "app: shutdown -h +2", "nas: shutdown -h +2"]);
            assert.match(warnings.join(), /continuing it/);
        });

        for (const [why, switches, more, outcome] of [
            ["Dry run was switched on meanwhile", { ...armed, dryRun: true }, {}, "cancelled"],
            ["the plan is broken now", { ...armed, problems: ["the plan has no hosts"] }, {}, "cancelled"],
            ["the machine has been restarted: power must be back", armed, { boot: "boot-2" }, "incomplete"],
        ] as const) {
            it(`does not go on with it when ${why}, and says so`, async () => {
                await interrupt();
                const next = sequencer(switches, more);
                await result();
                assert.deepEqual(outcomes(), [outcome]);
                assert.match(results[0]?.text ?? "", /interrupted and is not continued/);
                const [web] = results[0]?.steps.filter(({ id }) => id === "app/stop-service/web") ?? [];
                assert.equal(web?.state, "done");
                assert.ok((web.startedAt ?? Infinity) <= (web.endedAt ?? NaN), "and when each step was taken");
                assert.deepEqual(hosts.told, []);
                await next.close(false);
                await sequencer(switches, more).ready;
                assert.equal(results.length, 1, "says it once");
            });
        }

        it("tells how far the way back had come, when the machine is restarted in the middle of it", async () => {
            const first = sequencer(armed, { stableMs: 0 });
            hang();
            await first.handle(command());
            await eventually(() => hosts.told.length === 2);
            hosts.obey = (text) => (text.includes("systemctl start") && text.includes("web") ? new Promise(() => undefined) : ok);
            assert.equal((await first.handle(command("restored"))).act, "cancel");
            letGo();
            await eventually(() => hosts.told.some((text) => text.includes("systemctl start") && text.includes("web")));
            const closing = first.close(false);
            await clock.pass(500);
            await closing;
            await sequencer(armed, { boot: "boot-2" }).ready;
            await result();
            const [{ outcome, text = "", steps = [] } = {}] = results;
            assert.equal(outcome, "cancelled");
            assert.match(text, /this machine has been restarted since\n1 of 2 steps put back\. A person has to look at: app: undo "stop web" left out: interrupted\.$/);
            assert.deepEqual(steps.filter(({ kind }) => kind === "undo").map(({ id, state }) => `${id} ${state}`), ["nas/stop-service/db/undo done", "app/stop-service/web/undo skipped"]);
        });

        it("after a minute first waits for a reading: when power has returned meanwhile, it ends", async () => {
            await interrupt();
            await clock.pass(60_000);
            const next = sequencer();
            await next.ready;
            assert.match(progress.at(-1)?.text ?? "", /^continuing .* in 45 s, unless power is back/);
            // A trigger's word comes when mains was there for 30 s.
            await clock.pass(44_000);
            assert.deepEqual(hosts.told, []);
            assert.equal((await next.handle(command("restored"))).act, "cancel");
            await result();
            assert.deepEqual(outcomes(), ["cancelled"]);
            assert.deepEqual((hosts.told as string[]).filter((line) => !line.includes("systemctl start")), [], "only puts back what the first life did");
        });

        it("after a minute goes on, when nobody says that power is back", async () => {
            await interrupt();
            await clock.pass(60_000);
            await sequencer().ready;
            await clock.pass(45_000);
            await result();
            assert.deepEqual([outcomes(), hosts.told.length], [["completed"], 3]);
        });

        it("finishes it on a machine without a clock of its own, whose time was set by a month in between", async () => {
            await interrupt();
            const up = clock.monotonic();
            clock = new VirtualClock(clock.now() + 31 * 86_400_000);
            sequencer(armed, { uptimeMs: () => up - 1e12 + 4000 });
            await result();
            assert.deepEqual([outcomes(), hosts.told.length], [["completed"], 3]);
        });

        it("does not go on with it after a quarter of an hour, but answers a new command", async () => {
            await interrupt();
            await clock.pass(16 * 60_000);
            const next = sequencer();
            await result();
            assert.deepEqual([outcomes(), hosts.told], [["incomplete"], []]);
            assert.equal((await next.handle(command())).act, "run");
        });
    });

    it("ends the run with a message when its node is removed", async () => {
        hosts.obey = () => new Promise(() => undefined);
        const one = sequencer();
        await one.handle(command());
        await eventually(() => hosts.told.length === 1);
        await one.close(true);
        await result();
        assert.match(results[0]?.text ?? "", /removed in the middle of the run/);
        hosts.obey = () => ok;
        assert.equal((await sequencer().handle(command())).act, "run", "nothing is left of it");
    });

    for (const when of ["is committed", "is being put back"] as const) {
        it(`ends a run that ${when} with one true message when its node is removed`, async () => {
            hang();
            const one = sequencer(armed, { plan: parsePlan({ hosts: [{ name: "cam", final: { action: "poweroff" } }, { name: "nas", services: ["db"] }] }).plan });
            if (when === "is being put back") hosts.connect = (host) => (host === "cam" ? new Promise(() => undefined) : Promise.resolve());
            await one.handle(command());
            await eventually(() => hosts.told.length === (when === "is committed" ? 2 : 1));
            if (when === "is being put back") assert.equal((await one.handle(command("cancel", { conclusive: false }))).act, "cancel");
            else await clock.pass(10);
            await one.close(true);
            const [only, ...more] = results;
            assert.deepEqual(more, []);
            assert.equal(only?.outcome, when === "is committed" ? "incomplete" : "cancelled");
            assert.match(only?.text ?? "", when === "is committed" ? /removed in the middle of the run\. .*final command taken by 1 of 2 hosts/ : /removed in the middle of the run\. /);
            assert.ok(only?.steps.every(({ state }) => state !== "planned" && state !== "running"));
            letGo();
            await clock.pass(60_000);
            assert.equal(results.length, 1);
        });
    }

    it("shuts down although nobody can listen", async () => {
        const deaf = (): never => { throw new Error("no ears"); };
        await sequencer(armed, { voice: { progress: deaf, result: deaf, warn: (text) => void warnings.push(text) } }).handle(command());
        await eventually(() => hosts.told.length === 4);
    });
});
