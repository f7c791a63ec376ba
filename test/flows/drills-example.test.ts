import assert from "node:assert/strict";
import type { HostStanding } from "../../lib/shutdown/arming";
import type { RunProgress, RunResult } from "../../lib/shutdown/progress";
import { ofSlowDisk } from "../support/disk-at-rest";
import { DrillRig } from "../support/drill-rig";
import { example } from "../support/example-flow";
import type { FlowMsg, FlowNode } from "../support/node-red";

describe("the example 14 Drills and arming", function () {
    this.timeout(60_000);
    let rig: DrillRig;
    before(async () => { rig = await DrillRig.start({ dashboard: true }); });
    after(() => rig?.stop());
    beforeEach(() => {
        rig.red.forget();
        rig.telegram.messages.splice(0);
    });
    afterEach(() => rig.hosts.forEach((host) => host.commands.splice(0)));

    const heard = (debug: string): FlowMsg[] => rig.red.received(rig.id("debug", debug));
    const first = async (debug: string, count = 1, withinMs = 15_000): Promise<FlowMsg> => (await rig.red.until(rig.id("debug", debug), count, withinMs)).at(-1) ?? assert.fail();
    const problems = (): string[] => heard("problems").map(({ payload }) => String(payload)).filter((text) => !ofSlowDisk.test(text));
    const alerts = (): string[] => rig.telegram.messages.map(({ text }) => text);
    const told = (part: string): Promise<void> => rig.red.eventually(() => alerts().some((text) => text.includes(part)), 10_000, () => `an alert with "${part}" among ${JSON.stringify(alerts())}`);
    const progress = (): RunProgress[] => heard("progress").map((msg) => msg.progress as RunProgress);

    const shown = (template: string): Record<string, unknown>[] => rig.red.received(rig.id("ui-template", template)).map(({ payload }) => payload as Record<string, unknown>);
    interface ShownRun { mode: string; outcome: string; plan: string; elapsed: number; hosts: { name: string; steps: { label: string; state: string; from: number; to: number; measured: boolean; began: number | null; ended: number | null }[] }[] }
    const run = (): ShownRun | undefined => (shown("run").at(-1)?.runs as ShownRun[] | undefined)?.[0];
    const deploy = (changes = {}, more: FlowNode[] = []): Promise<void> => rig.deploy(changes, [...example("05 Dashboard"), ...more]);

    describe("as it is shipped: dry run", () => {
        before(() => rig.deploy());

        it("has a plan in which its lint finds nothing", async () => {
            const plan = rig.nodes.find(({ type }) => type === "shutdown-plan");
            const answer = (await (await rig.red.request("ridethrough/shutdown-plan/preview", { method: "POST", body: plan })).json()) as { problems: string[]; lints: unknown[]; text: string };
            assert.deepEqual([answer.problems, answer.lints, answer.text], [[], [], "3 hosts, 5 services, then shutdown -h +1"]);
        });

        it("climbs from rehearse to drilled when its button has drilled every host, which changes nothing there", async () => {
            await rig.press("what is proven?");
            await first("rehearse");
            await rig.press("drill all hosts");
            assert.equal((await first("drill")).payload, "3 of 3 hosts could be shut down");
            await rig.press("what is proven?");
            assert.equal((await first("drilled")).payload, "dry run, 3 hosts drilled");
            assert.deepEqual([...rig.hosts.keys()].flatMap((name) => rig.told(name)), []);
        });

        it("tells of a host that fails its drill, and on Mondays of every one that is not proven", async () => {
            rig.hosts.get("nas")?.setBehaviour({ exitCode: 1, errorText: "sudo: a password is required" }, "nfs-server");
            await rig.press("drill the NAS");
            assert.match(String((await first("drill")).payload), /^0 of 1 host could be shut down\nnas: stop nfs-server: sudo: a password is required/);
            await told("DRILL FAILED");
            await rig.press("what is proven?");
            await first("rehearse");
            assert.ok(!alerts().some((text) => text.includes("NOT EVERY HOST")), "who asks is not alarmed");
            await rig.press("Mondays at 9");
            await told("NOT EVERY HOST IS PROVEN");
            assert.match(alerts().find((text) => text.includes("NOT EVERY HOST")) ?? "", /2 of 3 hosts[^]*nas: failed/);
            await rig.press("a failed check (fake)");
            await told("SHUTDOWN NOT CERTAIN");
            rig.hosts.get("nas")?.setBehaviour({}, "nfs-server");
            assert.deepEqual(problems(), []);
        });

        it("rehearses; that can't be held, and ends by its own token", async () => {
            await rig.press("rehearse");
            await rig.red.until(rig.id("debug", "progress"), 3, 10_000);
            await rig.press("hold");
            await rig.red.eventually(() => rig.red.log.some(({ text }) => /hold: a rehearsal can't be held/.test(text)));
            await rig.press("cancel");
            assert.equal(((await first("result")).result as RunResult).outcome, "cancelled");
        });
    });

    describe("beside 05 Dashboard, as they are shipped", () => {
        beforeEach(() => deploy());

        it("shows after a drill how old each host's proof is and how long it lasts", async () => {
            await rig.press("drill all hosts");
            interface Plans { plans: { level: string; checkEveryMs: number; sequencer: object; hosts: HostStanding[] }[] }
            await rig.red.eventually(() => (shown("hosts").at(-1) as unknown as Plans | undefined)?.plans[0]?.level === "drilled", 15_000, () => JSON.stringify(shown("hosts").at(-1)));
            const [plan] = (shown("hosts").at(-1) as unknown as Plans).plans;
            assert.deepEqual([plan?.checkEveryMs, plan?.sequencer], [86_400_000, { id: rig.id("shutdown-sequencer"), name: "Shutdown", plan: "Rack to drill" }]);
            assert.deepEqual(plan?.hosts.map(({ host, standing }) => `${host} ${standing}`), ["apps proven", "nas proven", "monitor proven"]);
            for (const { ageMs = NaN, expiresInMs = NaN } of plan?.hosts ?? []) assert.ok(ageMs < 60_000 && Math.abs(ageMs + expiresInMs - 30 * 86_400_000) < 1);
            assert.deepEqual((shown("news").at(-1) as unknown as { title: string }[]).map(({ title }) => title), ["Drill: 3 of 3 hosts could be shut down"]);
        });

        it("shows a rehearsal as what is planned, host by host", async () => {
            await rig.press("rehearse");
            await rig.red.eventually(() => run()?.outcome === "dry-run", 15_000, () => JSON.stringify(run()));
            assert.deepEqual([run()?.mode, run()?.plan, run()?.hosts.map(({ name }) => name)], ["rehearsal", "Rack to drill", ["apps", "nas", "monitor"]]);
            assert.deepEqual(run()?.hosts[1]?.steps.map(({ label, state, from, to }) => [label, state, from / 1000, to / 1000]), [
                ["log in", "would-do", 0, 10], ["stop postgresql", "would-do", 70, 100], ["stop nfs-server", "would-do", 100, 130],
                ["shutdown -h +1", "would-do", 170, 180], ["look whether it is down", "would-do", 180, 300],
            ]);
        });
    });

    describe("beside 05 Dashboard, armed by a person who means it", () => {
        /** Until then the first service of apps does not stop, so that whatever is pressed comes in time. */
        let stopped: () => void;
        beforeEach(async () => {
            stopped = rig.holds("apps", "web-frontend", 800);
            await deploy(DrillRig.armed);
        });

        it("shows a real run with the times that were taken beside those that were planned, and never its token", async () => {
            await rig.press("a real outage");
            await rig.red.eventually(() => run()?.hosts[0]?.steps[1]?.state === "running", 10_000, () => JSON.stringify(run()));
            const tokens = new Set(progress().flatMap(({ control }) => control?.token ?? []));
            assert.equal(tokens.size, 1);
            await rig.press("cancel");
            stopped();
            await rig.red.eventually(() => run()?.outcome === "cancelled", 10_000, () => JSON.stringify(run()));
            const [, web] = run()?.hosts[0]?.steps ?? [];
            assert.deepEqual([web?.label, web?.state, web?.from, web?.to], ["stop web-frontend", "done", 10_000, 40_000]);
            assert.ok((web?.ended ?? 0) - (web?.began ?? 0) >= 800 && (web?.ended ?? 0) <= (run()?.elapsed ?? 0));
            assert.equal(run()?.hosts[0]?.steps.at(-1)?.label, 'undo "stop web-frontend"');
            const [token = "none"] = tokens;
            for (const template of ["run", "hosts", "news"]) assert.ok(!JSON.stringify(rig.red.received(rig.id("ui-template", template))).includes(token), template);
            assert.deepEqual(problems(), []);
        });

        it("holds a real run with its token: no further step until it is released, then to the end", async () => {
            await rig.press("a real outage");
            await rig.red.eventually(() => rig.told("apps").length === 1);
            await rig.press("hold");
            await rig.red.eventually(() => progress().at(-1)?.waits?.held !== undefined, 10_000, () => "held");
            stopped();
            await rig.red.eventually(() => progress().some(({ changed }) => changed?.id === "apps/stop-service/web-frontend" && changed.state === "done"), 10_000, () => "the step under way over");
            assert.deepEqual(rig.told("apps"), ["stop web-frontend"]);
            await rig.press("release");
            assert.equal(((await first("result")).result as RunResult).outcome, "completed");
            assert.deepEqual(rig.told("apps"), ["stop web-frontend", "stop grafana-server", "shutdown"]);
        });

        it("cancels a real run with its token, and starts again what it has stopped", async () => {
            await rig.press("a real outage");
            await rig.red.eventually(() => rig.told("apps").length === 1);
            await rig.press("cancel");
            stopped();
            assert.equal(((await first("result")).result as RunResult).outcome, "cancelled");
            assert.deepEqual(rig.told("apps"), ["stop web-frontend", "start web-frontend"]);
        });

        it("cancels nothing without it", async () => {
            const { id: sequencer, z } = rig.nodes.find(({ type }) => type === "shutdown-sequencer") ?? assert.fail();
            await deploy(DrillRig.armed, [{ id: "d000000000000003", type: "inject", z, name: "cancel whatever runs", props: [{ p: "payload" }], payload: "cancel", payloadType: "str", wires: [[sequencer]] }]);
            await rig.press("a real outage");
            await rig.red.eventually(() => rig.told("apps").length === 1);
            await rig.press("cancel whatever runs");
            assert.match((((await first("problems")).error) as Error).message, /not cancelled: the run's token is needed/);
            await rig.press("cancel");
            stopped();
            await first("result");
        });

        it("plans the next one by what these have measured, and no longer by limits alone", async () => {
            await rig.press("a real outage");
            await rig.red.eventually(() => rig.told("apps").length === 1);
            await rig.press("cancel");
            stopped();
            await first("result");
            await rig.press("rehearse");
            await rig.red.eventually(() => run()?.outcome === "dry-run", 15_000, () => JSON.stringify(run()));
            const [login, web] = run()?.hosts[0]?.steps ?? [];
            for (const [step, limit] of [[login, 10_000], [web, 30_000]] as const) assert.ok(step?.measured && step.to - step.from < limit, JSON.stringify(step));
            assert.ok((web?.to ?? 0) - (web?.from ?? 0) >= 800);
        });
    });
});
