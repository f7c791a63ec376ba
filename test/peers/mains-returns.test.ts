import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parsePlan, type PlanDraft } from "../../lib/shutdown/plan";
import type { StepView } from "../../lib/shutdown/progress";
import { targetKit } from "../../lib/shutdown/target-kit";
import { startNodeRed, type NodeRed } from "../support/node-red";
import { Site } from "../support/site-flow";
import { Lab, labMissing, type LabHost } from "./lab";

const park = { action: "command", params: { command: ["park"], undo: ["unpark"] } };
const media = "/srv/media";
/** Nine steps that have a way back, one after the other, then three final commands at once: twelve. */
const plan = [
    { name: "app", services: ["web", "cache"], steps: [park] },
    { name: "nas", services: ["db", "nfs"], steps: [{ action: "unmount", params: { mounts: [media] } }], after: ["app"] },
    { name: "gpu", services: ["train", "vllm"], steps: [park], after: ["nas"] },
] satisfies PlanDraft["hosts"];

const reversible = plan.flatMap(({ name, services, steps }) => [...services.map((service) => `${name}/stop-service/${service}`), ...steps.map(({ action }) => `${name}/${action}`)]);
/** "told": the host itself has noted that it goes down. That its step is running is said a moment before, and mains that return in between still end the run. */
type Point = [step: string, state: StepView["state"] | "told"];
/** The first final command is the commit point. */
const beforeCommit: Point[] = reversible.map((step) => [step, "running"]);
const afterCommit: Point[] = [["app/power-off", "told"], ["nas/power-off", "done"], ["gpu/prove", "running"]];

/** What a host is like, for a person who looks at it. */
interface Standing {
    up: boolean;
    scheduled: number | undefined;
    mounted: boolean;
    parked: boolean;
    /** Each service with systemd's mark of this run of it. */
    services: Record<string, { state: string; mark: string }>;
}

async function standingOf(host: LabHost): Promise<Standing> {
    const names = host.plan.services.map(({ name }) => name);
    const said = await host.run("sh", "-c", `grep -c ' ${media} ' /proc/mounts; ls /run | grep -c '^parked$'; systemctl show -p ActiveState,InvocationID ${names.join(" ")}`);
    const [mounts, parked, ...lines] = said.trim().split("\n");
    const values = (key: string): string[] => lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
    const [states, marks] = [values("ActiveState"), values("InvocationID")];
    return { up: host.isUp, scheduled: host.scheduledShutdown, mounted: mounts === "1", parked: parked === "1", services: Object.fromEntries(names.map((name, index) => [name, { state: states[index] ?? "", mark: marks[index] ?? "" }])) };
}

/** Three racks with the same plan, so that three points can be looked at side by side. */
class Rack {
    private constructor(readonly site: Site, readonly hosts: readonly LabHost[]) {}

    static async build(lab: Lab, name: string): Promise<Rack> {
        const mine = (host: string): string => `${name}-${host}`;
        const drafts = plan.map((host) => ({ ...host, name: mine(host.name), after: ("after" in host ? host.after : []).map(mine) }));
        const { plan: parsed, problems } = parsePlan({ hosts: drafts, final: { verb: "poweroff" } });
        assert.deepEqual(problems, []);
        const hosts = await Promise.all(drafts.map(async (draft) => {
            const planned = parsed?.hosts.find((host) => host.name === draft.name) ?? assert.fail(draft.name);
            const { sudoers = "" } = targetKit(planned, { user: "power", root: false });
            const host = await lab.host({ name: draft.name, services: draft.services.map((service) => ({ name: service })), sudoers: [sudoers] });
            host.replace("usr/bin/park", "#!/bin/sh\nsleep 0.5; while [ -e /opt/held ]; do sleep 0.05; done; touch /run/parked; lab-note parked\n");
            host.replace("usr/bin/unpark", "#!/bin/sh\nrm /run/parked; lab-note unparked\n");
            mkdirSync(join(host.seen, media), { recursive: true });
            writeFileSync(join(host.seen, "etc/fstab"), `media ${media} tmpfs defaults 0 0\n`);
            await host.run("mount", "-a");
            return host;
        }));
        const site = new Site({ name, proofS: 100, stableS: 1, hosts: drafts.map((draft, index) => ({ ...draft, address: hosts[index]?.address ?? "", hostKey: hosts[index]?.hostKey ?? "" })) });
        return new Rack(site, hosts);
    }

    host(name: string): LabHost {
        return this.hosts.find((host) => host.name === this.stepId(name)) ?? assert.fail(name);
    }
    /** "app/connect" of the plan, as this rack's plan calls it. */
    stepId(step: string): string {
        return `${this.site.draft.name}-${step}`;
    }
    standings(): Promise<Standing[]> {
        return Promise.all(this.hosts.map(standingOf));
    }
    /** An outage that ends when a step of its run has come to this point. */
    async outage(red: NodeRed, [step, state]: Point): ReturnType<Site["result"]> {
        const [from, reports] = [this.site.progress(red).length, this.site.results(red).length];
        this.hosts.forEach((host) => host.clearLog());
        // Behind the last step that has a way back comes the commit point: that step lasts until power's return was heard of, however late we are.
        const held = reversible.includes(step) ? join(this.host("gpu").seen, "opt/held") : undefined;
        if (held !== undefined) writeFileSync(held, "");
        await this.site.outage(red);
        if (state === "told") await red.eventually(() => this.host(step.split("/")[0] ?? "").log.some(({ what }) => what === "going down"), 60_000, () => `${step} to be told; last: ${this.site.progress(red).at(-1)?.text}`);
        else await this.site.reaches(red, this.stepId(step), state, from);
        await this.site.mains(red);
        if (held !== undefined) {
            await red.eventually(() => this.site.progress(red).slice(from).some(({ text }) => text.startsWith("power is back")), 45_000, () => `power's return; last: ${this.site.progress(red).at(-1)?.text}`);
            rmSync(held);
        }
        return this.site.result(red, reports + 1, 240_000);
    }
}

describe(`mains that return at each of ${beforeCommit.length + afterCommit.length} points of a run on real hosts`, function () {
    this.timeout(480_000);
    let lab: Lab;
    let red: NodeRed;
    let racks: Rack[];

    before(async function () {
        const missing = labMissing();
        if (missing !== undefined) {
            console.log(`skipped: ${missing}`);
            this.skip();
        }
        lab = await Lab.start();
        racks = await Promise.all(["x", "y", "z"].map((name) => Rack.build(lab, name)));
        red = await startNodeRed({ prefix: lab.inController });
        await red.deploy(racks.flatMap(({ site }) => site.flow(join(lab.seen, "id"))));
    });
    after(async () => {
        await red?.stop();
        await lab?.stop();
    });

    /** What is noted on a host where these steps were taken, in the order of the plan; and on the way back. */
    const noted = (host: string, taken: readonly string[]): string[] => [
        ...taken.filter((step) => step.startsWith(`${host}/stop-service/`)).map((step) => `stopped ${step.split("/")[2]}`),
        ...(taken.includes(`${host}/command`) ? ["parked"] : []),
    ];

    const comesBack = async (rack: Rack, point: Point): Promise<void> => {
        const earlier = await rack.standings();
        const result = await rack.outage(red, point);
        const about = `${point.join(" ")}: ${result.text}`;
        const taken = reversible.filter((step) => result.steps.some(({ id, state }) => id === rack.stepId(step) && state !== "skipped"));
        assert.deepEqual([result.outcome, taken], ["cancelled", reversible.slice(0, taken.length)], about);
        assert.ok(taken.includes(point[0]), about);
        assert.ok(result.text.endsWith(` ${taken.length} of ${taken.length} step${taken.length === 1 ? "" : "s"} put back.`), about);
        for (const { id, state } of result.steps) assert.ok(!id.endsWith("/power-off") || state === "skipped", about);

        const later = await rack.standings();
        plan.forEach(({ name, services }, index) => {
            const [was, is] = [earlier[index] ?? assert.fail(), later[index] ?? assert.fail()];
            const touched = services.filter((service) => taken.includes(`${name}/stop-service/${service}`));
            const marksOf = ({ services: each }: Standing, wanted: boolean): string[] => services.filter((service) => touched.includes(service) === wanted).map((service) => each[service]?.mark ?? "");
            const bare = ({ services: each, ...rest }: Standing): unknown => ({ ...rest, services: Object.entries(each).map(([service, { state }]) => [service, state]) });
            assert.deepEqual(bare(is), bare(was), about);
            assert.deepEqual(bare(is), { up: true, scheduled: undefined, mounted: true, parked: false, services: services.map((service) => [service, "active"]) }, about);
            assert.deepEqual(marksOf(is, false), marksOf(was, false), `${about}: ${name}, services whose turn had not come`);
            assert.ok(marksOf(is, true).every((mark) => !marksOf(was, true).includes(mark)), `${about}: ${name}, services that were stopped and started again`);
            const back = taken.includes(`${name}/command`) ? ["unparked"] : [];
            assert.deepEqual(rack.host(name).log.map(({ what }) => what), [...noted(name, taken), ...back], about);
        });
    };

    it(`before the commit point, at each of ${beforeCommit.length}: what was done is put back, and nothing else was touched`, async () => {
        const failures: string[] = [];
        await Promise.all(racks.map(async (rack, lane) => {
            for (const point of beforeCommit.filter((_point, index) => index % racks.length === lane)) await comesBack(rack, point).catch((error: unknown) => failures.push(String(error)));
        }));
        assert.deepEqual(failures, []);
    });

    it(`after the commit point, at each of ${afterCommit.length}: the run finishes, every host is dark, once, and that it is too late is said`, async () => {
        await Promise.all(racks.map(async (rack, lane) => {
            const point = afterCommit[lane] ?? assert.fail();
            const result = await rack.outage(red, point);
            const about = `${point.join(" ")}: ${result.text}`;
            assert.deepEqual([result.outcome, result.steps.filter(({ kind }) => kind === "prove").map(({ proof }) => proof)], ["completed", ["network", "network", "network"]], about);
            for (const { name } of plan) assert.deepEqual([rack.host(name).isUp, rack.host(name).log.map(({ what }) => what)], [false, [...noted(name, reversible), "going down"]], about);
        }));
        assert.equal(red.log.filter(({ text }) => text === "power is back, but the final commands are on their way: the run finishes").length, racks.length);
    });
});
