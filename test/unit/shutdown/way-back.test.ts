import assert from "node:assert/strict";
import * as fc from "fast-check";
import { emptyMemory, remember, type JournalRecord } from "../../../lib/shutdown/journal-records";
import { startLiveRun } from "../../../lib/shutdown/live-run";
import { parsePlan, priorities, type ShutdownPlan } from "../../../lib/shutdown/plan";
import type { RunResult } from "../../../lib/shutdown/progress";
import type { RunIo } from "../../../lib/shutdown/run-io";
import type { Run } from "../../../lib/shutdown/run-view";
import { FakeHosts, ok } from "../../support/fake-hosts";
import { settle, VirtualClock } from "../../support/virtual-clock";

/** Hosts that remember what runs on them, told by the very commands of a run. */
class Rack {
    readonly hosts = new FakeHosts();
    readonly running = new Map<string, Set<string>>();
    readonly off: string[] = [];
    /** Called with the number of commands so far, after each. */
    after: (commands: number) => void = () => undefined;

    constructor(plan: ShutdownPlan) {
        for (const { name, steps } of plan.hosts) this.running.set(name, new Set(steps.map(({ params }) => String(params.service))));
        this.hosts.obey = async (command, host) => {
            const [, service = ""] = /^systemctl stop -- (\S+)$/.exec(command) ?? [];
            const [, again] = /^sh -c .*systemctl start.* ridethrough (\S+) /s.exec(command) ?? [];
            if (service !== "") this.running.get(host)?.delete(service);
            if (again !== undefined) this.running.get(host)?.add(again);
            if (command.startsWith("shutdown -h") || command === "poweroff") this.off.push(host);
            if (command === "shutdown -c") this.off.splice(0, Infinity, ...this.off.filter((other) => other !== host));
            this.after(this.hosts.told.length);
            return Promise.resolve(ok);
        };
    }
}

/** Hosts count down for two minutes, or go down at once. */
const ends = fc.constantFrom("shutdown", "shutdown", "poweroff");
const plans = fc.array(fc.record({ services: fc.integer({ min: 0, max: 3 }), after: fc.array(fc.nat(6), { maxLength: 3 }), priority: fc.constantFrom(...priorities), end: ends }), { minLength: 1, maxLength: 6 }).map((drafts) => {
    const { plan } = parsePlan({
        hosts: drafts.map(({ services, after, priority, end }, index) => ({
            name: `h${index}`, priority, final: { action: end }, services: Array.from({ length: services }, (_, number) => `s${number}`),
            after: after.filter((other) => other < index && drafts[other]?.priority === priority).map((other) => `h${other}`),
        })),
    });
    return plan as ShutdownPlan;
});

describe("power that returns at any point of any plan", () => {
    const io = (clock: VirtualClock, rack: Rack, records: JournalRecord[]): RunIo => ({
        clock, boot: "boot", access: rack.hosts.access, progress: () => undefined,
        note: (record) => {
            records.push(record);
            return Promise.resolve();
        },
    });
    const head = (clock: VirtualClock): Run["head"] => ({ run: "r", stream: "ups", reason: "ups low", mode: "live", startedAt: clock.now() });
    const everything = (plan: ShutdownPlan): [string, string[]][] => plan.hosts.map(({ name, steps }) => [name, steps.map(({ params }) => String(params.service)).sort()]);
    const now = (rack: Rack): [string, string[]][] => [...rack.running].map(([name, services]) => [name, [...services].sort()]);

    it("leaves every host as it was before the commit point, and all of them off after it", async () => {
        await fc.assert(fc.asyncProperty(plans, fc.nat(25), async (plan, at) => {
            const [clock, rack, records] = [new VirtualClock(), new Rack(plan), [] as JournalRecord[]];
            let back = false;
            const run = startLiveRun(head(clock), plan, io(clock, rack, records));
            rack.after = (commands) => {
                if (commands === at + 1) back = run.cancel("power is back");
            };
            const result = await run.finished as RunResult;
            assert.equal(result.outcome, back ? "cancelled" : "completed");
            if (back) assert.deepEqual([now(rack), rack.off], [everything(plan), []]);
            else assert.deepEqual(rack.off.sort(), plan.hosts.map(({ name }) => name).sort());
        }), { numRuns: 300 });
    });

    it("and so it is when the process is killed anywhere on the way back", async () => {
        await fc.assert(fc.asyncProperty(plans, fc.nat(12), fc.nat(30), async (plan, at, kept) => {
            const [clock, rack, records] = [new VirtualClock(), new Rack(plan), [] as JournalRecord[]];
            const run = startLiveRun(head(clock), plan, io(clock, rack, records));
            let back = false;
            rack.after = (commands) => {
                if (commands === at + 1) back = run.cancel("power is back");
            };
            await run.finished;
            fc.pre(back);
            const from = records.findIndex(({ kind }) => kind === "undo") + 1;
            // What was on the disk when the process died; the rack has gone on to where the whole run left it.
            const { open } = records.slice(0, Math.min(records.length - 1, from + kept)).reduce(remember, emptyMemory());
            if (open === undefined) return;
            const again = startLiveRun(head(clock), plan, io(clock, rack, []), open);
            await settle();
            assert.equal((await again.finished)?.outcome, "cancelled");
            assert.deepEqual([now(rack), rack.off], [everything(plan), []]);
        }), { numRuns: 200 });
    });
});
