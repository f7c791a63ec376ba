import assert from "node:assert/strict";
import type { ScenarioHost } from "./layout";
import type { Scenario } from "./scenario";
import { nas, notArmed, off, one, outage, restored, stop, two, untouched } from "./shutdown-story";
import type { Stage } from "./stage";

/** For how many ms two hosts were at something at the same time, by their own logs. */
function overlapMs(one: { at: number; endedAt: number }, other: { at: number; endedAt: number }): number {
    return Math.min(one.endedAt, other.endedAt) - Math.max(one.at, other.at);
}

/** The outage's hosts begin what has this part, and none ends it before all have begun. */
async function together(stage: Stage, hosts: readonly string[], part: string, run: () => Promise<unknown>): Promise<void> {
    const letGo = hosts.map((host) => stage.machine(host).holds(part));
    const over = run();
    await stage.until(`${hosts.join(" and ")} at the same time`, () => hosts.every((host) => stage.orders(host).some((order) => order.includes(part))));
    // The machines' logs count whole ms: what begins and ends within one has no length in them.
    await new Promise((resolve) => setTimeout(resolve, 5));
    letGo.forEach((go) => go());
    await over;
}

/** Everything that runs on a machine, as the dialog stores the steps. */
const everything = [
    { action: "stop-vms", params: { graceS: "3" } }, { action: "stop-compose", params: { file: "/srv/app/compose.yaml" } }, { action: "stop-docker" }, { action: "stop-podman" },
    { action: "sync" }, { action: "unmount", params: { mounts: "/run/data", graceS: "3" } },
];

/** The machine that carries Node-RED, over SSH: last of all. */
const carrier = (user: "root" | "power"): ScenarioHost => ({
    name: "machine", user, row: { priority: "core", provides: ["controller"], actions: everything },
    runs: { vms: ["mail", "web"], docker: ["node-red", "stack-web", "stack-db", "cache"], podman: ["proxy"] },
});

async function loopback(stage: Stage, root: boolean): Promise<void> {
    await outage(stage, "ups1");
    const [run] = stage.runs("ups1");
    assert.equal(run?.outcome, "completed", run?.text);
    assert.deepEqual(run.steps.filter(({ host, kind }) => host === "machine" && kind !== "connect").map(({ label, state }) => [label, state]), [
        "stop virtual machines", "stop /srv/app/compose.yaml", "stop Docker containers", "stop podman containers", "write everything to disk", "unmount /run/data", "shutdown -h +2",
    ].map((label) => [label, "done"]));
    const orders = stage.orders("machine");
    assert.equal(orders.at(-1), root ? "shutdown -h +2" : off);
    // Whether it is root, as each script is told; writing to the disk needs no right.
    assert.deepEqual(orders.slice(0, -1).map((script) => / ridethrough (yes|no) \d+/.exec(script)?.[1]), root ? Array(6).fill("yes") : ["no", "no", "no", "no", "yes", "no"]);
    const [first] = stage.machine("machine").told;
    assert.ok((first?.at ?? 0) >= stage.span("web", "shutdown").endedAt, "after everybody else");
    if (stage.machine("machine").running !== undefined) {
        assert.deepEqual(stage.machine("machine").running, ["node-red"], "all but the container that Node-RED runs in");
        assert.deepEqual(stage.own?.told, [], "nothing was done in the container");
    }
}

/** What is really done to hosts, by their own logs: in-process SSH hosts, or OpenSSH with sudo. */
export const shutdowns: readonly Scenario[] = [
    {
        title: "4 low battery, armed: the host is told over SSH to stop its service and to shut down",
        layout: { ...one, hosts: [nas] },
        async play(stage) {
            await outage(stage, "ups1");
            assert.deepEqual([stage.runs("ups1")[0]?.outcome, stage.runs("ups1")[0]?.mode], ["completed", "live"], stage.runs("ups1")[0]?.text);
            await stage.polls("ups1", 4);
            assert.deepEqual([stage.actions("ups1"), stage.orders("nas")], [["shutdown"], [stop("nfs-server"), off]], "once");
        },
    },
    {
        title: "14 two UPSes low at once, armed: each shuts down its own host once, by its own evidence, and neither waits for the other",
        layout: { ...two, hosts: [{ name: "web", services: ["frontend"], by: ["ups1"] }, { name: "nas", services: ["nfs-server"], by: ["ups2"] }] },
        async play(stage) {
            await together(stage, ["web", "nas"], "stop --", () => Promise.all([outage(stage, "ups1"), outage(stage, "ups2")]));
            await Promise.all(["ups1", "ups2"].map((ups) => stage.polls(ups, 4)));
            for (const [ups, host, service] of [["ups1", "web", "frontend"], ["ups2", "nas", "nfs-server"]] as const) {
                assert.deepEqual([stage.outcomes(ups), stage.orders(host)], [["completed"], [stop(service), off]]);
                assert.deepEqual(stage.commands(ups).map(({ action, stream, conclusive }) => [action, stream, conclusive]), [["shutdown", stage.name(ups), true]]);
                assert.match(stage.runs(ups)[0]?.reason ?? "", new RegExp(`^${stage.name(ups)}: shutdown: charge 14 %`));
                await stage.told(new RegExp(`SHUTDOWN DECIDED[^]*${stage.name(ups)}|${stage.name(ups)}[^]*SHUTDOWN DECIDED`));
            }
            const ms = overlapMs(stage.span("web", "stop --"), stage.span("nas", "stop --"));
            assert.ok(ms > 0, `both at once, not one after the other: ${ms} ms`);
        },
    },
    {
        title: "15 only the second UPS is low: its host alone is shut down, nobody logs in to the other",
        layout: { ...two, hosts: [{ name: "web", services: ["frontend"], by: ["ups1"] }, { ...nas, by: ["ups2"] }] },
        async play(stage) {
            await outage(stage, "ups2");
            await stage.polls("ups1", 3);
            assert.deepEqual([stage.actions("ups1"), stage.outcomes("ups1"), stage.outcomes("ups2")], [[], [], ["completed"]]);
            assert.deepEqual(stage.orders("nas"), [stop("nfs-server"), off]);
            untouched(stage, "web");
        },
    },
    {
        title: "16 the UPS of Node-RED's machine is low, the other is not: with the others' hosts in its plan they go first, and one that hangs does not keep it",
        layout: {
            ...two,
            hosts: [
                { name: "web", services: ["frontend"], row: { stopTimeout: "2" } }, nas,
                { name: "machine", by: ["ups1"], row: { priority: "core", provides: ["controller"] } },
            ],
        },
        async play(stage) {
            const letGo = stage.machine("web").holds("stop --");
            await outage(stage, "ups1");
            assert.equal(stage.runs("ups1")[0]?.outcome, "incomplete");
            assert.match(stage.runs("ups1")[0]?.text ?? "", /final command taken by 3 of 3 hosts[^]*web: stop frontend failed/);
            const last = stage.span("machine", "shutdown").at;
            for (const host of ["web", "nas"]) assert.ok(last >= stage.span(host, "shutdown").endedAt, `${host} went before`);
            const hung = stage.machine("web").told.find(({ short }) => short === stop("frontend"));
            assert.ok(hung !== undefined && hung.endedAt === undefined, "web's service never stopped");
            letGo();
            assert.deepEqual([stage.actions("ups2"), stage.readings("ups2").every(({ mains }) => mains === "present")], [[], true]);
        },
    },
    {
        title: "16b this machine itself, without SSH: last of all, and once",
        ownMachine: true,
        layout: { ...one, hosts: [{ name: "web", services: ["frontend"] }, { name: "me", local: true, services: ["grafana-server"] }] },
        async play(stage) {
            stage.machine("web").takes(1000, "stop --");
            await outage(stage, "ups1");
            assert.equal(stage.runs("ups1")[0]?.outcome, "completed", stage.runs("ups1")[0]?.text);
            await stage.polls("ups1", 4);
            const told = stage.own?.told ?? [];
            assert.deepEqual(told.map(({ short }) => short), ["systemctl stop -- grafana-server", "shutdown -h +2"]);
            assert.ok((told[0]?.at ?? 0) >= stage.span("web", "stop --").endedAt);
            assert.ok((told[1]?.at ?? 0) >= stage.span("web", "shutdown").endedAt);
        },
    },
    {
        title: "17 the UPS of Node-RED's machine is low, and its plan has that machine alone: nobody waits for the other UPS's hosts, or touches them",
        layout: { ...two, hosts: [{ ...nas, by: ["ups2"] }, { name: "machine", by: ["ups1"], row: { priority: "core", provides: ["controller"] } }] },
        async play(stage) {
            await outage(stage, "ups1");
            assert.deepEqual([stage.outcomes("ups1"), stage.orders("machine")], [["completed"], [off]]);
            await stage.polls("ups2", 3);
            assert.deepEqual(stage.actions("ups2"), []);
            untouched(stage, "nas");
        },
    },
    {
        title: "19 three hosts, the third after the other two: these overlap, it begins when both are done, to the millisecond",
        layout: { ...one, hosts: [{ name: "web", services: ["frontend"] }, { name: "apps", services: ["backend"] }, { name: "nas", services: ["postgresql"], after: ["web", "apps"] }] },
        async play(stage) {
            await together(stage, ["web", "apps"], "stop --", () => outage(stage, "ups1"));
            assert.equal(stage.runs("ups1")[0]?.outcome, "completed");
            const [web, apps, third] = [stage.span("web", "stop --"), stage.span("apps", "stop --"), stage.span("nas", "stop --")];
            assert.ok(overlapMs(web, apps) > 0, `the first two overlap by ${overlapMs(web, apps)} ms`);
            assert.ok(third.at >= Math.max(web.endedAt, apps.endedAt), `the third begins ${third.at - Math.max(web.endedAt, apps.endedAt)} ms after both`);
            const finals = ["web", "apps", "nas"].map((host) => stage.span(host, "shutdown"));
            for (const { at } of finals) assert.ok(at >= third.endedAt, "hosts go when all their services have stopped");
            assert.ok((finals[2]?.at ?? 0) >= Math.max(finals[0]?.endedAt ?? Infinity, finals[1]?.endedAt ?? Infinity), "and the third after the other two");
        },
    },
    {
        title: "19b the same by class, as Eneru's order 1, 1, 2: two early hosts go at the same time, the third is touched when both have their final command",
        layout: { ...one, hosts: [{ name: "web", row: { priority: "early" } }, { name: "apps", row: { priority: "early" } }, { name: "nas", services: ["postgresql"] }] },
        async play(stage) {
            await together(stage, ["web", "apps"], "shutdown", () => outage(stage, "ups1"));
            assert.equal(stage.runs("ups1")[0]?.outcome, "completed");
            const [web, apps] = [stage.span("web", "shutdown"), stage.span("apps", "shutdown")];
            assert.ok(overlapMs(web, apps) > 0, `the first two overlap by ${overlapMs(web, apps)} ms`);
            const third = stage.span("nas", "stop --").at;
            assert.ok(third >= Math.max(web.endedAt, apps.endedAt), `the third begins ${third - Math.max(web.endedAt, apps.endedAt)} ms after both`);
        },
    },
    {
        title: "34a outage, power, outage, and the host does not halt: two real shutdowns, power restored between them, nothing to remove by hand",
        layout: { ...one, hosts: [nas] },
        async play(stage) {
            await outage(stage, "ups1");
            assert.match(stage.status("sequencer/ups1")?.text ?? "", /^completed /);
            await restored(stage, "ups1");
            await stage.until("armed again", () => /^armed/.test(stage.status("sequencer/ups1")?.text ?? ""));
            await outage(stage, "ups1", 2);
            assert.deepEqual(stage.actions("ups1"), ["shutdown", "restored", "shutdown"]);
            assert.deepEqual([stage.outcomes("ups1"), new Set(stage.runs("ups1").map(({ run }) => run)).size], [["completed", "completed"], 2]);
            assert.deepEqual(stage.orders("nas"), [stop("nfs-server"), off, stop("nfs-server"), off]);
            assert.deepEqual(stage.kinds("ups1").filter((kind) => /^on-/.test(kind)), ["on-battery", "on-mains", "on-battery"]);
            await stage.until("both told", () => stage.count("SHUTDOWN DECIDED") === 2);
            assert.deepEqual(stage.texts().flatMap((text) => /SHUTDOWN DECIDED|POWER RESTORED/.exec(text)?.[0] ?? []), ["SHUTDOWN DECIDED", "POWER RESTORED", "SHUTDOWN DECIDED"]);
        },
    },
    {
        title: "41 by hand, armed or not: the button rehearses, and nobody is told anything",
        layout: { ...one, hosts: [nas] },
        async play(stage) {
            assert.equal(await stage.rehearse("ups1"), true);
            await stage.until("the rehearsal", () => stage.runs("ups1").length === 1);
            assert.deepEqual([stage.runs("ups1")[0]?.outcome, stage.runs("ups1")[0]?.simulated], ["dry-run", true]);
            assert.match(stage.runs("ups1")[0]?.text ?? "", /Nothing was sent/);
            untouched(stage, "nas");
        },
    },
    {
        title: "42 one host really by hand, its name typed twice: that one alone is told, with a wrong name nobody is, and an outage afterwards takes them all",
        layout: {
            ...one, hosts: [{ name: "web", services: ["frontend"] }, nas],
            says: { "only once": { payload: "shutdown", host: "nas" }, wrong: { payload: "shutdown", host: "nas", confirm: "web" }, twice: { payload: "shutdown", host: "nas", confirm: "nas" } },
        },
        async play(stage) {
            await stage.say("only once");
            await stage.until("the rehearsal", () => stage.runs("ups1").length === 1);
            await stage.say("wrong");
            await stage.until("the refusal on Catch", () => stage.problems().some((problem) => problem.includes('msg.confirm is not "nas"')));
            untouched(stage, "web", "nas");
            await stage.say("twice");
            await stage.until("the run", () => stage.runs("ups1").length === 2);
            assert.deepEqual(stage.runs("ups1").map(({ outcome, only }) => [outcome, only]), [["dry-run", "nas"], ["completed", "nas"]]);
            assert.deepEqual(stage.orders("nas"), [stop("nfs-server"), off]);
            untouched(stage, "web");
            await stage.told("Shutdown by hand");
            assert.equal(stage.count("POWER CRITICAL"), 0);
            await outage(stage, "ups1", 3);
            assert.deepEqual([stage.runs("ups1")[2]?.outcome, stage.orders("web")], ["completed", [stop("frontend"), off]]);
            assert.deepEqual(stage.orders("nas").length, 4, "it takes part in that, too");
        },
    },
    {
        title: "44 a host that refuses and one that never answers: the run ends within their own bounds and says what was not done, and the host beside them waits for neither",
        layout: { ...one, hosts: [{ name: "gone" }, { name: "dark" }, nas] },
        async play(stage) {
            await stage.machine("gone").off();
            stage.machine("dark").freeze();
            await outage(stage, "ups1");
            const { outcome, text = "", steps = [], startedAt = 0, endedAt = Infinity } = stage.runs("ups1")[0] ?? {};
            assert.equal(outcome, "incomplete");
            assert.match(text, /final command taken by 1 of 3 hosts/);
            assert.match(text, /gone: [^\n]*(?:refused|nothing listens)/);
            assert.match(text, /dark: [^\n]*no answer/);
            // Twice the time of a login: the final command is worth a second one.
            assert.ok(endedAt - startedAt < 60_000, `after ${endedAt - startedAt} ms`);
            const lasted = (step: { startedAt?: number; endedAt?: number } = {}): number => (step.endedAt ?? Infinity) - (step.startedAt ?? -Infinity);
            const its = steps.filter(({ host, kind }) => host === "nas" && kind !== "prove");
            const idle = (its.at(-1)?.endedAt ?? Infinity) - startedAt - its.reduce((sum, step) => sum + lasted(step), 0);
            const [dark, login] = ["dark/connect", "nas/connect"].map((id) => steps.find((step) => step.id === id));
            assert.ok(login?.state !== "done" || (login.endedAt ?? Infinity) < (dark?.endedAt ?? 0), "nas was reached before the login of dark was given up");
            // Half of the time after which that is; a busy machine makes steps longer, not the time between them.
            assert.ok(idle < lasted(dark) / 2, `nas waited for ${idle} ms between its steps`);
            await stage.told("SHUTDOWN INCOMPLETE");
        },
    },
    {
        title: "47 Node-RED in a container acts on its machine over SSH, as root: every action, its machine last, the container itself left alone",
        inContainer: true,
        layout: { ...one, hosts: [{ name: "web", services: ["frontend"] }, carrier("root")] },
        play: (stage) => loopback(stage, true),
    },
    {
        title: "48 the same with an account that has the plan's sudo rules and no others",
        inContainer: true,
        layout: { ...one, hosts: [{ name: "web", services: ["frontend"] }, carrier("power")] },
        play: (stage) => loopback(stage, false),
    },
    {
        title: "49 what proves its machine is missing, the host key: not armed, with how to get it, and nobody is told anything",
        inContainer: true,
        layout: { ...one, hosts: [{ name: "web", services: ["frontend"] }, { ...carrier("power"), key: "unknown" }] },
        async play(stage) {
            await notArmed(stage, /machine: no pinned host key, learn it in the dialog/);
            untouched(stage, "web", "machine");
        },
    },
    {
        title: "50 a container that would switch itself off in the place of its machine: not armed, with what to do, and nobody is told anything",
        inContainer: true,
        ownMachine: true,
        layout: { ...one, hosts: [{ name: "web", services: ["frontend"] }, { name: "me", local: true }] },
        async play(stage) {
            await notArmed(stage, /Node-RED runs in a container.*take me out of the plan, and add that machine as a host over SSH/);
            untouched(stage, "web");
            assert.deepEqual(stage.own?.told, []);
        },
    },
    {
        title: "59 a vendor's command without a path is found, and a NAS goes down in its own way",
        layout: { ...one, hosts: [{ name: "nas", row: { actions: [{ action: "command", params: { command: "vendor-probe --now", sudo: false } }], end: { action: "synology-power-off", params: {} } } }] },
        async play(stage) {
            await outage(stage, "ups1");
            assert.equal(stage.runs("ups1")[0]?.outcome, "completed", stage.runs("ups1")[0]?.text);
            assert.deepEqual(stage.orders("nas"), ["vendor-probe --now", "sudo -n /usr/syno/sbin/synoshutdown -s"]);
            assert.match(stage.machine("nas").told[0]?.command ?? "", /^env PATH=\S*:\/usr\/syno\/sbin:\S* vendor-probe/);
        },
    },
];
