import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Trouble } from "../../../lib/kit/trouble";
import { parsePinnedKey } from "../../../lib/shutdown/host-key";
import { fetchHostKey, SshTransport, type SshAuth, type SshTarget } from "../../../lib/shutdown/ssh";
import { SshProgram } from "../../../lib/shutdown/ssh-program";
import type { Transport } from "../../../lib/shutdown/transport";
import { brokenSshHosts, startBrokenPeer } from "../../simulators/broken-peer";
import { generateKeyPair, startSshHost, type SshHost } from "../../simulators/ssh-host";
import { temporaryFolder } from "../../support/temporary-folder";

const user = generateKeyPair();

async function troubleOf(work: Promise<unknown>): Promise<Trouble> {
    const error: unknown = await work.then(() => assert.fail("did not fail"), (cause: unknown) => cause);
    assert.ok(error instanceof Trouble, String(error));
    assert.ok(!error.message.includes("PRIVATE KEY"), "a secret in an error");
    return error;
}

/** A name as `ssh-keygen -H` writes it. */
function hashedName(name: string): string {
    const salt = randomBytes(20);
    return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

/** The ways to a host, and what one of them cannot do. */
const ways: Record<string, { open(target: SshTarget, timeoutMs: number): Transport; missing?: string }> = {
    ssh2: { open: (target, timeoutMs) => new SshTransport(target, timeoutMs) },
    // The machine's own configuration must not decide about our tests.
    "the system's ssh": { open: (target, timeoutMs) => new SshProgram(target, { timeoutMs, configFile: "none" }), ...(spawnSync("ssh", ["-V"]).error && { missing: "there is no ssh here" }) },
};

for (const [way, { open, missing }] of Object.entries(ways)) describe(`SSH transport by ${way}`, function () {
    let host: SshHost;
    const opened: Transport[] = [];
    const folder = temporaryFolder();

    const openTo = (where: SshTarget, timeoutMs = 5000): Transport => {
        const one = open(where, timeoutMs);
        opened.push(one);
        return one;
    };
    const transport = ({ port = host.port, hostKey = host.hostKey, auth = { kind: "key", privateKey: user.private } as SshAuth, timeoutMs = 5000 } = {}): Transport => {
        const pin = parsePinnedKey(hostKey);
        assert.ok(pin);
        return openTo({ name: "nas", host: "127.0.0.1", port, user: "power", auth, pin }, timeoutMs);
    };

    before(function () {
        if (missing !== undefined) this.skip();
    });
    after(() => folder.remove());
    beforeEach(async () => {
        host = await startSshHost({ name: "nas", authorizedKey: user.public });
    });
    afterEach(async () => {
        opened.splice(0).forEach((one) => one.close());
        await host.stop();
    });

    it("runs several commands over one connection and tells their exit status", async () => {
        const nas = transport();
        await nas.connect();
        await nas.connect();
        assert.deepEqual(await nas.run(["true"], 1000), { end: "exit", code: 0, output: "" });
        host.setBehaviour({ exitCode: 5, errorText: "Unit web.service not loaded." });
        assert.deepEqual(await nas.run(["sudo", "-n", "systemctl", "stop", "--", "web"], 1000), { end: "exit", code: 5, output: "Unit web.service not loaded." });
        assert.deepEqual(host.commands.map((told) => told.short), ["true", "sudo -n systemctl stop -- web"]);
        assert.equal(host.connections, 1);
    });

    it("acts on the exit status without waiting for the channel to close", async () => {
        host.setBehaviour({ command: "keep-open" });
        const nas = transport();
        await nas.connect();
        assert.deepEqual(await nas.run(["true"], 1000), { end: "exit", code: 0, output: "" });
    });

    it("reads 10 MB of output and keeps only its last line", async () => {
        host.setBehaviour({ outputBytes: 10 << 20, exitCode: 1, errorText: "the end" });
        const nas = transport();
        await nas.connect();
        const end = await nas.run(["true"], 10_000);
        assert.equal(end.end, "exit");
        assert.ok(end.output.length <= 200);
    });

    it("says that the connection was lost when the host vanishes in the middle of a command", async () => {
        host.setBehaviour({ command: "vanish" });
        const nas = transport();
        await nas.connect();
        assert.equal((await nas.run(["true"], 1000)).end, "lost");
    });

    it("connects again after a loss", async () => {
        const nas = transport();
        await nas.connect();
        host.setBehaviour({ command: "vanish" });
        await nas.run(["true"], 1000);
        host.setBehaviour({});
        await nas.connect();
        assert.equal((await nas.run(["true"], 1000)).end, "exit");
        assert.equal(host.connections, 2);
    });

    it("takes a channel that closes without an exit status for a loss", async () => {
        host.setBehaviour({ command: "silent" });
        const nas = transport();
        await nas.connect();
        assert.equal((await nas.run(["true"], 1000)).end, "lost");
    });

    it("shares one login among those who ask for it at the same time", async () => {
        const nas = transport();
        await Promise.all([nas.connect(), nas.connect(), nas.connect()]);
        assert.equal(host.connections, 1);
    });

    it("runs many commands at the same time over its one connection", async () => {
        const nas = transport();
        await nas.connect();
        host.setBehaviour({ delayMs: 200 });
        assert.deepEqual((await Promise.all(Array.from({ length: 8 }, (_, index) => nas.run(["systemctl", "stop", `unit${index}`], 5000)))).map(({ end }) => end), Array(8).fill("exit"));
        assert.equal(host.connections, 1);
    });

    it("hands over the whole output to one who wants it, also what comes behind the exit status, until that one has enough", async () => {
        const nas = transport();
        await nas.connect();
        const said = { stdout: "", stderr: "" };
        const tap = { stdout: (chunk: Buffer) => Boolean(said.stdout += chunk), stderr: (chunk: Buffer) => Boolean(said.stderr += chunk) };
        host.setBehaviour({ output: "did web\ndid db\n", errorText: "note", outputLate: true });
        assert.equal((await nas.run(["true"], 5000, tap)).end, "exit");
        assert.deepEqual(said, { stdout: "did web\ndid db\n", stderr: "note\n" });
        host.setBehaviour({ outputBytes: 1 << 20 });
        assert.equal((await troubleOf(nas.run(["true"], 5000, { ...tap, stdout: () => false }))).kind, "garbage");
    });

    it("sends words as one command of a shell, whatever is in them", async () => {
        const nas = transport();
        await nas.connect();
        await nas.run(["echo", "a;b", "$(id)", "it's", "-o", "ümlaut"], 1000);
        assert.match(host.commands[0]?.short ?? "", /^echo 'a;b' '\$\(id\)' 'it'\\''s' -o 'ümlaut'$/);
    });

    it("says so when it is asked to run something before it is connected", async () => assert.equal((await troubleOf(transport().run(["true"], 1000))).kind, "closed"));

    it("gives up on a command at its deadline, and can send the next one", async () => {
        host.setBehaviour({ command: "hang" }, "slow");
        const nas = transport();
        await nas.connect();
        assert.equal((await troubleOf(nas.run(["slow"], 50))).kind, "timeout");
        assert.equal((await nas.run(["true"], 1000)).end, "exit");
    });

    it("lets go at once when it is closed", async () => {
        host.setBehaviour({ command: "hang" });
        const nas = transport();
        await nas.connect();
        const running = troubleOf(nas.run(["true"], 60_000));
        nas.close();
        assert.equal((await running).kind, "stopped");
        assert.equal((await troubleOf(nas.connect())).kind, "stopped");
    });

    it("lets go of a login at once when it is closed", async () => {
        host.setBehaviour({ auth: "hang" });
        const nas = transport({ timeoutMs: 60_000 });
        const login = troubleOf(nas.connect());
        nas.close();
        assert.equal((await login).kind, "stopped");
    });

    describe("refuses a host", () => {
        it("that shows another key than the pinned one, before any login", async () => {
            const stranger = generateKeyPair().public;
            const trouble = await troubleOf(transport({ hostKey: stranger }).connect());
            assert.equal(trouble.kind, "auth");
            assert.match(trouble.message, new RegExp(`it shows ${host.fingerprint.replace(/[+/]/g, "\\$&")}.*learn its key again`));
            assert.equal(host.logins, 0);
        });
    });

    describe("with a known_hosts file", () => {
        const path = join(folder.path, "known hosts");
        const trusting = (knownHosts: string): Transport => openTo({ name: "nas", host: "127.0.0.1", port: host.port, user: "power", auth: { kind: "key", privateKey: user.private }, knownHosts });
        const known = async (...lines: string[]): Promise<Transport> => {
            await writeFile(path, `${lines.join("\n")}\n`);
            return trusting(path);
        };
        const stranger = generateKeyPair().public;
        const entry = (line: string, name = `[127.0.0.1]:${host.port}`): string => `${name} ${line}`;

        for (const [what, lines] of [
            ["by name and port", () => [entry(host.hostKey)]],
            ["without its port", () => [entry(host.hostKey, "127.0.0.1")]],
            ["by a pattern", () => [entry(host.hostKey, `[127.0.0.*]:${host.port}`)]],
            ["by several keys", () => [entry(stranger), entry(host.hostKey)]],
            ["hashed", () => [entry(host.hostKey, hashedName(`[127.0.0.1]:${host.port}`))]],
            ["beside an authority", () => [`@cert-authority * ${stranger}`, entry(host.hostKey)]],
        ] as const) {
            it(`takes a host that is known ${what}, and changes nothing in the file`, async () => {
                const written = lines();
                const nas = await known(...written);
                await nas.connect();
                assert.equal((await nas.run(["true"], 1000)).end, "exit");
                assert.equal(readFileSync(path, "utf8"), `${written.join("\n")}\n`);
            });
        }

        for (const [what, lines, words] of [
            ["is not in it", () => [entry(host.hostKey, "apps")], /refused, .*(is not in|is not known)/],
            ["shows another key", () => [entry(stranger)], /refused, its host key is not the (one in|known one).*somebody may be in between/],
            ["shows a revoked key", () => [`@revoked * ${host.hostKey}`, entry(host.hostKey)], /REVOKED/],
            ["is known through an authority only", () => [`@cert-authority * ${stranger}`], /refused, .*(certificate authority.*pin the host's own key|is not known)/],
        ] as const) {
            it(`refuses a host that ${what}, before any login`, async () => {
                const trouble = await troubleOf((await known(...lines())).connect());
                assert.equal(trouble.kind, "auth");
                assert.match(trouble.message, words);
                assert.equal(host.logins, 0);
            });
        }

        it("says that there is no such file", async () => {
            assert.equal((await troubleOf(trusting(join(folder.path, "none")).connect())).kind, "config");
        });
    });

    it("logs in with a key file", async () => {
        const path = join(folder.path, "id");
        assert.match((await troubleOf(transport({ auth: { kind: "key-file", path } }).connect())).message, /must be able to read it/);
        await writeFile(path, user.private, { mode: 0o600 });
        await transport({ auth: { kind: "key-file", path } }).connect();
    });

    it("does not log in with nothing that is no private key", async () => {
        const trouble = await troubleOf(transport({ auth: { kind: "key", privateKey: "hello\n" } }).connect());
        assert.equal(trouble.kind, "config");
        assert.match(trouble.message, /the private key cannot be used: .*whole (private )?key/);
    });

    it("does not log in with a key that needs a passphrase without it", async () => {
        assert.equal((await troubleOf(transport({ auth: { kind: "key", privateKey: generateKeyPair("open sesame").private } }).connect())).kind, "config");
    });

    it("does not log in with a key that the host does not know", async () => {
        const trouble = await troubleOf(transport({ auth: { kind: "key", privateKey: generateKeyPair().private } }).connect());
        assert.equal(trouble.kind, "auth");
        assert.match(trouble.message, /authorized_keys/);
    });

    it("says that nobody listens", async () => {
        const { port } = host;
        await host.stop();
        assert.equal((await troubleOf(transport({ port }).connect())).kind, "refused");
    });

    for (const [fault, kinds] of Object.entries({
        "black hole": ["timeout"],
        "garbage banner": ["garbage", "timeout", "closed"],
        "garbage bytes": ["garbage", "timeout"],
        "truncated handshake": ["garbage", "closed"],
        "garbage behind the banner": ["garbage"],
        "10 MB before the banner": ["garbage", "timeout"],
        "half-closed": ["closed"],
        "hang-up": ["closed"],
    })) {
        it(`gives up in time on a host that is a ${fault}`, async () => {
            const peer = await startBrokenPeer(brokenSshHosts[fault] ?? assert.fail());
            try {
                const trouble = await troubleOf(transport({ port: peer.port, timeoutMs: kinds.includes("timeout") ? 400 : 5000 }).connect());
                assert.ok(kinds.includes(trouble.kind), `${trouble.kind}: ${trouble.message}`);
                assert.match(trouble.message, /^host nas: /);
                await troubleOf(fetchHostKey("127.0.0.1", peer.port, 300));
            } finally {
                await peer.stop();
            }
        });
    }
});

describe("SSH transport by ssh2 alone", () => {
    let host: SshHost;
    let one: SshTransport | undefined;
    const connect = (about: { hostKey?: string; auth?: SshAuth }): Promise<void> => {
        const pin = parsePinnedKey(about.hostKey ?? host.hostKey);
        assert.ok(pin);
        one = new SshTransport({ name: "nas", host: "127.0.0.1", port: host.port, user: "power", auth: about.auth ?? { kind: "key", privateKey: user.private }, pin }, 2000);
        return one.connect();
    };
    const locked = generateKeyPair("open sesame");

    beforeEach(async () => {
        host = await startSshHost({ name: "nas", authorizedKey: locked.public });
    });
    afterEach(async () => {
        one?.close();
        await host.stop();
    });

    it("logs in with a key that has a passphrase", () => connect({ auth: { kind: "key", privateKey: locked.private, passphrase: "open sesame" } }));
    for (const passphrase of ["wrong", undefined]) {
        it(`does not log in when the passphrase is ${passphrase ?? "missing"}`, async () => {
            const trouble = await troubleOf(connect({ auth: { kind: "key", privateKey: locked.private, ...(passphrase !== undefined && { passphrase }) } }));
            assert.equal(trouble.kind, "config");
            assert.match(trouble.message, /check its passphrase/);
        });
    }

    it("says when there is no agent", async () => {
        assert.match((await troubleOf(connect({ auth: { kind: "agent", socket: "" } }))).message, /no SSH agent/);
        assert.equal((await troubleOf(connect({ auth: { kind: "agent", socket: "/nowhere/agent" } }))).kind, "config");
    });

    it("takes a bare fingerprint for a pinned key", () => connect({ hostKey: host.fingerprint, auth: { kind: "key", privateKey: locked.private, passphrase: "open sesame" } }));

    it("refuses a host that has no key of the pinned type", async () => {
        const trouble = await troubleOf(connect({ hostKey: `ecdsa-sha2-nistp256 ${host.fingerprint}`, auth: { kind: "key", privateKey: locked.private, passphrase: "open sesame" } }));
        assert.equal(trouble.kind, "auth");
        assert.match(trouble.message, /no host key of the pinned type/);
    });
});

describe("learning a host key", () => {
    it("shows type, fingerprint and line without logging in", async () => {
        const host = await startSshHost({ name: "nas" });
        try {
            assert.deepEqual(await fetchHostKey("127.0.0.1", host.port), { type: "ssh-ed25519", fingerprint: host.fingerprint, line: host.hostKey });
            assert.equal(host.logins, 0);
        } finally {
            await host.stop();
        }
    });
});
