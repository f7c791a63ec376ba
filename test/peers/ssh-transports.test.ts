import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import { parsePinnedKey } from "../../lib/shutdown/host-key";
import type { HostTrust } from "../../lib/shutdown/host-trust";
import { startLiveRun } from "../../lib/shutdown/live-run";
import { parsePlan } from "../../lib/shutdown/plan";
import { Prepared } from "../../lib/shutdown/prepared";
import { SshTransport, type SshTarget } from "../../lib/shutdown/ssh";
import { SshProgram } from "../../lib/shutdown/ssh-program";
import type { HostAccess, Transport } from "../../lib/shutdown/transport";
import { Cable } from "../support/cable";
import { eventually } from "../support/eventually";
import { sshdMissing, startRealSshd, type RealSshd } from "../support/real-sshd";
import { temporaryFolder } from "../support/temporary-folder";

const ways: Record<string, (target: SshTarget, configFile?: string) => Transport> = {
    ssh2: (target) => new SshTransport(target),
    "the system's ssh": (target, configFile = "none") => new SshProgram(target, { configFile }),
};
const opened: Transport[] = [];

const pinOf = (hostKey: string): HostTrust => ({ pin: parsePinnedKey(hostKey) ?? assert.fail("no pin") });
const targetOf = (sshd: RealSshd, { port = sshd.port, name = "nas", trust = pinOf(sshd.hostKey) } = {}): SshTarget => ({ name, host: "127.0.0.1", port, user: sshd.user, auth: { kind: "key", privateKey: sshd.userKey }, ...trust });
const keep = <T extends Transport>(one: T): T => {
    opened.push(one);
    return one;
};
/** The server may note a login after the client has heard of it. */
const noted = (login: () => boolean): Promise<void> => eventually(login, 60_000, () => "the login in the server's log");
const troubleOf = (work: Promise<unknown>): Promise<Trouble> => work.then(() => assert.fail("did not fail"), (error: unknown) => {
    assert.ok(error instanceof Trouble, String(error));
    return error;
});

describe("OpenSSH's own server", function () {
    let sshd: RealSshd;

    before(async function () {
        const missing = sshdMissing() ?? (spawnSync("ssh", ["-V"]).error && "no ssh here");
        if (missing !== undefined) {
            console.log(`skipped: ${missing}`);
            this.skip();
        }
        sshd = await startRealSshd();
        // They stand before the machine's own programs for as long as the server runs: nothing of the machine itself is called.
        for (const [name, script] of [["systemctl", "case $3 in slow) exec sleep 60;; esac"], ["shutdown", "exit 0"], ["sudo", "exit 1"]] as const) writeFileSync(join(sshd.tools, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    });
    after(() => sshd?.stop());
    afterEach(() => opened.splice(0).forEach((one) => one.close()));

    for (const [way, open] of Object.entries(ways)) describe(`by ${way}`, () => {
        it("runs commands over one connection, and tells status, signal and last words", async () => {
            const logins = sshd.logins();
            const nas = keep(open(targetOf(sshd)));
            await nas.connect();
            assert.deepEqual(await nas.run(["sh", "-c", "exit 3"], 60_000), { end: "exit", code: 3, output: "" });
            assert.deepEqual(await nas.run(["sh", "-c", "echo out; echo why >&2; exit 1"], 60_000), { end: "exit", code: 1, output: "why" });
            assert.equal((await Promise.all(Array.from({ length: 5 }, () => nas.run(["sleep", "0.2"], 60_000)))).every(({ end }) => end === "exit"), true);
            await noted(() => sshd.logins() > logins);
            assert.equal(sshd.logins() - logins, 1);
        });

        it("does not wait for what a program leaves behind", async () => {
            const nas = keep(open(targetOf(sshd)));
            await nas.connect();
            assert.deepEqual(await nas.run(["sh", "-c", "sleep 60 & exit 0"], 45_000), { end: "exit", code: 0, output: "" });
        });

        it("takes a sudden end of the server for a loss, and is there again with it", async () => {
            const nas = keep(open(targetOf(sshd)));
            await nas.connect();
            let said = "";
            const running = nas.run(["sh", "-c", "echo here; exec sleep 30"], 60_000, { stdout: (chunk) => { said += chunk.toString(); return true; }, stderr: () => true });
            await eventually(() => said === "here\n", 60_000, () => `the command to run, not ${JSON.stringify(said)}`);
            await sshd.halt();
            try {
                assert.equal((await running).end, "lost");
                assert.equal((await troubleOf(nas.connect())).kind, "refused");
            } finally {
                await sshd.start();
            }
            await nas.connect();
            assert.equal((await nas.run(["true"], 60_000)).end, "exit");
        });

        it("refuses it when its key is not the known one, whatever ssh's own files say", async () => {
            const logins = sshd.logins();
            const folder = temporaryFolder();
            try {
                execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder.path, "other")]);
                const trouble = await troubleOf(keep(open(targetOf(sshd, { trust: pinOf(readFileSync(join(folder.path, "other.pub"), "utf8")) }))).connect());
                assert.equal(trouble.kind, "auth");
                assert.match(trouble.message, /refused, its host key is not the/);
                assert.equal(sshd.logins(), logins);
            } finally {
                await folder.remove();
            }
        });

        it("notices a connection that is swallowed in the middle of a run in about 15 s, reports it, and delays no other host", async function () {
            this.timeout(240_000);
            const cable = await new Cable(() => sshd.port).lay();
            const access = (host: string): HostAccess => ({ root: true, open: () => keep(open(targetOf(sshd, { name: host, ...(host === "nas" && { port: cable.port }) }))) });
            try {
                const { plan } = parsePlan({ hosts: [{ name: "nas", services: ["slow"], stopTimeoutS: 60 }, { name: "apps", services: ["quick"] }] });
                assert.ok(plan);
                const began = performance.now();
                const endedAfter = new Map<string, number>();
                const run = startLiveRun({ run: "r1", stream: "plug", reason: "test", mode: "live", startedAt: Date.now() }, plan, {
                    clock: systemClock, boot: "boot", access, note: () => Promise.resolve(),
                    progress: ({ changed }) => {
                        if (changed?.id === "nas/stop-service/slow" && changed.state === "running") setTimeout(() => { cable.swallows = true; }, 500);
                        if (changed?.endedAt !== undefined) endedAfter.set(changed.id, performance.now() - began);
                    },
                });
                const result = await run.finished;
                const step = (id: string): { state: string; error?: string } => result?.steps.find((each) => each.id === id) ?? assert.fail(id);
                assert.equal(step("apps/power-off").state, "done");
                assert.equal(step("nas/stop-service/slow").state, "failed");
                const noticed = endedAfter.get("nas/stop-service/slow") ?? Infinity;
                assert.ok(noticed > 9000 && noticed < 40_000, `noticed after ${noticed} ms, and not at the service's own limit`);
                assert.ok((endedAfter.get("apps/power-off") ?? Infinity) < noticed, `apps was held up: ${JSON.stringify([...endedAfter])}`);
                assert.match(step("nas/stop-service/slow").error ?? "", /lost|does not answer/);
                assert.notEqual(step("nas/power-off").state, "done");
            } finally {
                await cable.remove();
            }
        });

        it("is prepared on battery: a server that goes is told of, one that comes back is ready for the run", async function () {
            this.timeout(240_000);
            const logins = sshd.logins();
            const one: HostAccess = { root: true, open: () => keep(open(targetOf(sshd))) };
            const told: string[] = [];
            const prepared = new Prepared({ access: () => one, told: (host, error) => told.push(`${host} ${error?.kind ?? "reached"}`) });
            try {
                prepared.prepare(["nas"]);
                await eventually(() => prepared.ready.length === 1, 60_000);
                await sshd.halt();
                await eventually(() => told.length === 1, 60_000);
                assert.match(prepared.trouble()[0]?.error.message ?? "", /host nas: connection refused/);
                await sshd.start();
                await eventually(() => prepared.ready.length === 1, 60_000);
                assert.deepEqual(told, ["nas refused", "nas reached"]);
                await noted(() => sshd.logins() === logins + 2);
                const nas = prepared.accessTo("nas").open();
                await nas.connect();
                assert.equal((await nas.run(["true"], 60_000)).end, "exit");
                assert.equal(sshd.logins() - logins, 2);
            } finally {
                prepared.release();
            }
        });
    });

    describe("by the system's ssh alone", () => {
        it("goes through a jump host of ssh's configuration, and ends its process with the connection", async () => {
            const folder = temporaryFolder();
            const jump = await startRealSshd();
            try {
                const path = (name: string): string => join(folder.path, name);
                writeFileSync(path("id"), jump.userKey, { mode: 0o600 });
                writeFileSync(path("known_hosts"), `[127.0.0.1]:${jump.port} ${jump.hostKey}\n`);
                const jumpLines = (known: string): string => `Host jump\nHostName 127.0.0.1\nPort ${jump.port}\nUser ${jump.user}\nIdentityFile ${path("id")}\nUserKnownHostsFile ${known}\nStrictHostKeyChecking yes\n\nHost nas\nHostName 127.0.0.1\nProxyJump jump\n`;
                writeFileSync(path("config"), jumpLines(path("known_hosts")));
                const nas = keep(new SshProgram({ ...targetOf(sshd), host: "nas" }, { configFile: path("config") }));
                await nas.connect();
                await noted(() => jump.logins() > 0);
                assert.equal(jump.logins(), 1);
                assert.equal((await nas.run(["true"], 60_000)).end, "exit");
                const helpers = (): number => spawnSync("pgrep", ["-f", `${path("config")}.*-W`]).stdout.toString().split("\n").filter(Boolean).length;
                assert.ok(helpers() > 0);
                nas.close();
                await eventually(() => helpers() === 0, 60_000);
                // A jump host that shows another key is refused too, by its own rules.
                writeFileSync(path("config"), jumpLines("/dev/null"));
                assert.equal((await troubleOf(keep(new SshProgram({ ...targetOf(sshd), host: "nas" }, { configFile: path("config") })).connect())).kind, "auth");
            } finally {
                await jump.stop();
                await folder.remove();
            }
        });

        it("believes what a certificate authority says, and only the one that is known", async () => {
            const folder = temporaryFolder();
            const certified = await startRealSshd({ certify: (publicKey) => {
                execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder.path, "ca")]);
                execFileSync("ssh-keygen", ["-q", "-s", join(folder.path, "ca"), "-I", "nas", "-h", "-n", "127.0.0.1", publicKey]);
            } });
            try {
                const known = join(folder.path, "known_hosts");
                const authority = readFileSync(join(folder.path, "ca.pub"), "utf8");
                writeFileSync(known, `@cert-authority *.0.0.1,[127.0.0.1]:* ${authority}`);
                const target = targetOf(certified, { trust: { knownHosts: known } });
                await keep(new SshProgram(target, { configFile: "none" })).connect();
                assert.match((await troubleOf(keep(new SshTransport(target)).connect())).message, /only through a certificate authority, which only the system's ssh can check/);
                writeFileSync(known, `@cert-authority [127.0.0.1]:* ${sshd.hostKey}\n`);
                assert.equal((await troubleOf(keep(new SshProgram(target, { configFile: "none" })).connect())).kind, "auth");
            } finally {
                await certified.stop();
                await folder.remove();
            }
        });

        it("leaves neither process nor file behind, whether it is closed or its owner is killed, and the key not even while connected", async () => {
            // A folder that no other test's connections lie in.
            const { path: own, remove } = temporaryFolder();
            const { TMPDIR } = process.env;
            const kept = (): string[] => readdirSync(own).filter((name) => name.startsWith("ridethrough-ssh-"));
            try {
                process.env.TMPDIR = own;
                const nas = keep(new SshProgram(targetOf(sshd), { configFile: "none" }));
                await nas.connect();
                assert.deepEqual(kept().map((folder) => readdirSync(join(own, folder)).sort()), [["known_hosts", "s"]]);
                nas.close();
                await eventually(() => kept().length === 0, 60_000, () => `${kept().join()} is removed`);

                const script = join(own, "owner.ts");
                writeFileSync(script, `
                    import { SshProgram } from ${JSON.stringify(join(__dirname, "../../lib/shutdown/ssh-program"))};
                    const nas = new SshProgram(${JSON.stringify(targetOf(sshd))}, { configFile: "none" });
                    void nas.connect().then(() => console.log("connected"));
                    setInterval(() => undefined, 1000);
                `);
                const owner = spawn(process.execPath, ["--import", "tsx", script], { cwd: join(__dirname, "../.."), stdio: ["ignore", "pipe", "inherit"] });
                await new Promise((resolve) => owner.stdout.once("data", resolve));
                assert.equal(kept().length, 1);
                owner.kill("SIGKILL");
                await eventually(() => kept().length === 0 && spawnSync("pgrep", ["-f", own]).status === 1, 60_000, () => `${kept().join()} and its processes are gone`);
            } finally {
                process.env.TMPDIR = TMPDIR;
                if (TMPDIR === undefined) delete process.env.TMPDIR;
                await remove();
            }
        });
    });
});
