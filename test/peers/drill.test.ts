import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PlanDrill } from "../../lib/shutdown/drill-book";
import { parsePlan, type PlanHost } from "../../lib/shutdown/plan";
import { targetKit } from "../../lib/shutdown/target-kit";
import type { DrilledHost } from "../../nodes/shutdown-plan/drilled-host";
import { startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";
import { Lab, labMissing, type LabHost } from "./lab";

describe("a drill of a real host: sshd, sudo and systemd", function () {
    this.timeout(300_000);
    let lab: Lab;
    let nas: LabHost;
    let red: NodeRed;
    const services = ["postgresql", "nfs-server"];
    const planId = "aaaaaaaaaaaaaaa1";

    interface Wish {
        services?: string[];
        stopTimeout?: string;
        host?: object;
    }
    const planHost = ({ services: names = services, stopTimeout = "30" }: Wish = {}): PlanHost => parsePlan({ hosts: [{ name: "nas", services: names, stopTimeoutS: Number(stopTimeout) }] }).plan?.hosts[0] ?? assert.fail();
    const kitOf = (wish?: Wish): ReturnType<typeof targetKit> => targetKit(planHost(wish), { user: "power", root: false, publicKey: readFileSync(join(lab.seen, "id.pub"), "utf8").split(" ").slice(0, 2).join(" ") });
    const put = (path: string, text: string, mode: number): void => writeFileSync(join(nas.seen, path), text, { mode });
    const allow = async (sudoers: string): Promise<void> => {
        put("etc/sudoers.d/ridethrough", sudoers, 0o440);
        await nas.run("visudo", "-c", "-q");
    };
    const openKey = (): void => put("home/power/.ssh/authorized_keys", `restrict ${readFileSync(join(lab.seen, "id.pub"), "utf8")}`, 0o600);
    const confine = (wish?: Wish): void => {
        const { forcedCommand, authorizedKeys } = kitOf(wish);
        put(forcedCommand.path, forcedCommand.text, 0o755);
        put("home/power/.ssh/authorized_keys", authorizedKeys, 0o600);
    };

    const flow = ({ services: names = services, stopTimeout = "30", host = {} }: Wish): FlowNode[] => [
        { id: "aaaaaaaaaaaaaaa0", type: "tab", label: "drill" },
        { id: planId, type: "shutdown-plan", version: 1, hosts: ["aaaaaaaaaaaaaaa2"], steps: [{ services: names, stopTimeout }], final: "shutdown", delay: "2", evidenceDays: "30" },
        { id: "aaaaaaaaaaaaaaa2", type: "power-host", version: 2, name: "nas", kind: "ssh", host: nas.address, port: "22", user: "power", auth: "keyFile", keyFile: join(lab.seen, "id"), transport: "ssh2", trust: "pinned", hostKey: nas.hostKey, ...host },
    ];
    const drill = async (wish: Wish = {}): Promise<{ drill: PlanDrill; host: DrilledHost }> => {
        await red.deploy(flow(wish));
        const answer = (await (await red.request(`ridethrough/shutdown-plan/${planId}/drill`, { method: "POST", body: {} })).json()) as { ok: boolean; error?: string; drill: PlanDrill; hosts: DrilledHost[] };
        assert.ok(answer.ok, answer.error);
        const [host] = answer.hosts;
        assert.ok(host);
        return { drill: answer.drill, host };
    };
    const untouched = async (): Promise<void> => {
        for (const service of services) await nas.run("systemctl", "is-active", "--quiet", service);
        assert.deepEqual([nas.log, nas.scheduledShutdown, nas.isUp], [[], undefined, true]);
    };

    before(async function () {
        const missing = labMissing();
        if (missing !== undefined) {
            console.log(`skipped: ${missing}`);
            this.skip();
        }
        lab = await Lab.start();
        nas = await lab.host({ name: "nas", services: services.map((name) => ({ name })), sudoers: [kitOf().sudoers ?? ""] });
        red = await startNodeRed({ prefix: lab.inController });
    });
    after(async () => {
        await red?.stop();
        await lab?.stop();
    });
    beforeEach(async () => {
        await allow(kitOf().sudoers ?? "");
        openKey();
    });
    afterEach(async () => {
        await nas.plugCable();
        await untouched();
    });

    it("proves login, host key and every sudo rule of the plan's own kit, and stops nothing", async () => {
        const { drill: shown, host } = await drill();
        assert.deepEqual([shown.ok, host.standing], [true, "proven"], JSON.stringify(shown, null, 1));
        assert.deepEqual(shown.hosts[0]?.checks.map(({ what }) => what), ["log in", "stop postgresql", "stop nfs-server", "shutdown -h +2"]);
        assert.match(host.hostKey ?? "", /^SHA256:/);
        assert.equal(host.confined, false, "the key may run anything, and that is noted");
    });

    it("says which sudo rule is missing, and what to allow", async () => {
        await allow(kitOf({ services: ["nfs-server"] }).sudoers ?? "");
        const { host } = await drill();
        assert.equal(host.standing, "failed");
        assert.equal(host.problems?.length, 1, JSON.stringify(host.problems));
        assert.match(host.problems[0] ?? "", /^stop postgresql: .*sudo does not allow.*systemctl stop -- postgresql/);
    });

    it("says that what was stopped could not be started again", async () => {
        await allow((kitOf().sudoers ?? "").replace(/^.*systemctl start -- nfs-server\n/m, "").replace(/^.*shutdown -c\n/m, ""));
        const { host } = await drill();
        assert.deepEqual([host.standing, host.problems?.length], ["failed", 2], JSON.stringify(host.problems));
        assert.match(host.problems?.[0] ?? "", /^stop nfs-server: sudo does not allow: systemctl start -- nfs-server/);
        assert.match(host.problems?.[1] ?? "", /^shutdown -h \+2: sudo does not allow: shutdown -c/);
    });

    it("says that an account may not use sudo at all", async () => {
        await allow("# nobody\n");
        const { host } = await drill();
        assert.equal(host.problems?.length, 3, JSON.stringify(host.problems));
        for (const problem of host.problems ?? []) assert.match(problem, /sudo/);
    });

    it("says that a rule asks for a password", async () => {
        await allow((kitOf().sudoers ?? "").replaceAll("NOPASSWD:", "PASSWD:"));
        const { host } = await drill();
        assert.equal(host.standing, "failed");
        assert.match(host.problems?.[0] ?? "", /sudo/);
    });

    it("says that there is no such service", async () => {
        const wish = { services: ["postgresql", "nfs-servre"] };
        await allow(kitOf(wish).sudoers ?? "");
        const { host } = await drill(wish);
        assert.deepEqual(host.problems, ["stop nfs-servre: there is no service nfs-servre"]);
    });

    it("says that the host shows another key than the pinned one, and tells it nothing", async () => {
        const { host } = await drill({ host: { hostKey: readFileSync(join(lab.seen, "id.pub"), "utf8").trim() } });
        assert.match(host.problems?.join() ?? "", /^log in: refused, its host key is not the pinned one/);
    });

    it("gives up a host whose cable is out", async () => {
        await nas.cutCable();
        const { host, drill: { ms = 0 } = {} } = await drill().then(({ host: one, drill: all }) => ({ host: one, drill: all.hosts[0] }));
        assert.match(host.problems?.join() ?? "", /^log in: /);
        assert.ok(ms < 60_000, `${ms} ms`);
    });

    describe("whose key may run nothing but the plan", () => {
        it("proves that the plan's commands are allowed, and that id is refused", async () => {
            confine();
            const { drill: shown, host } = await drill({ host: { confined: true } });
            assert.deepEqual([shown.ok, host.standing, host.confined], [true, "proven", true], JSON.stringify(shown, null, 1));
            assert.ok(shown.hosts[0]?.checks.some(({ what, ok }) => what === "refuse other commands" && ok));
        });

        it("notices a forced command by itself", async () => {
            confine();
            assert.deepEqual(await drill().then(({ host }) => [host.standing, host.confined]), ["proven", true]);
        });

        it("notices that the plan has got another service since", async () => {
            confine();
            const wish = { services: ["nfs-server", "postgresql", "ssh"] };
            await allow(kitOf(wish).sudoers ?? "");
            const { host } = await drill(wish);
            assert.match(host.problems?.join("\n") ?? "", /^stop ssh: the host's forced command does not know this step as it is now: make it anew/);
        });

        it("notices that the forced command is gone", async () => {
            const { host } = await drill({ host: { confined: true } });
            assert.deepEqual([host.standing, host.confined], ["failed", false]);
            assert.match(host.problems?.join() ?? "", /^refuse other commands: this key may run any command there/);
        });
    });
});
