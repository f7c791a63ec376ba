import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import helper from "node-red-node-test-helper";
import type { PowerHostNode } from "../../nodes/power-host/access";
import { accessOf } from "../../nodes/power-host/access";
import type { HostAccess } from "../../lib/shutdown/transport";
import { isAddress, parseConfig, type PowerHostCredentials } from "../../nodes/power-host/config";
import powerHost from "../../nodes/power-host/power-host";
import stored from "../fixtures/configs/power-host.v1.json";
import stored2 from "../fixtures/configs/power-host.v2.json";
import { SshTransport } from "../../lib/shutdown/ssh";
import { SshProgram } from "../../lib/shutdown/ssh-program";
import { generateKeyPair, startSshHost, type SshHost } from "../simulators/ssh-host";
import { loadFlow, temporaryFolder, type LoadedFlow } from "../support/helper";

const key = { privateKey: "-----BEGIN-----" };
const blob = stored.hostKey.split(" ")[1];
const fingerprint = "SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA";

describe("power-host's settings", () => {
    it("of version 1 are read as the editor stored them", () => {
        assert.deepEqual(parseConfig(stored, key), {
            config: { name: "nas", local: false, transport: "ssh2", confined: false, target: { name: "nas", host: "192.0.2.11", port: 22, user: "power", auth: { kind: "key", privateKey: "-----BEGIN-----\n" }, pin: { fingerprint, type: "ssh-ed25519", blob } } },
            problems: [],
        });
    });

    it("of version 2 name the way to log in and the known_hosts file", () => {
        assert.deepEqual(parseConfig(stored2, key), {
            config: { name: "nas", local: false, transport: "ssh", confined: false, target: { name: "nas", host: "192.0.2.11", port: 22, user: "power", auth: { kind: "key", privateKey: "-----BEGIN-----\n" }, knownHosts: "~/.ssh/known_hosts" } },
            problems: [],
        });
    });

    it("of a known_hosts file may leave its path to the account", () => {
        assert.deepEqual(parseConfig({ ...stored2, knownHosts: "" }, key).config.target, { ...parseConfig(stored2, key).config.target, knownHosts: "" });
    });

    for (const [what, change, credentials, auth] of [
        ["a passphrase", {}, { ...key, passphrase: "p" }, { kind: "key", privateKey: "-----BEGIN-----\n", passphrase: "p" }],
        ["a key file", { auth: "keyFile", keyFile: "/keys/id" }, {}, { kind: "key-file", path: "/keys/id" }],
        ["the agent", { auth: "agent" }, {}, { kind: "agent" }],
    ] as const) {
        it(`log in with ${what}`, () => assert.deepEqual(parseConfig({ ...stored, ...change }, credentials).config.target?.auth, auth));
    }

    for (const [change, credentials, problem] of [
        [{ host: "" }, key, "no address"],
        [{ host: "-oProxyCommand=x" }, key, "\"-oProxyCommand=x\" is not an address"],
        [{ host: "a b" }, key, "\"a b\" is not an address"],
        [{ user: "" }, key, "no user"],
        [{ user: "-l root" }, key, "\"-l root\" is not a user name"],
        [{ hostKey: "" }, key, "no pinned host key, learn it in the dialog"],
        [{ hostKey: "yes" }, key, "the pinned host key is neither a public key nor a SHA256 fingerprint"],
        [{}, {}, "no private key"],
        [{ auth: "keyFile" }, {}, "no key file"],
        [{ auth: "password" }, key, "auth must be one of key, keyFile, agent"],
        [{ port: "0" }, key, "port must be between 1 and 65535"],
        [{ hostKey: fingerprint, transport: "ssh" }, key, "the system's ssh needs the whole host key, not only its fingerprint: learn it in the dialog"],
        [{ transport: "ssh" }, { ...key, passphrase: "p" }, "the system's ssh cannot be told a passphrase, use a key without one, an agent, or the built-in SSH"],
        [{ transport: "telnet" }, key, "transport must be one of ssh2, ssh"],
        [{ trust: "anybody" }, key, "trust must be one of pinned, knownHosts"],
        [{ trust: "knownHosts", knownHosts: "/etc/\"x" }, key, "\"/etc/\\\"x\" is not the path of a known_hosts file"],
        [{ name: "my nas" }, key, "\"my nas\" is not a host name: \" \" is not allowed"],
    ] as const) {
        it(`say: ${problem}`, () => {
            const { config, problems } = parseConfig({ ...stored, ...change }, credentials);
            assert.deepEqual(problems, [problem]);
            assert.equal(config.target, undefined);
        });
    }

    it("name a host by its address when it has no name", () => assert.equal(parseConfig({ ...stored, name: "", host: "fe80::1" }, key).config.name, "fe80--1"));
    it("of this machine need nothing else", () => assert.deepEqual(parseConfig({ type: "power-host", kind: "local" }), { config: { name: "this-machine", local: true, transport: "ssh2", confined: false, target: undefined }, problems: [] }));

    for (const good of ["nas", "nas.example.com", "192.0.2.5", "2001:db8::1", "fe80::1%eth0"]) it(`take ${good} for an address`, () => assert.ok(isAddress(good)));
    for (const bad of ["", "-nas", "a;b", "http://nas", "nas/", "a b", "$(id)", "nas:22"]) it(`do not take ${JSON.stringify(bad)} for an address`, () => assert.ok(!isAddress(bad)));
});

describe("a power host", () => {
    const access = (change: Record<string, unknown> = {}, secret: PowerHostCredentials = key): HostAccess => accessOf(parseConfig({ ...stored, ...change }, secret).config, []);

    it("says which key must prove it, and whether ours may run anything there", () => {
        assert.deepEqual([access().hostKey, access().confined, access({ confined: true }).confined], [fingerprint, undefined, true]);
    });

    it("has another way to it when anything changes that a login depends on, and nothing secret is in it", () => {
        const { way = "" } = access();
        assert.equal(access().way, way);
        for (const [change, secret] of [[{ host: "192.0.2.99" }, key], [{ port: "2222" }, key], [{ user: "other" }, key], [{ hostKey: generateKeyPair().public }, key], [{ transport: "ssh" }, key], [{ auth: "agent" }, key], [{}, { privateKey: "-----OTHER-----" }]] as const) {
            assert.notEqual(access(change, secret).way, way, JSON.stringify(change));
        }
        assert.equal(access({}, { ...key, passphrase: "guess me" }).way, way, "a passphrase could be found from it by trying");
        assert.match(way, /^[\w-]{22}$/);
    });

    it("needs sudo unless its user is root", () => {
        assert.equal(accessOf(parseConfig(stored, key).config, []).root, false);
        assert.equal(accessOf(parseConfig({ ...stored, user: "root" }, key).config, []).root, true);
    });

    it("is reached the way that was chosen", () => {
        assert.ok(accessOf(parseConfig(stored, key).config, []).open() instanceof SshTransport);
        assert.ok(accessOf(parseConfig(stored2, key).config, []).open() instanceof SshProgram);
    });

    it("that is not configured cannot be opened, and says why", () => {
        const { config, problems } = parseConfig({ ...stored, host: "" }, key);
        assert.throws(() => accessOf(config, problems).open(), /host nas: no address/);
    });
});

describe("power-host", () => {
    const folder = temporaryFolder();
    const user = generateKeyPair();
    let host: SshHost;
    let flow: LoadedFlow;

    const post = async (path: string, body: object): Promise<Record<string, unknown>> =>
        (await helper.request().post(`/ridethrough/power-host/${path}`).send(body).expect(200)).body as Record<string, unknown>;
    const fields = (): Record<string, unknown> => ({ ...stored, host: "127.0.0.1", port: String(host.port), hostKey: host.hostKey, privateKey: user.private });

    before((done) => { helper.startServer(done); });
    after(() => folder.remove());
    after((done) => {
        helper.stopServer(done);
    });
    beforeEach(async () => {
        host = await startSshHost({ name: "nas", authorizedKey: user.public });
        flow = await loadFlow([powerHost], [{ ...stored, port: "22" }], { userDir: folder.path, credentials: { "host-nas": { privateKey: user.private } } });
    });
    afterEach(async () => {
        await flow.unload();
        await host.stop();
    });

    it("is deployed with its key from the credentials", () => assert.deepEqual(flow.node<PowerHostNode>("host-nas").powerHost.problems, []));

    it("learns the key that a host shows, without logging in", async () => {
        assert.deepEqual(await post("host-key", { host: "127.0.0.1", port: String(host.port) }), { ok: true, type: "ssh-ed25519", fingerprint: host.fingerprint, line: host.hostKey });
        assert.equal(host.logins, 0);
    });

    for (const body of [{}, { host: "-x", port: "22" }, { host: "127.0.0.1", port: "0" }, { host: "127.0.0.1", port: "ssh" }, { host: { a: 1 } }]) {
        it(`does not ask ${JSON.stringify(body)} for a key`, async () => assert.equal((await post("host-key", body)).ok, false));
    }

    it("tests a login with what the dialog holds: it runs true, and nothing else", async () => {
        const answer = await post("test", fields());
        assert.equal(answer.ok, true, String(answer.error));
        assert.ok(Number(answer.ms) > 0);
        assert.deepEqual(host.commands.map((told) => told.short), ["true"]);
    });

    it("tests a login with the stored key when the field was not touched", async () => {
        assert.equal((await post("test", { ...fields(), id: "host-nas", privateKey: "__PWRD__", passphrase: "" })).ok, true);
    });

    for (const transport of ["ssh2", "ssh"]) {
        it(`tests a login by ${transport} with a known_hosts file`, async () => {
            const path = join(folder.path, "known_hosts");
            const body = { ...fields(), transport, trust: "knownHosts", hostKey: "", knownHosts: path, version: "2" };
            writeFileSync(path, `[127.0.0.1]:${host.port} ${generateKeyPair().public}\n`);
            assert.match(String((await post("test", body)).error), /^host nas: refused, its host key is not the /);
            assert.equal(host.commands.length, 0);
            writeFileSync(path, `[127.0.0.1]:${host.port} ${host.hostKey}\n`);
            const answer = await post("test", body);
            assert.equal(answer.ok, true, String(answer.error));
            assert.deepEqual(host.commands.map(({ short }) => short), ["true"]);
        });
    }

    it("takes the path of the file from the environment", async () => {
        process.env.RIDETHROUGH_TEST_KNOWN = join(folder.path, "none");
        try {
            assert.match(String((await post("test", { ...fields(), trust: "knownHosts", knownHosts: "${RIDETHROUGH_TEST_KNOWN}", version: "2" })).error), /there is no known_hosts file .*none/);
        } finally {
            delete process.env.RIDETHROUGH_TEST_KNOWN;
        }
    });

    for (const [what, change, words] of [
        ["a host key that is not the pinned one", { hostKey: generateKeyPair().public }, /host nas: refused, its host key is not the pinned one/],
        ["no host key", { hostKey: "" }, /no pinned host key/],
        ["a key that the host does not know", { privateKey: generateKeyPair().private }, /does not accept our key/],
        ["a stored key that is not there", { id: "gone", privateKey: "__PWRD__" }, /no private key/],
    ] as const) {
        it(`tells ${what}, without a secret`, async () => {
            const answer = await post("test", { ...fields(), ...change });
            assert.equal(answer.ok, false);
            assert.match(String(answer.error), words);
            assert.doesNotMatch(String(answer.error), /PRIVATE KEY/);
            assert.deepEqual(host.commands, []);
        });
    }

    it("tells that nobody listens", async () => {
        await host.stop();
        assert.match(String((await post("test", fields())).error), /host nas: connection refused/);
    });
});
