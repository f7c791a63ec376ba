import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Node } from "node-red";
import helper from "node-red-node-test-helper";
import { alertText } from "../../lib/alerts/alert";
import { alertFrom } from "../../lib/alerts/messages";
import type { Arming, HostStanding } from "../../lib/shutdown/arming";
import type { PlanDrill } from "../../lib/shutdown/drill-book";
import type { HealthNews } from "../../lib/shutdown/health";
import type { RunResult } from "../../lib/shutdown/progress";
import powerHost from "../../nodes/power-host/power-host";
import type { DrilledHost } from "../../nodes/shutdown-plan/drilled-host";
import shutdownPlan from "../../nodes/shutdown-plan/shutdown-plan";
import shutdownSequencer from "../../nodes/shutdown-sequencer/shutdown-sequencer";
import stored from "../fixtures/configs/shutdown-sequencer.v2.json";
import { generateKeyPair, startSshHost, type SshBehaviour, type SshHost } from "../simulators/ssh-host";
import { eventually, loadFlow, temporaryFolder, type FlowMsg, type FlowNode, type LoadedFlow } from "../support/helper";

describe("drills", () => {
    const user = generateKeyPair();
    const hosts = new Map<string, SshHost>();
    const getuid = process.getuid;
    const runAs = (uid: number | undefined): void => void Object.defineProperty(process, "getuid", { value: uid === undefined ? undefined : () => uid, configurable: true, writable: true });
    let folder: ReturnType<typeof temporaryFolder>;
    let flow: LoadedFlow | undefined;

    const armed = { dryRun: false, enabled: true, rootKnown: true, openKnown: true, check: "0" };
    const flowOf = (names: readonly string[], sequencer: object, plan: object): FlowNode[] => [
        { ...stored, ...sequencer, wires: [[], ["result"]] },
        { id: "plan", type: "shutdown-plan", hosts: names.map((name) => `host-${name}`), steps: names.map(() => ({ services: ["web"], stopTimeout: "5" })), final: "shutdown", delay: "2", ...plan },
        ...names.map((name): FlowNode => ({ id: `host-${name}`, type: "power-host", name, kind: "ssh", host: "127.0.0.1", port: String(hosts.get(name)?.port), user: "power", auth: "key", hostKey: hosts.get(name)?.hostKey })),
        { id: "result", type: "helper" }, { id: "catch", type: "catch", wires: [["errors"]] }, { id: "errors", type: "helper" },
    ];
    const load = async (sequencer: object = armed, plan: object = {}, names: readonly string[] = [...hosts.keys()]): Promise<LoadedFlow> =>
        (flow = await loadFlow([powerHost, shutdownPlan, shutdownSequencer], flowOf(names, sequencer, plan), { userDir: folder.path, credentials: Object.fromEntries(names.map((name) => [`host-${name}`, { privateKey: user.private }])) }));
    const host = async (name: string, behaviour: SshBehaviour = {}): Promise<SshHost> => {
        const [one, before] = [await startSshHost({ name, authorizedKey: user.public, behaviour }), hosts.get(name)];
        hosts.set(name, one);
        await before?.stop();
        return one;
    };
    const post = async (path: string, body: object = {}): Promise<{ ok: boolean; error?: string; hosts?: DrilledHost[]; drill?: PlanDrill }> =>
        (await helper.request().post(`/ridethrough/shutdown-plan/${path}`).send(body).expect(200)).body as never;
    const standings = async (): Promise<string[]> => (await post("plan/evidence")).hosts?.map(({ host: name, standing }) => `${name} ${standing}`) ?? [];
    const send = (msg: object): void => flow?.node<Node>("sequencer").receive({ ...msg });
    const critical = { transition: { device: "solix_output", from: "ALERT", to: "CRITICAL", since: 1, at: Date.now(), watts: 24, conclusive: true } };
    const statusIs = (text: string): Promise<void> => eventually(() => flow?.status("sequencer")?.text === text, 10_000, () => `"${text}", is "${flow?.status("sequencer")?.text}"`);
    const told = (name: string): string[] => hosts.get(name)?.commands.map((command) => command.short) ?? [];
    const acts = (name: string): string[] => told(name).filter((command) => /^sudo -n (?!-l)/.test(command));
    const evidenceFile = (): string => join(folder.path, "ridethrough", "shutdown-plan", "plan.json");
    const warnings = (id: string): string[] => ((flow?.node(id) as unknown as { warn: { args: [string][] } }).warn.args).map(([text]) => text);
    const news = (part: string): FlowMsg[] => flow?.received("result").filter((msg) => msg[part] !== undefined) ?? [];

    before((done) => { helper.startServer(done); });
    after((done) => { helper.stopServer(done); });
    beforeEach(() => { folder = temporaryFolder(); });
    afterEach(async () => {
        runAs(getuid?.());
        await flow?.unload();
        flow = undefined;
        await Promise.all([...hosts.values()].map((one) => one.stop()));
        hosts.clear();
        await folder.remove();
    });

    describe("from the plan's dialog", () => {
        it("prove every host, and carry out nothing there", async () => {
            await host("app");
            await host("nas");
            await load();
            assert.deepEqual(await standings(), ["app undrilled", "nas undrilled"]);
            const { ok, drill, hosts: after } = await post("plan/drill");
            assert.deepEqual([ok, drill?.ok, drill?.text], [true, true, "2 of 2 hosts could be shut down"]);
            assert.deepEqual(after?.map(({ host: name, standing }) => `${name} ${standing}`), ["app proven", "nas proven"]);
            assert.equal(after?.[0]?.hostKey, hosts.get("app")?.fingerprint);
            assert.deepEqual([acts("app"), acts("nas")], [[], []]);
            assert.deepEqual([hosts.get("app")?.logins, hosts.get("nas")?.logins], [1, 1], "one login a host");
        });

        it("prove one host", async () => {
            await host("app");
            await host("nas");
            await load();
            assert.equal((await post("plan/drill", { host: "nas" })).ok, true);
            assert.deepEqual(await standings(), ["app undrilled", "nas proven"]);
            assert.equal(hosts.get("app")?.connections, 0);
        });

        for (const [what, path, body, words] of [
            ["a host that the plan has not", "plan/drill", { host: "nas; reboot" }, /host "nas; reboot" is not in the plan/],
            ["a host that is no name", "plan/drill", { host: ["app"] }, /host is not a name/],
            ["a plan that is not deployed", "new/drill", {}, /deploy the plan first/],
            ["evidence of a plan that is not deployed", "new/evidence", {}, /deploy the plan first/],
            ["a node that is no plan", "host-app/drill", {}, /deploy the plan first/],
        ] as const) {
            it(`refuse ${what}`, async () => {
                await host("app");
                await load();
                const answer = await post(path, body);
                assert.equal(answer.ok, false);
                assert.match(answer.error ?? "", words);
                assert.equal(hosts.get("app")?.connections, 0);
            });
        }

        const faults: [string, SshBehaviour, string | undefined, RegExp][] = [
            ["a key that is not accepted", { auth: "refuse" }, undefined, /^log in: does not accept our key/],
            ["sudo's no", { exitCode: 1, errorText: "sudo does not allow: shutdown -h +2" }, "-h +2", /^shutdown -h \+2: sudo does not allow: shutdown -h \+2: allow without a password in sudoers there/],
            ["a connection that breaks in the middle", { command: "vanish" }, "web", /^stop web: the connection was lost/],
        ];
        for (const [what, behaviour, only, words] of faults) {
            it(`tell ${what}, without a secret`, async () => {
                (await host("app", only === undefined ? behaviour : {})).setBehaviour(behaviour, only);
                await load();
                const { drill, hosts: after } = await post("plan/drill");
                assert.equal(drill?.ok, false);
                assert.deepEqual(await standings(), ["app failed"]);
                assert.match(after?.[0]?.problems?.[0] ?? "", words);
                await flow?.unload();
                assert.doesNotMatch(readFileSync(evidenceFile(), "utf8"), /PRIVATE KEY/);
            });
        }
    });

    it("note whether a key may run anything, also where the answer comes late", async () => {
        for (const [behaviour, confined] of [[{ output: "uid=1000(power)\n" }, false], [{ output: "uid=1000(power)\n", outputLate: true }, false], [{ exitCode: 126 }, true], [{ output: "Welcome\n" }, true]] as const) {
            (await host("app")).setBehaviour(behaviour, "PATH");
            await load();
            assert.equal((await post("plan/drill")).drill?.hosts[0]?.confined, confined, JSON.stringify(behaviour));
            await flow?.unload();
            await hosts.get("app")?.stop();
        }
    });

    describe("as evidence", () => {
        beforeEach(async () => {
            await host("app");
            await load();
            await post("plan/drill");
        });

        it("outlast a restart", async () => {
            await flow?.redeploy();
            assert.deepEqual(await standings(), ["app proven"]);
            await statusIs("armed, 1 host");
        });

        for (const [what, plan] of [["steps", { steps: [{ services: ["web", "db"] }] }], ["an end", { final: "poweroff" }]] as const) {
            it(`do not count for a plan with other ${what}`, async () => {
                await flow?.unload();
                await load(armed, plan);
                assert.deepEqual(await standings(), ["app changed"]);
                await statusIs("armed 0/1, app: changed since its drill");
            });
        }

        it("do not count for a host at another address", async () => {
            await flow?.unload();
            const { port } = await host("app");
            assert.ok(port);
            await load();
            assert.deepEqual(await standings(), ["app changed"]);
        });

        it("expire", async () => {
            await flow?.unload();
            const { count, hosts: list } = JSON.parse(readFileSync(evidenceFile(), "utf8")) as { count: { ms: number }; hosts: { at: number }[] };
            const day = 24 * 3_600_000;
            writeFileSync(evidenceFile(), JSON.stringify({ count, hosts: list.map((entry) => ({ ...entry, at: count.ms - 6 * day })) }));
            await load(armed, { evidenceDays: "5" });
            assert.deepEqual(await standings(), ["app expired"]);
            await statusIs("armed 0/1, app: drill expired");
        });

        for (const [what, damage] of [
            ["torn", (text: string) => text.slice(0, 40)],
            ["tampered with", (text: string) => text.replace('"ok":true', '"ok":"yes"')],
            ["from the future", (text: string) => text.replace(/"at":\d+/, `"at":${Date.now() + 1e12}`)],
        ] as const) {
            it(`that are ${what} are set aside and reported, not obeyed`, async () => {
                await flow?.unload();
                writeFileSync(evidenceFile(), damage(readFileSync(evidenceFile(), "utf8")));
                await load();
                assert.deepEqual(await standings(), ["app undrilled"]);
                const [msg] = await flow?.until("errors", 1) ?? [];
                assert.match(String((msg?.error as { message: string }).message), /damaged and set aside as .*; starting without it: its hosts count as not drilled/);
                assert.ok(readdirSync(join(folder.path, "ridethrough", "shutdown-plan")).some((name) => name.includes(".bad-")));
            });
        }
    });

    describe("of a sequencer", () => {
        it("asked for by a message answer with one message, and count in the status", async () => {
            await host("app");
            await host("nas");
            await load();
            await statusIs("armed 0/2, app: not drilled");
            send({ payload: "drill", host: "nas", room: "cellar" });
            const [one] = await flow?.until("result", 1) ?? [];
            assert.deepEqual([one?.topic, one?.payload, one?.room, (one?.drill as PlanDrill).hosts.map(({ host: name }) => name)], ["drill", "1 of 1 host could be shut down", "cellar", ["nas"]]);
            await statusIs("armed 1/2, app: not drilled");
            send({ payload: "Drill" });
            await flow?.until("result", 2);
            await statusIs("armed, 2 hosts");
            assert.deepEqual(flow?.status("sequencer"), { fill: "green", shape: "dot", text: "armed, 2 hosts" });
            assert.equal(flow?.received("result").length, 2);
            const telling = alertFrom(one ?? {}, { label: "", steps: "live" }, 1);
            assert.equal("alert" in telling && telling.alert && alertText(telling.alert), "✅ DRILL — 1 of 1 host could be shut down");
            assert.deepEqual(flow?.errors(), []);
        });

        it("are listed for who asks, as a dashboard may", async () => {
            await host("app");
            await host("nas");
            await load();
            await post("plan/drill", { host: "nas" });
            send({ payload: "evidence", room: "cellar" });
            const [msg] = await flow?.until("result", 1) ?? [];
            const { level, proven, of, hosts: list } = msg?.arming as Arming & { hosts: HostStanding[] };
            assert.deepEqual([msg?.payload, msg?.room, level, proven, of], ["armed 1/2, app: not drilled", "cellar", "armed", 1, 2]);
            assert.deepEqual(list.map(({ host: name, standing }) => [name, standing]), [["app", "undrilled"], ["nas", "proven"]]);
            assert.ok((list[1]?.ageMs ?? Infinity) < 60_000 && Math.abs((list[1]?.drilledAt ?? 0) - Date.now()) < 60_000);
            assert.equal((list[1]?.ageMs ?? NaN) + (list[1]?.expiresInMs ?? NaN), 30 * 24 * 3_600_000);
        });

        it("say how often an armed one looks after its hosts by itself, where it does", async () => {
            await host("app");
            for (const [check, everyMs] of [["24", 86_400_000], ["0", undefined]] as const) {
                await load({ ...armed, check });
                send({ payload: "evidence" });
                const [msg] = await flow?.until("result", 1) ?? [];
                assert.equal((msg?.arming as { checkEveryMs?: number }).checkEveryMs, everyMs);
                await flow?.unload();
            }
        });

        it("of one among several, with its mark on what it says: what is asked of another is left to that one", async () => {
            await host("app");
            await load({ ...armed, name: "Cellar" }, { name: "My rack" });
            const marks = [{ id: "other", name: "Attic", plan: "" }, "other"];
            for (const sequencer of marks) for (const payload of ["drill", "Evidence", "hold", "release", "cancel"]) send({ payload, sequencer });
            const mine = { id: "sequencer", name: "Cellar", plan: "My rack" };
            send({ payload: "evidence", sequencer: mine });
            send({ payload: "drill", sequencer: "sequencer" });
            const told = await flow?.until("result", 2) ?? [];
            assert.deepEqual(told.map(({ topic, sequencer }) => [topic, sequencer]), [["evidence", mine], ["drill", mine]]);
            assert.deepEqual([flow?.errors(), warnings("sequencer").filter((text) => /hold|release/.test(text))], [[], []]);
        });

        it("and starts a run for a trigger, whichever sequencer it has passed before", async () => {
            await host("app");
            await load();
            send({ ...critical, payload: "cancel", sequencer: "other" });
            const [msg] = await flow?.until("result", 1) ?? [];
            assert.equal((msg?.result as RunResult).outcome, "completed");
        });

        it("show in a rehearsing one that every host is proven", async () => {
            await host("app");
            await load({});
            send({ payload: "drill" });
            await statusIs("dry run, 1 host drilled");
        });

        for (const [what, msg, words] of [
            ["simulated input", { payload: "drill", simulated: true }, /simulated input logs in nowhere/],
            ["a host of no name", { payload: "drill", host: { a: 1 } }, /msg\.host is not the name/],
            ["a stranger", { payload: "drill", host: "other" }, /host "other" is not in the plan/],
        ] as const) {
            it(`asked for by ${what} reach Catch`, async () => {
                await host("app");
                await load();
                send(msg);
                const [error] = await flow?.until("errors", 1) ?? [];
                assert.match(String((error?.error as { message: string }).message), words);
                assert.equal(hosts.get("app")?.connections, 0);
            });
        }

        it("tell an armed one's people once that a host can't be shut down any more, and once that it can", async () => {
            const app = await host("app");
            await load();
            const drilled = async (count: number): Promise<void> => {
                send({ payload: "drill" });
                await eventually(() => news("drill").length === count);
                await new Promise((resolve) => setTimeout(resolve, 150));
            };
            await drilled(1);
            app.setBehaviour({ exitCode: 1, errorText: "there is no service web" }, "web");
            await drilled(2);
            await drilled(3);
            await statusIs("armed 0/1, app: drill failed");
            app.setBehaviour({}, "web");
            await drilled(4);
            await statusIs("armed, 1 host");
            await eventually(() => news("health").length >= 2);
            assert.deepEqual(news("health").map(({ health }) => (health as HealthNews).ok), [false, true]);
            assert.equal(news("health")[0]?.payload, "0 of 1 hosts are proven\napp: drill failed, stop web: there is no service web");
        });
    });

    describe("by themselves", () => {
        it("look after the hosts of an armed plan, and tell before an outage what an outage would have shown", async () => {
            const app = await host("app");
            await host("nas");
            await load({ ...armed, check: "0.0003" });
            await statusIs("armed, 2 hosts");
            app.setBehaviour({ auth: "refuse" });
            await eventually(() => news("health").length === 1, 10_000);
            assert.match(String(news("health")[0]?.payload), /^1 of 2 hosts are proven\napp: drill failed, log in: does not accept our key/);
            app.setBehaviour({});
            await eventually(() => news("health").length === 2, 10_000);
            await statusIs("armed, 2 hosts");
            assert.deepEqual([acts("app"), acts("nas"), news("drill")], [[], [], []]);
        });

        for (const [what, switches] of [["rehearses", { dryRun: true }], ["is not enabled", { enabled: false }], ["is not safe to arm", { openKnown: false }], ["is told not to", { check: "0" }]] as const) {
            it(`leave hosts alone while the sequencer ${what}`, async () => {
                await host("app");
                await load({ ...armed, check: "0.0001", ...switches });
                await new Promise((resolve) => setTimeout(resolve, 1000));
                assert.equal(hosts.get("app")?.connections, 0);
            });
        }
    });

    describe("and a shutdown", () => {
        const resultOf = async (): Promise<RunResult> => {
            await eventually(() => news("result").length === 1);
            return news("result")[0]?.result as RunResult;
        };

        it("try hosts that nobody has drilled all the same: in an outage that is better than nothing", async () => {
            await host("app");
            await load();
            send(critical);
            assert.equal((await resultOf()).outcome, "completed");
            assert.equal(acts("app").length, 2);
        });

        it("leave them alone when it is set so, and say so", async () => {
            await host("app");
            await host("nas");
            await load({ ...armed, onlyDrilled: true });
            await post("plan/drill", { host: "nas" });
            const before = hosts.get("app")?.connections;
            send(critical);
            const result = await resultOf();
            assert.equal(result.outcome, "incomplete");
            assert.match(result.text, /app: .*not proven by a drill, and only drilled hosts are shut down/);
            assert.deepEqual([acts("app"), acts("nas").length, hosts.get("app")?.connections], [[], 2, before]);
        });

        it("do not get into each other's way: a drill ends when a run begins, and none begins meanwhile", async () => {
            const app = await host("app");
            app.setBehaviour({ command: "hang" }, "sh -c");
            let stopped = (): void => undefined;
            app.setBehaviour({ until: new Promise<void>((resolve) => { stopped = resolve; }) }, "sudo -n systemctl");
            await load();
            const drill = post("plan/drill");
            await eventually(() => told("app").some((command) => command.startsWith("sh -c")));
            send(critical);
            assert.match((await drill).error ?? "", /the drill was stopped/);
            assert.match((await post("plan/drill")).error ?? "", /no drill now: a shutdown is under way/);
            send({ payload: "drill" });
            const [error] = await flow?.until("errors", 1) ?? [];
            assert.match(String((error?.error as { message: string }).message), /no drill now: a shutdown is under way/);
            stopped();
            assert.equal((await resultOf()).outcome, "completed");
            assert.deepEqual(await standings(), ["app undrilled"]);
            app.setBehaviour({}, "sh -c");
            assert.equal((await post("plan/drill")).ok, true);
        });
    });

    describe("arming a Node-RED that others could misuse", () => {
        for (const [what, uid, known, words] of [
            ["runs as root", 0, { rootKnown: false, openKnown: true }, /Node-RED runs as root: run it as an account of its own/],
            ["has no password for its editor", 1000, { rootKnown: true, openKnown: false }, /the editor has no password: set adminAuth/],
        ] as const) {
            it(`that ${what} is refused until a person says that they know`, async () => {
                runAs(uid);
                await host("app");
                await load({ ...armed, ...known });
                const { fill, shape, text } = flow?.status("sequencer") ?? {};
                assert.deepEqual([fill, shape, text?.startsWith("not armed: ")], ["red", "ring", true]);
                send(critical);
                const [msg] = await flow?.until("result", 1) ?? [];
                assert.equal((msg?.result as RunResult).outcome, "invalid");
                const [error] = await flow?.until("errors", 1) ?? [];
                assert.match(String((error?.error as { message: string }).message), words);
                assert.equal(hosts.get("app")?.connections, 0);
                await flow?.unload();
                await load();
                await statusIs("armed 0/1, app: not drilled");
            });

            it(`that ${what} can rehearse all the same`, async () => {
                runAs(uid);
                await host("app");
                await load({ ...known });
                await statusIs("dry run, 1 host");
            });
        }

        it("that runs as an account of its own needs no such word", async () => {
            runAs(1000);
            await host("app");
            await load({ ...armed, rootKnown: false });
            await statusIs("armed 0/1, app: not drilled");
        });

        it("of an earlier version stays armed, and warns at each deploy", async () => {
            runAs(0);
            await host("app");
            await load({ ...armed, version: 1, rootKnown: undefined, openKnown: undefined });
            await statusIs("armed 0/1, app: not drilled");
            await eventually(() => warnings("sequencer").length === 3);
            assert.match(warnings("sequencer").join("\n"), /armed, since it was before this was asked: Node-RED runs as root.*\n.*the editor has no password/);
        });
    });
});
