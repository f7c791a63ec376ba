import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Node } from "node-red";
import helper from "node-red-node-test-helper";
import type { RunProgress, RunResult } from "../../lib/shutdown/progress";
import powerHost from "../../nodes/power-host/power-host";
import shutdownPlan from "../../nodes/shutdown-plan/shutdown-plan";
import { parsePlan } from "../../lib/shutdown/plan";
import { stepsOf } from "../../lib/shutdown/steps";
import type { ShutdownPlanNode } from "../../nodes/shutdown-plan/resolve";
import { parseConfig } from "../../nodes/shutdown-sequencer/config";
import shutdownSequencer from "../../nodes/shutdown-sequencer/shutdown-sequencer";
import type { Standing } from "../../lib/shutdown/evidence";
import { idleStatus, progressStatus, resultStatus } from "../../nodes/shutdown-sequencer/status-text";
import stored from "../fixtures/configs/shutdown-sequencer.v1.json";
import stored2 from "../fixtures/configs/shutdown-sequencer.v2.json";
import { brokenSshHosts, startBrokenPeer, type BrokenPeer } from "../simulators/broken-peer";
import { generateKeyPair, startSshHost, type SshBehaviour, type SshHost } from "../simulators/ssh-host";
import { closeMs, eventually, loadFlow, temporaryFolder, type FlowMsg, type FlowNode, type LoadedFlow } from "../support/helper";
import { withSlowDisk } from "../support/open-files";

describe("shutdown-sequencer's settings", () => {
    const patience = { stableS: 30, holdMinutes: 10, needsToken: false, rootKnown: false, openKnown: false, onlyDrilled: false, checkHours: 24 };

    it("of version 1 are read as the editor stored them", () => {
        assert.deepEqual(parseConfig(stored), { config: { plan: "plan", dryRun: true, enabled: false, startOn: "critical", ...patience }, problems: [] });
    });

    it("left out are the safe ones", () => {
        assert.deepEqual(parseConfig({}), { config: { plan: "", dryRun: true, enabled: false, startOn: "critical", ...patience }, problems: ["no shutdown plan"] });
    });

    it("of version 2 are read as the editor stored them", () => assert.deepEqual(parseConfig(stored2).config, parseConfig(stored).config));

    it("of version 1 that were armed stay armed: nobody had been asked about root and passwords", () => {
        const known = (config: Record<string, unknown>): boolean[] => [parseConfig(config).config.rootKnown, parseConfig(config).config.openKnown];
        assert.deepEqual(known({ ...stored, dryRun: false, enabled: true }), [true, true]);
        for (const other of [{ dryRun: true, enabled: true }, { dryRun: false, enabled: false }, { dryRun: "false", enabled: true }]) assert.deepEqual(known({ ...stored, ...other }), [false, false]);
        assert.deepEqual(known({ ...stored2, dryRun: false, enabled: true }), [false, false], "who arms later is asked");
    });

    for (const [change, problem] of [
        [{ dryRun: "false" }, "dryRun is \"false\", which is neither true nor false"],
        [{ enabled: "true" }, "enabled is \"true\", which is neither true nor false"],
        [{ startOn: "ALERT" }, "startOn must be one of critical, dead, never"],
    ] as const) {
        it(`say: ${problem}`, () => assert.deepEqual(parseConfig({ ...stored, ...change }).problems, [problem]));
    }
});

describe("shutdown-sequencer's status", () => {
    const { plan } = parsePlan({ hosts: Array.from({ length: 3 }, (_, index) => ({ name: `h${index}` })), final: { verb: "none" } });
    const hosts = (standing: Standing) => ["h0", "h1", "h2"].map((host, index) => ({ host, standing: index === 1 ? standing : ("proven" as const) }));
    const setup = (switches: object, more: object = {}, standing: Standing = "proven"): ReturnType<typeof idleStatus> =>
        idleStatus({ plan, switches: { dryRun: false, enabled: true, problems: [], unready: [], ...switches }, access: () => assert.fail(), ...more }, hosts(standing));

    it("says loudly which host is not proven", () => assert.deepEqual(setup({}, {}, "expired"), { mood: "warning", text: "armed 2/3, h1: drill expired" }));
    it("says when a rehearsed plan is proven as a whole", () => assert.deepEqual(setup({ dryRun: true }), { mood: "rehearsal", text: "dry run, 3 hosts drilled" }));

    for (const [switches, more, mood, text] of [
        [{ dryRun: true }, {}, "rehearsal", "dry run, 3 hosts drilled"],
        [{}, {}, "ok", "armed, 3 hosts"],
        [{ enabled: false }, {}, "off", "not enabled, 3 hosts"],
        [{ problems: ["no hosts"] }, { plan: undefined }, "error", "not armed: no hosts"],
        [{ unready: ["nas: no user"] }, {}, "error", "not armed: nas: no user"],
        [{ dryRun: true, unready: ["nas: no user"] }, {}, "rehearsal", "dry run, 3 hosts drilled"],
    ] as const) {
        it(`is "${text}"`, () => assert.deepEqual(setup(switches, more), { mood, text }));
    }

    it("names what it waits for after a shutdown: only HEALTHY makes it ready again", () => {
        const switches = { dryRun: false, enabled: true, problems: [], unready: [] };
        assert.deepEqual(idleStatus({ plan, switches, access: () => assert.fail() }, hosts("expired"), ["solix_output"]), { mood: "warning", text: "waits for HEALTHY of solix_output" });
    });

    it("counts services, then final commands", () => {
        const step = (host: string, kind: "stop-service" | "power-off", state: "done" | "running" | "planned"): RunProgress["steps"][number] => ({ id: `${host}/${kind}`, host, kind, label: "", state });
        const progress = (changed: RunProgress["steps"][number]): RunProgress => ({ run: "r", reason: "", mode: "live", startedAt: 0, text: "", changed, steps: [step("a", "stop-service", "done"), step("b", "stop-service", "running"), step("a", "power-off", "planned")] });
        for (const [changed, said] of [[step("b", "stop-service", "running"), "stopping 1/2 on b"], [step("a", "power-off", "running"), "power off 0/1 on a"]] as const) {
            const { mood, text } = progressStatus(progress(changed));
            assert.deepEqual([mood, text()], ["critical", said]);
            assert.equal(progressStatus({ ...progress(changed), waits: { held: 1 } }).text(), `held, ${said}`);
        }
    });

    it("keeps the time of the last result", () => {
        const result = { outcome: "completed", endedAt: new Date(2026, 10, 21, 14, 2).getTime() } as RunResult;
        assert.deepEqual(resultStatus(result), { mood: "critical", text: "completed 14:02" });
    });
});

describe("shutdown-sequencer", () => {
    const user = generateKeyPair();
    let folder: ReturnType<typeof temporaryFolder>;
    let flow: LoadedFlow | undefined;
    const hosts = new Map<string, SshHost>();
    const peers: BrokenPeer[] = [];

    interface HostRow {
        name: string;
        services?: string[];
        after?: string[];
        stopTimeout?: string;
        port?: number;
        hostKey?: string;
        fedBy?: string[];
    }

    const flowOf = (rows: HostRow[], switches: object, plan: object = {}): FlowNode[] => [
        { ...stored, ...switches, wires: [["progress"], ["result"]] },
        { id: "plan", type: "shutdown-plan", hosts: rows.map((row) => `host-${row.name}`), steps: rows.map(({ services = [], after = [], stopTimeout = "30", fedBy = [] }) => ({ services, after, stopTimeout, fedBy })), final: "shutdown", delay: "2", ...plan },
        ...rows.map(({ name, port, hostKey }): FlowNode => ({
            id: `host-${name}`, type: "power-host", name, kind: "ssh", host: "127.0.0.1", port: String(port ?? hosts.get(name)?.port), user: "power", auth: "key", hostKey: hostKey ?? hosts.get(name)?.hostKey ?? user.public,
        })),
        { id: "progress", type: "helper" }, { id: "result", type: "helper" },
        { id: "catch", type: "catch", wires: [["errors"]] }, { id: "errors", type: "helper" },
        { id: "complete", type: "complete", scope: ["sequencer"], wires: [["done"]] }, { id: "done", type: "helper" },
    ];
    const load = async (rows: HostRow[], switches: object, plan: object = {}): Promise<LoadedFlow> => {
        const credentials = Object.fromEntries(rows.map(({ name }) => [`host-${name}`, { privateKey: user.private }]));
        return (flow = await loadFlow([powerHost, shutdownPlan, shutdownSequencer], flowOf(rows, switches, plan), { userDir: folder.path, credentials }));
    };
    const armed = { dryRun: false, enabled: true };
    const host = async (name: string, behaviour: SshBehaviour = {}): Promise<SshHost> => {
        const one = await startSshHost({ name, authorizedKey: user.public, behaviour });
        hosts.set(name, one);
        return one;
    };
    const send = (msg: object): void => flow?.node<Node>("sequencer").receive({ ...msg });
    const critical = (more: object = {}): object => ({ topic: "solix_output", payload: "CRITICAL", transition: { device: "solix_output", from: "ALERT", to: "CRITICAL", since: 1, at: Date.now(), watts: 24, conclusive: true, ...more } });
    const resultOf = (msg: FlowMsg | undefined): RunResult => msg?.result as RunResult;
    const told = (name: string): string[] => hosts.get(name)?.commands.map((command) => command.short) ?? [];
    const connections = (): number => [...hosts.values()].reduce((sum, one) => sum + one.connections, 0);

    before((done) => { helper.startServer(done); });
    after((done) => { helper.stopServer(done); });
    beforeEach(() => { folder = temporaryFolder(); });
    afterEach(async () => {
        await flow?.unload();
        flow = undefined;
        await Promise.all([...hosts.values(), ...peers].map((one) => one.stop()));
        hosts.clear();
        peers.length = 0;
        await folder.remove();
    });

    it("armed, shuts hosts down in order over real SSH and tells every step", async () => {
        await host("app");
        await host("nas");
        await load([{ name: "app", services: ["web", "cache"] }, { name: "nas", services: ["db"], after: ["app"] }], armed);
        assert.deepEqual(flow?.status("sequencer"), { fill: "yellow", shape: "dot", text: "armed 0/2, app: not drilled" });
        send(critical({ room: "cellar" }));
        const [msg] = await flow?.until("result", 1) ?? [];
        assert.equal(resultOf(msg).outcome, "completed", resultOf(msg).text);
        assert.deepEqual(told("app"), ["sudo -n systemctl stop -- web", "sudo -n systemctl stop -- cache", "sudo -n shutdown -h +2"]);
        assert.deepEqual(told("nas"), ["sudo -n systemctl stop -- db", "sudo -n shutdown -h +2"]);
        assert.ok((hosts.get("nas")?.commands[0]?.at ?? 0) >= (hosts.get("app")?.commands[1]?.at ?? Infinity), "nas waits for app");
        assert.equal(connections(), 2, "one connection a host");
        assert.deepEqual([msg?.topic, msg?.payload], [resultOf(msg).run, resultOf(msg).text]);
        const progress = flow?.received("progress") ?? [];
        assert.ok(progress.some((next) => next.payload === "app: stopped web" && next.topic === "app" && (next.progress as RunProgress).changed?.state === "done"));
        assert.ok(progress.every((next) => next.transition === undefined), "what began the run is not passed on to begin another");
        assert.match(flow?.status("sequencer")?.text ?? "", /^completed \d\d:\d\d$/);
        assert.deepEqual(flow?.errors(), []);
        await flow?.until("done", 1);
    });

    it("keeps foreign properties of the message that began the run", async () => {
        await load([{ name: "app" }], {});
        send({ ...critical(), room: "cellar" });
        const [msg] = await flow?.until("result", 1) ?? [];
        assert.equal(msg?.room, "cellar");
    });

    it("calls off a host that counts down, and starts its service again, when power is back in time", async () => {
        await host("app");
        await load([{ name: "app", services: ["web"] }], { ...armed, stable: "1" }, { proof: "60" });
        send(critical());
        await eventually(() => told("app").includes("sudo -n shutdown -h +2"));
        send(critical({ from: "CRITICAL", to: "HEALTHY", at: Date.now() }));
        const [msg] = await flow?.until("result", 1) ?? [];
        assert.equal(resultOf(msg).outcome, "cancelled", resultOf(msg).text);
        assert.match(resultOf(msg).text, /2 of 2 steps put back/);
        assert.deepEqual(told("app").slice(1, 3), ["sudo -n shutdown -h +2", "sudo -n shutdown -c"]);
        assert.match(told("app")[3] ?? "", /systemctl start/);
    });

    it("lets its plan know how long steps really take, over a redeploy: what was reckoned by limits is then reckoned by that", async () => {
        await host("app", { delayMs: 30 });
        await load([{ name: "app", services: ["web"] }], armed);
        const usualMs = (id: string): number | undefined => {
            const plan = flow?.node<ShutdownPlanNode>("plan");
            const step = stepsOf(plan?.resolve().plan ?? assert.fail()).find(({ view }) => view.id === id);
            return plan?.usualMs?.(step ?? assert.fail());
        };
        for (let run = 1; run <= 3; run += 1) {
            assert.equal(usualMs("app/stop-service/web"), undefined, "too little is known");
            send(critical());
            await flow?.until("result", run);
            send(critical({ to: "HEALTHY" }));
        }
        await flow?.redeploy();
        await eventually(() => usualMs("app/stop-service/web") !== undefined);
        assert.ok((usualMs("app/stop-service/web") ?? 0) >= 30 && (usualMs("app/stop-service/web") ?? Infinity) < 8000);
    });

    it("by default rehearses, says so, and opens no connection", async () => {
        await host("app");
        await load([{ name: "app", services: ["web"] }], {});
        assert.deepEqual(flow?.status("sequencer"), { fill: "blue", shape: "ring", text: "dry run, 1 host" });
        send(critical());
        const [msg] = await flow?.until("result", 1) ?? [];
        assert.deepEqual([resultOf(msg).outcome, resultOf(msg).mode], ["dry-run", "rehearsal"]);
        assert.deepEqual(flow?.received("progress").map((next) => next.payload).slice(1), ["app: would log in", "app: would stop web", "app: would run shutdown -h +2"]);
        assert.equal(connections(), 0);
    });

    it("armed to the teeth, a fake of 3 W opens no connection", async () => {
        await host("app");
        await load([{ name: "app", services: ["web"] }], armed);
        for (const msg of [
            critical({ to: "DEAD", watts: 3, simulated: true }),
            { ...critical({ to: "DEAD", watts: 3 }), reading: { device: "solix_output", watts: 3, simulated: true } },
            { payload: "shutdown" },
            { command: { action: "shutdown", reason: "3 W", at: 1, stream: "solix_output", conclusive: true, simulated: true } },
        ]) send(msg);
        send({ payload: 3 });
        const [msg] = await flow?.until("result", 1) ?? [];
        assert.deepEqual([resultOf(msg).outcome, resultOf(msg).simulated], ["dry-run", true]);
        await flow?.until("errors", 1);
        assert.equal(connections(), 0);
    });

    it("not enabled, says that a person has to act", async () => {
        await host("app");
        await load([{ name: "app" }], { dryRun: false, enabled: false });
        send(critical());
        const [msg] = await flow?.until("result", 1) ?? [];
        assert.equal(resultOf(msg).outcome, "not-enabled");
        assert.equal(connections(), 0);
    });

    for (const [what, switches, rows, words] of [
        ["a switch that is a text", { dryRun: "false", enabled: true }, [{ name: "app" }], /dryRun is "false"/],
        ["no plan", { ...armed, plan: "" }, [{ name: "app" }], /no shutdown plan/],
        ["a plan that is gone", { ...armed, plan: "elsewhere" }, [{ name: "app" }], /the shutdown plan is gone/],
        ["a plan that is wrong", armed, [{ name: "app", services: ["web;reboot"] }], /";" is not allowed/],
        ["a host without a key to trust", armed, [{ name: "app", hostKey: "none" }], /app: the pinned host key/],
    ] as const) {
        it(`with ${what} is disarmed and loud`, async () => {
            await host("app");
            await load(rows as unknown as HostRow[], switches);
            const { fill, shape, text } = flow?.status("sequencer") ?? {};
            assert.deepEqual([fill, shape, text?.startsWith("not armed: ")], ["red", "ring", true]);
            send(critical());
            const [msg] = await flow?.until("result", 1) ?? [];
            assert.equal(resultOf(msg).outcome, "invalid");
            const errors = await flow?.until("errors", 1) ?? [];
            assert.match(String((errors[0]?.error as { message: string }).message), words);
            assert.equal(connections(), 0);
        });
    }

    it("cancels, and starts again what it has stopped", async () => {
        const app = await host("app");
        app.setBehaviour({ command: "hang" }, "systemctl stop -- db");
        await load([{ name: "app", services: ["web", "db"], stopTimeout: "3" }], armed);
        send(critical());
        await eventually(() => told("app").length === 2);
        send({ payload: "cancel" });
        const [msg] = await flow?.until("result", 1) ?? [];
        assert.equal(resultOf(msg).outcome, "cancelled");
        assert.match(resultOf(msg).text, /2 of 2 steps put back/);
        assert.deepEqual(told("app").flatMap((command) => /systemctl start.* ridethrough (\w+) /s.exec(command)?.[1] ?? []), ["db", "web"]);
        assert.ok(!told("app").some((command) => command.includes("shutdown")));
    });

    it("is held by a message for a while, and cancelled only by who knows the run's token, when it is set so", async () => {
        const app = await host("app");
        app.setBehaviour({ command: "hang" }, "systemctl stop -- db");
        await load([{ name: "app", services: ["web", "db"], stopTimeout: "3" }], { ...armed, needsToken: true });
        send(critical());
        await eventually(() => told("app").length === 2);
        send({ payload: "cancel" });
        const errors = await flow?.until("errors", 1) ?? [];
        assert.match(String((errors[0]?.error as { message: string }).message), /not cancelled: the run's token is needed/);
        const token = (flow?.received("progress").at(-1)?.progress as RunProgress).control?.token;
        send({ payload: "hold", token });
        await eventually(() => flow?.received("progress").some(({ payload }) => /held by a person/.test(String(payload))) === true);
        send({ payload: "cancel", token });
        const [msg] = await flow?.until("result", 1) ?? [];
        assert.equal(resultOf(msg).outcome, "cancelled");
        assert.ok(!told("app").some((command) => command.includes("shutdown")));
    });

    it("logs in as soon as power fails, says who can't be reached, and shuts down over the connections that are open", async () => {
        const app = await host("app");
        await load([{ name: "app", services: ["web"] }, { name: "gone", port: 1 }], armed);
        const falling = { power: { state: "WARNING", conclusive: true, reading: { device: "plug", source: "kasa", quality: "good", watts: 140, at: Date.now() } } };
        send(falling);
        const [news] = await flow?.until("result", 1) ?? [];
        assert.match(String(news?.payload), /^power fails, and host gone: /);
        await eventually(() => app.logins === 1);
        // The host knows of the login before we do, and nobody tells when we do: some turns of the event loop later.
        for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setTimeout(resolve, 10));
        assert.deepEqual(told("app"), [], "nothing is done yet");
        send({ power: { state: "HEALTHY", reading: { ...falling.power.reading, device: "another plug" } } });
        send(critical());
        await flow?.until("result", 2, 15_000);
        assert.ok(told("app").some((command) => command.includes("shutdown -h")));
        assert.equal(app.logins, 1, "one login for everything");
    });

    it("leaves alone what another UPS feeds, whose trigger speaks and has not decided", async () => {
        await host("app");
        await host("nas");
        await load([{ name: "app", fedBy: ["plug"] }, { name: "nas", fedBy: ["plug", "ups2"] }], armed);
        const verdict = { stream: "ups2", decision: "none", supply: "battery", text: "ups2: on battery", at: Date.now() };
        send({ verdict });
        await flow?.until("done", 1);
        send(critical({ device: "plug" }));
        const [msg] = await flow?.until("result", 1) ?? [];
        assert.equal(resultOf(msg).outcome, "completed");
        assert.deepEqual([told("app").length, told("nas")], [1, []]);
        send({ verdict: { ...verdict, decision: "shutdown", at: Date.now() } });
        await flow?.until("result", 2);
        assert.deepEqual([told("app").length, told("nas").length], [1, 1]);
    });

    it("rehearses by its button, whatever the switches say", async () => {
        await host("app");
        // So many that the first press is still at it when the second one comes.
        await load([{ name: "app" }, ...["nas", "pve", "db"].map((name) => ({ name, port: 1 }))], armed);
        const press = async (): Promise<unknown> => (await helper.request().post("/ridethrough/shutdown-sequencer/sequencer").expect(200)).body as unknown;
        const answers = await Promise.all([press(), press()]);
        assert.deepEqual(new Set(answers), new Set([{ ok: true }, { ok: false, error: "a rehearsal is under way already" }]));
        assert.equal(resultOf((await flow?.until("result", 1))?.[0]).outcome, "dry-run");
        assert.equal(connections(), 0);
        assert.equal(((await helper.request().post("/ridethrough/shutdown-sequencer/nobody")).body as { ok: boolean }).ok, false);
    });

    describe("for one host, by a message with its name", () => {
        const rows: HostRow[] = [{ name: "apps", services: ["web"] }, { name: "nas", services: ["db"] }];
        beforeEach(async () => {
            await Promise.all(rows.map(({ name }) => host(name)));
        });

        it("rehearses it, armed or not", async () => {
            await load(rows, armed);
            send({ payload: "shutdown", host: "nas" });
            const [msg] = await flow?.until("result", 1) ?? [];
            assert.deepEqual([resultOf(msg).outcome, resultOf(msg).only, new Set(resultOf(msg).steps.map((step) => step.host)), connections()], ["dry-run", "nas", new Set(["nas"]), 0]);
        });

        it("shuts it down when its name was typed twice, and touches no other", async () => {
            await load(rows, armed);
            send({ payload: "shutdown", host: "nas", confirm: "nas" });
            const [msg] = await flow?.until("result", 1) ?? [];
            assert.deepEqual([resultOf(msg).outcome, resultOf(msg).only], ["completed", "nas"]);
            assert.deepEqual([told("nas"), hosts.get("apps")?.connections], [["sudo -n systemctl stop -- db", "sudo -n shutdown -h +2"], 0]);
        });

        for (const [what, more, said] of [
            ["another name than the host's", { host: "nas", confirm: "apps" }, /msg\.confirm is not "nas"/],
            ["a host that is not in the plan", { host: "sql", confirm: "sql" }, /sql is not shut down by hand: it is not in the plan/],
        ] as const) {
            it(`refuses ${what}, on Catch`, async () => {
                await load(rows, armed);
                send({ payload: "shutdown", ...more });
                const [msg] = await flow?.until("errors", 1) ?? [];
                assert.match((msg?.error as { message: string }).message, said);
                assert.equal(connections(), 0);
            });
        }
    });

    it("tells Catch and the status when its journal was changed by another hand and set aside", async () => {
        const data = join(folder.path, "ridethrough", "shutdown-sequencer");
        mkdirSync(data, { recursive: true });
        writeFileSync(join(data, "sequencer.journal"), '{"version":1,"hosts":["evil"]}\n');
        await load([{ name: "app", port: 1 }], armed);
        const [msg] = await flow?.until("errors", 1) ?? [];
        assert.match((msg?.error as { message: string }).message, /the journal was damaged and set aside as /);
        await eventually(() => flow?.status("sequencer")?.text === "journal lost: see its error");
    });

    it("a redeploy in the middle neither drops nor doubles a run", async () => {
        const app = await host("app");
        app.setBehaviour({ command: "hang" }, "db");
        await load([{ name: "app", services: ["web", "db", "cache"] }], armed);
        send(critical());
        await eventually(() => told("app").length === 2);
        app.setBehaviour({}, "db");
        const before = performance.now();
        await flow?.redeploy();
        assert.ok(performance.now() - before < closeMs, "close in time");
        const [msg] = await flow?.until("result", 1) ?? [];
        assert.equal(resultOf(msg).outcome, "completed");
        assert.deepEqual(told("app").map((command) => command.split(" ").at(-1)), ["web", "db", "db", "cache", "+2"]);
        await flow?.redeploy();
        send(critical({ to: "DEAD" }));
        await flow?.until("done", 1);
        assert.equal(told("app").length, 5, "no second run in the outage");
        assert.equal(flow?.status("sequencer")?.text, "waits for HEALTHY of solix_output");
        send(critical({ to: "HEALTHY" }));
        await flow?.until("done", 2);
        assert.equal(flow?.status("sequencer")?.text, "armed 0/1, app: not drilled");
    });

    it("a redeploy that waits for no slow disk forgets nothing that was noted before it, and finds its journal whole", async () => {
        await host("app");
        await load([{ name: "app", services: ["web"] }], armed);
        send(critical());
        await flow?.until("result", 1);
        await withSlowDisk(1000, async () => {
            // The first is being written when the second, another outage, has to wait for it.
            send(critical({ to: "HEALTHY" }));
            await flow?.until("done", 2);
            send(critical());
            await sleep(50);
            await flow?.redeploy();
        });
        const [msg] = await flow?.until("result", 1) ?? [];
        assert.equal(resultOf(msg).outcome, "completed");
        assert.equal(told("app").length, 4);
        await flow?.redeploy();
        send(critical({ to: "DEAD" }));
        await flow?.until("done", 1);
        assert.equal(told("app").length, 4, "no second run in the outage");
        assert.deepEqual(flow?.errors(), []);
    });

    it("a redeploy in the middle of a person's hold neither ends it nor loses who may end it, not even in its first moment", async () => {
        const app = await host("app");
        app.setBehaviour({ command: "hang" }, "db");
        await load([{ name: "app", services: ["web", "db"] }], { ...armed, needsToken: true });
        send(critical());
        await eventually(() => told("app").length === 2);
        const { token } = (flow?.received("progress").at(-1)?.progress as RunProgress).control ?? {};
        send({ payload: "hold", token });
        await eventually(() => flow?.received("progress").some(({ payload }) => /^held by a person/.test(String(payload))) === true);
        app.setBehaviour({}, "db");
        await flow?.redeploy();
        await eventually(() => flow?.received("progress").some(({ payload }) => /^still held by a person, for (?:600|59\d) s at most$/.test(String(payload))) === true);
        assert.match(flow?.status("sequencer")?.text ?? "", /^held, stopping 1\/2/);
        assert.equal(told("app").length, 2);
        await flow?.redeploy();
        send({ payload: "cancel", token });
        const [msg] = await flow?.until("result", 1) ?? [];
        assert.equal(resultOf(msg).outcome, "cancelled", "said before the journal was read");
        assert.match(resultOf(msg).text, /2 of 2 steps put back/);
        assert.ok(!told("app").some((command) => command.includes("shutdown -h")));
    });

    describe("fault table: the other host is off in time, Catch hears once, Node-RED lives", () => {
        const bad = async (behaviour: SshBehaviour, row: Partial<HostRow> = {}): Promise<HostRow> => {
            await host("bad", behaviour);
            return { name: "bad", ...row };
        };
        const faults: [string, () => Promise<HostRow>, RegExp][] = [
            ["refused", async () => {
                const gone = await startBrokenPeer(() => undefined);
                await gone.stop();
                return { name: "bad", port: gone.port };
            }, /connection refused/],
            ["wrong auth", () => bad({ auth: "refuse" }), /does not accept our key/],
            ["wrong host key", () => bad({}, { hostKey: user.public }), /host key is not the pinned one/],
            ["vanishes mid command", () => bad({ command: "vanish" }), /connection was lost/],
            ["says nothing about the exit", () => bad({ command: "silent" }), /connection was lost/],
            ["hangs in a command", async () => {
                (await host("bad")).setBehaviour({ command: "hang" }, "systemctl");
                return { name: "bad", stopTimeout: "1" };
            }, /no answer within 1 s/],
            ["refuses sudo", () => bad({ exitCode: 1, errorText: "sudo: a password is required" }), /sudoers/],
            ...["truncated handshake", "garbage behind the banner", "10 MB before the banner", "half-closed", "hang-up"].map((fault): [string, () => Promise<HostRow>, RegExp] => [fault, async () => {
                const peer = await startBrokenPeer(brokenSshHosts[fault] ?? assert.fail());
                peers.push(peer);
                return { name: "bad", port: peer.port };
            }, /bad: log in failed/]),
        ];
        for (const [fault, badHost, words] of faults) {
            it(fault, async () => {
                await host("good");
                await load([{ services: ["web"], ...await badHost() }, { name: "good", services: ["web"] }], armed);
                send(critical());
                await eventually(() => told("good").length === 2, 10_000, () => `good was told ${told("good").join()}`);
                const [msg] = await flow?.until("result", 1, 15_000) ?? [];
                const result = resultOf(msg);
                assert.equal(result.outcome, "incomplete");
                assert.match(result.text, words);
                assert.doesNotMatch(result.text, /PRIVATE KEY/);
                assert.ok(result.steps.filter((step) => step.host === "good").every((step) => step.state === "done"));
                await eventually(() => flow?.errors().length !== 0);
                assert.equal(flow?.errors().length, 1);
                const closing = performance.now();
                await flow?.unload();
                assert.ok(performance.now() - closing < closeMs);
            });
        }

        it("10 MB of output are read and the command counts", async () => {
            await host("bad", { outputBytes: 10 << 20 });
            await load([{ name: "bad", services: ["web"] }], armed);
            send(critical());
            assert.equal(resultOf((await flow?.until("result", 1, 15_000))?.[0]).outcome, "completed");
        });

        for (const fault of ["black hole", "garbage banner", "hang in the login"]) {
            it(`${fault}: the other host is not delayed, and closing in the middle is not held up`, async () => {
                await host("good");
                if (fault === "hang in the login") await host("bad", { auth: "hang" });
                else peers.push(await startBrokenPeer(brokenSshHosts[fault] ?? assert.fail()));
                await load([{ name: "bad", services: ["web"], ...(peers[0] && { port: peers[0].port }) }, { name: "good", services: ["web"] }], armed);
                send(critical());
                await eventually(() => told("good").length === 2);
                const closing = performance.now();
                await flow?.unload();
                assert.ok(performance.now() - closing < closeMs);
            });
        }
    });
});
