import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Trouble } from "../../../lib/kit/trouble";
import { parsePinnedKey } from "../../../lib/shutdown/host-key";
import { fetchHostKey, SshTransport, type SshAuth } from "../../../lib/shutdown/ssh";
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

describe("SSH transport", () => {
    let host: SshHost;
    const opened: SshTransport[] = [];

    const transport = ({ port = host.port, hostKey = host.hostKey, auth = { kind: "key", privateKey: user.private } as SshAuth, timeoutMs = 2000 } = {}): SshTransport => {
        const pin = parsePinnedKey(hostKey);
        assert.ok(pin);
        const one = new SshTransport({ name: "nas", host: "127.0.0.1", port, user: "power", auth, pin }, timeoutMs);
        opened.push(one);
        return one;
    };

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

        it("that has no key of the pinned type", async () => {
            const trouble = await troubleOf(transport({ hostKey: `ecdsa-sha2-nistp256 ${host.fingerprint}` }).connect());
            assert.equal(trouble.kind, "auth");
            assert.match(trouble.message, /no host key of the pinned type/);
        });

        it("but takes a bare fingerprint", async () => transport({ hostKey: host.fingerprint }).connect());
    });

    describe("logs in", () => {
        it("with a key that has a passphrase", async () => {
            const locked = generateKeyPair("open sesame");
            const other = await startSshHost({ name: "nas", authorizedKey: locked.public });
            try {
                await transport({ port: other.port, hostKey: other.hostKey, auth: { kind: "key", privateKey: locked.private, passphrase: "open sesame" } }).connect();
                for (const passphrase of ["wrong", undefined]) {
                    const auth: SshAuth = { kind: "key", privateKey: locked.private, ...(passphrase !== undefined && { passphrase }) };
                    const trouble = await troubleOf(transport({ port: other.port, hostKey: other.hostKey, auth }).connect());
                    assert.equal(trouble.kind, "config");
                    assert.match(trouble.message, /check its passphrase/);
                }
            } finally {
                await other.stop();
            }
        });

        it("with a key file", async () => {
            const folder = temporaryFolder();
            try {
                const path = join(folder.path, "id");
                assert.match((await troubleOf(transport({ auth: { kind: "key-file", path } }).connect())).message, /must be able to read it/);
                await writeFile(path, user.private);
                await transport({ auth: { kind: "key-file", path } }).connect();
            } finally {
                folder.remove();
            }
        });

        it("with an agent, and says when there is none", async () => {
            assert.match((await troubleOf(transport({ auth: { kind: "agent", socket: "" } }).connect())).message, /no SSH agent/);
            assert.equal((await troubleOf(transport({ auth: { kind: "agent", socket: "/nowhere/agent" } }).connect())).kind, "config");
        });

        it("with nothing that is no private key", async () => {
            const trouble = await troubleOf(transport({ auth: { kind: "key", privateKey: "hello" } }).connect());
            assert.equal(trouble.kind, "config");
            assert.match(trouble.message, /paste the whole private key/);
        });

        it("not with a key that the host does not know", async () => {
            const trouble = await troubleOf(transport({ auth: { kind: "key", privateKey: generateKeyPair().private } }).connect());
            assert.equal(trouble.kind, "auth");
            assert.match(trouble.message, /authorized_keys/);
        });
    });

    it("says that nobody listens", async () => {
        const { port } = host;
        await host.stop();
        assert.equal((await troubleOf(transport({ port }).connect())).kind, "refused");
    });

    for (const [fault, kinds] of Object.entries({
        "black hole": ["timeout"],
        "garbage banner": ["garbage", "timeout"],
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
                const trouble = await troubleOf(transport({ port: peer.port, timeoutMs: 300 }).connect());
                assert.ok(kinds.includes(trouble.kind), `${trouble.kind}: ${trouble.message}`);
                assert.match(trouble.message, /^host nas: /);
                await troubleOf(fetchHostKey("127.0.0.1", peer.port, 300));
            } finally {
                await peer.stop();
            }
        });
    }
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
