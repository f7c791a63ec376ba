import assert from "node:assert/strict";
import * as fc from "fast-check";
import { partOf } from "../../../lib/shutdown/domains";
import { startLiveRun } from "../../../lib/shutdown/live-run";
import { parsePlan, priorities } from "../../../lib/shutdown/plan";
import { FakeHosts, ok } from "../../support/fake-hosts";
import { VirtualClock } from "../../support/virtual-clock";

const plans = fc.array(fc.record({ services: fc.integer({ min: 0, max: 2 }), after: fc.array(fc.nat(6), { maxLength: 3 }), priority: fc.constantFrom(...priorities) }), { minLength: 1, maxLength: 6 }).map((drafts) => parsePlan({
    hosts: drafts.map(({ services, after, priority }, index) => ({
        name: `h${index}`, priority, services: Array.from({ length: services }, (_, number) => `s${number}`),
        after: after.filter((other) => other < index && drafts[other]?.priority === priority).map((other) => `h${other}`),
    })),
}).plan ?? assert.fail());

describe("a run that takes in more hosts at any point", () => {
    it("does everything once, held or not, and the hosts that came later in the plan's order (property)", async () => {
        await fc.assert(fc.asyncProperty(plans, fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), fc.nat(12), fc.boolean(), async (plan, first, at, held) => {
            const [clock, hosts] = [new VirtualClock(), new FakeHosts()];
            const isFirst = (name: string): boolean => first[Number(name.slice(1))] === true;
            fc.pre(plan.hosts.some(({ name }) => isFirst(name)));
            const run = startLiveRun({ run: "r", stream: "ups1", reason: "ups1 low", mode: "live", startedAt: clock.now() }, partOf(plan, isFirst), {
                clock, boot: "boot", access: hosts.access, progress: () => undefined, note: () => Promise.resolve(),
            });
            let extended = -1;
            hosts.obey = () => {
                if (extended < 0 && hosts.told.length > at) {
                    extended = hosts.told.length;
                    if (held) run.hold(true, "held");
                    run.extend(plan, "ups2 low", []);
                    if (held) queueMicrotask(() => void run.hold(false, "on"));
                }
                return ok;
            };
            const result = await run.finished;
            assert.equal(result?.outcome, "completed");
            const all = plan.hosts.filter(({ name }) => extended >= 0 || isFirst(name));
            const wanted = all.flatMap(({ name, steps }) => [...steps.map(({ params }) => `${name}: systemctl stop -- ${String(params.service)}`), `${name}: shutdown -h +2`]);
            assert.deepEqual([...hosts.told].sort(), wanted.sort());
            for (const { name, after } of all.filter((host) => !isFirst(host.name))) {
                const begin = hosts.told.findIndex((text) => text.startsWith(`${name}: `));
                const ends = after.map((other) => hosts.told.findLastIndex((text) => text.startsWith(`${other}: systemctl`)));
                assert.ok(ends.every((end) => end < begin), `${name} after ${after.join()} in ${hosts.told.join(" | ")}`);
            }
        }), { numRuns: 150 });
    });
});
