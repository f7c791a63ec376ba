import assert from "node:assert/strict";
import { Trouble } from "../../../lib/kit/trouble";
import { drillHost, type HostDrill } from "../../../lib/shutdown/drill";
import { wordsOf } from "../../../lib/shutdown/commands";
import { kitRefusal, mayRun, textsOf } from "../../../lib/shutdown/kit-question";
import { parsePlan, type PlanDraft, type PlanHost } from "../../../lib/shutdown/plan";
import type { CommandEnd, HostAccess } from "../../../lib/shutdown/transport";
import { FakeHosts, ok, type Obey } from "../../support/fake-hosts";
import { settle, VirtualClock } from "../../support/virtual-clock";

const hostOf = (draft: Partial<PlanDraft["hosts"][number]> = {}): PlanHost => parsePlan({ hosts: [{ name: "nas", services: ["web", "db"], ...draft }] }).plan?.hosts[0] ?? assert.fail();
const exit = (code: number, output = ""): CommandEnd => ({ end: "exit", code, output });
const refused: CommandEnd = exit(1);
/** What the catalogue has a drill run for each step of a host. */
const probesOf = ({ steps, final }: PlanHost, root: boolean): string[] => [...steps, ...(final ? [final] : [])].map(({ action, params }) => wordsOf(action.probe(params, { root, timeoutS: 30 })).join(" "));

describe("a drill of a host", () => {
    let hosts: FakeHosts;
    let clock: VirtualClock;
    const drill = (host = hostOf(), more: Partial<HostAccess> = {}, signal?: AbortSignal): Promise<HostDrill> =>
        drillHost(host, () => ({ ...hosts.access(host.name), root: false, ...more }), { clock, ...(signal && { signal }) });

    beforeEach(() => {
        hosts = new FakeHosts();
        clock = new VirtualClock();
        hosts.obey = (command) => (command === "id" ? exit(0, "uid=1000(power) gid=1000(power)") : ok);
    });

    it("logs in once and asks sudo about the exact command of each step, and of the end", async () => {
        const { ok: well, checks, at, host } = await drill();
        assert.deepEqual([host, well, at], ["nas", true, clock.now()]);
        assert.deepEqual(checks.map(({ what }) => what), ["log in", "stop web", "stop db", "shutdown -h +2"]);
        assert.deepEqual(hosts.opened, ["nas"]);
        assert.deepEqual(hosts.of("nas"), ["id", ...probesOf(hostOf(), false)]);
        assert.match(hosts.of("nas")[1] ?? "", /sudo -n -l .* systemctl stop -- web/s);
    });

    it("runs nothing but probes", async () => {
        const host = hostOf({ steps: [{ action: "stop-docker" }, { action: "unmount", params: { mounts: ["/mnt/a"] } }, { action: "command", params: { command: ["touch", "x"] } }, { action: "sync" }], final: { action: "poweroff" } });
        await drill(host);
        assert.deepEqual(hosts.of("nas"), ["id", ...probesOf(host, false)]);
    });

    it("as root looks for what is to be stopped, and asks no sudo", async () => {
        await drill(hostOf(), { root: true });
        assert.deepEqual(hosts.of("nas"), ["id", ...probesOf(hostOf(), true)]);
    });

    const table: [what: string, obey: Obey, words: RegExp][] = [
        ["sudo's silent no", () => refused, /^sudo does not allow it: allow without a password in sudoers there: systemctl stop -- web, systemctl start -- web$/],
        ["a password", () => exit(1, "sudo: a password is required"), /^sudo: a password is required: allow without a password in sudoers there: systemctl stop -- web/],
        ["a missing program", () => exit(127, "sh: sudo: not found"), /^sh: sudo: not found/],
        ["a host that says something else", () => exit(1, "this account is currently not available"), /^this account is currently not available$/],
        ["a signal", () => ({ end: "signal", signal: "KILL", output: "" }), /^ended by signal KILL$/],
        ["a lost connection", () => ({ end: "lost", output: "", why: "does not answer any more" }), /^the connection was lost \(does not answer any more\)$/],
        ["trouble", () => new Trouble("closed", "host nas: hung up", "look at it"), /^hung up: look at it$/],
    ];
    for (const [what, obey, words] of table) {
        it(`tells cause and cure of ${what}, and goes on with the next step`, async () => {
            hosts.obey = (command, host) => (command === "id" ? exit(0, "uid=1") : /stop -- web\b/.test(command) ? obey(command, host) : ok);
            const { ok: well, checks } = await drill();
            assert.equal(well, false);
            assert.match(checks[1]?.error ?? "", words);
            assert.deepEqual(checks.map((check) => check.ok), [true, false, true, true]);
        });
    }

    for (const said of ["", "Welcome! 1) Status 2) Log out", (command: string) => command]) {
        it(`does not believe an exit status of 0 ${typeof said === "string" ? `with ${JSON.stringify(said)}` : "behind an echo"}: a login shell may run nothing at all`, async () => {
            hosts.obey = (command, _host, tap) => {
                tap?.stdout(Buffer.from(typeof said === "string" ? said : said(command)));
                return exit(0);
            };
            hosts.honest = false;
            const { ok: well, checks } = await drill(hostOf(), { confined: true });
            assert.equal(well, false);
            for (const { error } of checks.slice(2)) assert.match(error ?? "", /has not run what it was told: give the account an ordinary login shell/);
        });
    }

    it("of a host that can't be reached tells that, and tries nothing else", async () => {
        hosts.connect = () => Promise.reject(new Trouble("auth", "host nas: refused, its host key is not the pinned one", "learn its key again"));
        const { ok: well, checks, hostKey } = await drill(hostOf(), { hostKey: "SHA256:x" });
        assert.deepEqual(checks.map(({ what, error }) => [what, error]), [["log in", "refused, its host key is not the pinned one: learn its key again"]]);
        assert.deepEqual([well, hostKey, hosts.told], [false, undefined, []]);
    });

    it("of a host that is not set up tells what is missing", async () => {
        const { checks } = await drillHost(hostOf(), () => ({ root: false, open: () => { throw new Trouble("config", "host nas: no user"); } }), { clock });
        assert.deepEqual(checks.map(({ error }) => error), ["no user"]);
    });

    it("reports the key by which the host has proved itself", async () => assert.equal((await drill(hostOf(), { hostKey: "SHA256:x" })).hostKey, "SHA256:x"));

    it("takes each step's time, and gives up a host that hangs", async () => {
        hosts.obey = () => new Promise(() => undefined);
        const result = drill(hostOf({ services: Array.from({ length: 12 }, (_, index) => `s${index}`) }));
        await clock.pass(120_000);
        const { checks, ms, ok: well } = await result;
        assert.equal(well, false);
        assert.ok(ms <= 70_500, `${ms}`);
        assert.match(checks[1]?.error ?? "", /no answer within 30/);
        assert.equal(checks[1]?.ms, 30_000);
        assert.match(checks.at(-1)?.error ?? "", /not tried: the drill of this host took longer than 60 s/);
    });

    it("gives up a login that hangs", async () => {
        hosts.connect = () => new Promise(() => undefined);
        const result = drill();
        await clock.pass(11_000);
        assert.match((await result).checks[0]?.error ?? "", /no answer within 10/);
    });

    it("that is stopped shows nothing, and lets go of the host", async () => {
        const stop = new AbortController();
        hosts.obey = () => new Promise(() => undefined);
        const result = drill(hostOf(), {}, stop.signal);
        await settle();
        stop.abort();
        await assert.rejects(result, { kind: "stopped" });
    });

    describe("with a key that may run nothing else", () => {
        const refusal = exit(126, kitRefusal);
        const knows = (...texts: string[]) => (command: string): CommandEnd => (texts.some((text) => command === mayRun(text).join(" ")) || !/^(?:id|ridethrough-may)\b/.test(command) ? ok : refusal);
        const texts = (host: PlanHost): string[] => host.steps.concat(host.final ?? []).flatMap((step) => [textsOf(step, false).program, textsOf(step, false).insist ?? "", textsOf(step, false).undo?.text ?? ""]);

        it("makes sure that another command is refused, and that the forced command knows every step and its way back", async () => {
            hosts.obey = knows(...texts(hostOf()));
            const { ok: well, confined, checks } = await drill(hostOf(), { confined: true });
            assert.deepEqual([well, confined], [true, true], JSON.stringify(checks));
            assert.deepEqual(checks.map(({ what }) => what), ["log in", "refuse other commands", "stop web", "stop db", "shutdown -h +2"]);
        });
        for (const [what, host] of [["a time limit", hostOf({ stopTimeoutS: 90, steps: [{ action: "stop-docker" }] })], ["a step", hostOf({ services: ["web", "cache"] })], ["the end", hostOf({ final: { action: "poweroff" } })]] as const) {
            it(`finds out that ${what} has changed since the forced command was made`, async () => {
                hosts.obey = knows(...texts(hostOf({ steps: [{ action: "stop-docker" }] })));
                for (const said of [{ confined: true as const }, {}]) {
                    const { ok: well, checks } = await drill(host, said);
                    assert.equal(well, false);
                    assert.match(checks.find(({ error }) => error !== undefined)?.error ?? "", /does not know this step as it is now: make it anew/);
                }
            });
        }
        it("of somebody else's making, asks it nothing that it must know", async () => {
            hosts.obey = (command) => (/^(?:id|ridethrough-may)\b/.test(command) ? exit(1, "not in my list") : ok);
            const { ok: well, confined } = await drill();
            assert.deepEqual([well, confined], [true, true]);
        });
        it("fails when another command is run", async () => {
            const { ok: well, confined, checks } = await drill(hostOf(), { confined: true });
            assert.deepEqual([well, confined], [false, false]);
            assert.match(checks[1]?.error ?? "", /forced command/);
        });
        it("not being said, only notes what was found", async () => {
            assert.deepEqual(await drill().then(({ ok: well, confined }) => [well, confined]), [true, false]);
            hosts.obey = (command) => (command === "id" ? new Trouble("closed", "x") : ok);
            assert.deepEqual(await drill().then(({ ok: well, confined }) => [well, confined]), [true, undefined]);
        });
    });
});
