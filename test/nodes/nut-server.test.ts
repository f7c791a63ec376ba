import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import helper from "node-red-node-test-helper";
import { parseConfig } from "../../nodes/nut-server/config";
import nutServer from "../../nodes/nut-server/nut-server";
import type { NutServerNode } from "../../nodes/nut-server/server";
import stored from "../fixtures/configs/nut-server.v1.json";
import { NutServerSimulator } from "../simulators/nut-server";
import { startBrokenPeer } from "../simulators/broken-peer";
import { eventually, loadFlow, temporaryFolder, type LoadedFlow } from "../support/helper";

const credentials = { user: "mon", password: "a secret that shows" };
const fingerprint = "ab".repeat(32);

describe("nut-server's settings", () => {
    const folder = temporaryFolder();
    const [authority, empty] = [join(folder.path, "ca.pem"), join(folder.path, "empty.pem")];
    before(() => {
        writeFileSync(authority, "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n");
        writeFileSync(empty, "");
    });
    after(() => folder.remove());

    it("of version 1 are read as the editor stored them", () => assert.deepEqual(parseConfig(stored), { config: { host: "192.0.2.30", port: 3493, tls: { mode: "off" } }, problems: [] }));
    it("default to upsd on this machine", () => assert.deepEqual(parseConfig({}), { config: { host: "127.0.0.1", port: 3493, tls: { mode: "off" } }, problems: [] }));
    it("take an IPv6 address as NUT's own tools want it, and without brackets", () => {
        for (const host of ["[2001:db8::7]", "2001:db8::7"]) assert.deepEqual(parseConfig({ ...stored, host }), { config: { host: "2001:db8::7", port: 3493, tls: { mode: "off" } }, problems: [] });
    });
    it("take user and password", () => assert.deepEqual(parseConfig(stored, { ...credentials, user: " mon " }).config.login, credentials));
    for (const [change, tls] of [
        [{ tls: "required" }, { mode: "required" }],
        [{ tls: "required", pin: fingerprint }, { mode: "required", pin: (fingerprint.toUpperCase().match(/../g) ?? []).join(":") }],
        [{ tls: "off", pin: "nonsense" }, { mode: "off" }],
    ] as const) {
        it(`read ${JSON.stringify(change).slice(0, 40)}`, () => assert.deepEqual(parseConfig({ ...stored, ...change }), { config: { host: "192.0.2.30", port: 3493, tls }, problems: [] }));
    }
    it("read the authority's file", () => assert.match(String((parseConfig({ ...stored, tls: "required", caFile: authority }).config.tls as { ca?: string }).ca), /BEGIN CERTIFICATE/));
    for (const [change, secrets, problem] of [
        [{ host: "two words" }, {}, /^"two words" is not an address$/],
        [{ host: "-x" }, {}, /is not an address/],
        [{ host: "nas:3493" }, {}, /^nas:3493: the port has its own field$/],
        [{ port: "0" }, {}, /^port must be between 1 and 65535$/],
        [{ tls: "maybe" }, {}, /^tls must be one of off, required$/],
        [{ tls: "required", pin: "12:34" }, {}, /^the pinned certificate is no SHA-256 fingerprint/],
        [{ tls: "required", caFile: "empty" }, {}, /holds no certificate in PEM form/],
        [{ tls: "required", caFile: "missing" }, {}, /^the certificate file can't be read/],
        [{}, { user: "mon" }, /^a user, but no password$/],
        [{}, { password: "x" }, /^a password, but no user$/],
        [{}, { user: "mon", password: "x\nFSD ups1" }, /must not hold line breaks/],
    ] as const) {
        it(`say what is wrong with ${JSON.stringify(change)} ${JSON.stringify(secrets)}`, () => {
            const file = "caFile" in change ? { caFile: join(folder.path, `${change.caFile}.pem`) } : {};
            const { problems } = parseConfig({ ...stored, ...change, ...file }, secrets);
            assert.equal(problems.length, 1, problems.join("; "));
            assert.match(problems[0] ?? "", problem);
            assert.doesNotMatch(problems[0] ?? "", /FSD/);
        });
    }
});

describe("nut-server", function () {
    const folder = temporaryFolder();
    let upsd: NutServerSimulator;
    let flow: LoadedFlow;
    const load = async (change: Record<string, string> = {}, secrets: Record<string, string> = { user: "mon", password: "mon" }): Promise<void> => {
        flow = await loadFlow([nutServer], [{ ...stored, host: "127.0.0.1", port: String(upsd.port), ...change }], { userDir: folder.path, credentials: { nut: secrets } });
    };
    const ask = async (path: string, body: object = {}): Promise<Record<string, unknown>> => (await helper.request().post(`/ridethrough/nut-server/${path}`).send(body).expect(200)).body as Record<string, unknown>;
    const dialog = (change: object = {}): object => ({ ...stored, host: "127.0.0.1", port: String(upsd.port), user: "", password: "", ...change });
    const read = (): Promise<unknown> => flow.node<NutServerNode>("nut").server?.read("ups1", new AbortController().signal) ?? Promise.reject(new Error("no server"));

    before((done) => { helper.startServer(done); });
    after(() => folder.remove());
    after((done) => {
        helper.stopServer(done);
    });
    beforeEach(async () => {
        upsd = await new NutServerSimulator({ upses: { ups1: { "battery.charge": "98" }, ups2: {} } }).start();
    });
    afterEach(async () => {
        await flow.unload();
        await upsd.stop();
    });

    it("connects when it is read, not before, and lets go on a redeploy, in time", async () => {
        await load();
        assert.equal(upsd.connections, 0);
        await read();
        await eventually(() => upsd.open === 1 && upsd.requests.includes("LOGOUT"));
        await flow.redeploy();
        await eventually(() => upsd.open === 0);
        await read();
    });
    it("lets go in time of a server that does not answer", async () => {
        upsd.spoil = "black-hole";
        await load();
        const waiting = assert.rejects(read(), /stopped/);
        await eventually(() => upsd.requests.length === 1);
        await flow.redeploy();
        await waiting;
    });
    it("with wrong settings has no server, and says why", async () => {
        await load({ port: "70000" });
        const node = flow.node<NutServerNode>("nut");
        assert.deepEqual([node.server, node.problems], [undefined, ["port must be between 1 and 65535"]]);
        assert.deepEqual(await ask("nut/upses"), { ok: false, error: "port must be between 1 and 65535" });
    });

    describe("lists the UPSes of the deployed server", () => {
        const both = { ok: true, upses: [{ name: "ups1", description: 'Rack "ups1"' }, { name: "ups2", description: 'Rack "ups2"' }] };
        it("on a connection that it closes again", async () => {
            await load();
            assert.deepEqual(await ask("nut/upses"), both);
            await eventually(() => upsd.open === 0);
        });
        it("as soon as it can be reached again, also while the readers wait for their next attempt", async () => {
            await load();
            await upsd.down();
            await assert.rejects(read(), /connection refused/);
            await upsd.up();
            assert.deepEqual(await ask("nut/upses"), both);
        });
        it("and says when there is none", async () => {
            await load();
            assert.deepEqual(await ask("other/upses"), { ok: false, error: "deploy first: only the deployed server is asked" });
        });
        it("and says when it can't be reached", async () => {
            await load();
            await upsd.down();
            assert.match(String((await ask("nut/upses")).error), /^NUT server 127\.0\.0\.1:\d+: connection refused \(ECONNREFUSED\): is upsd running/);
        });
    });

    describe("tests what the dialog holds", () => {
        it("without a user: shows what each UPS says", async () => {
            await load();
            await upsd.stale("ups2");
            const answer = await ask("test", dialog());
            assert.deepEqual([answer.ok, answer.credentials], [true, "none"]);
            const [first, second] = answer.upses as Record<string, string>[];
            assert.deepEqual(first, { name: "ups1", description: 'Rack "ups1"', status: "OL", charge: "98" });
            assert.match(second?.error ?? "", /^UPS ups2 on .*DATA-STALE/);
            await eventually(() => upsd.open === 0, 10_000, () => "nothing stays open");
        });
        for (const [password, wanted] of [["mon", "accepted"], ["tr0mbone", "refused"]] as const) {
            it(`with a password that is ${wanted}`, async () => {
                await load();
                const answer = await ask("test", dialog({ user: "mon", password }));
                assert.deepEqual([answer.ok, answer.credentials], [true, wanted]);
                if (wanted === "refused") assert.match(String(answer.refused), /user mon not accepted/);
                assert.ok(!JSON.stringify(answer).includes("tr0mbone"));
            });
        }
        it("with the stored password, for the deployed server alone", async () => {
            await load();
            assert.equal((await ask("test", dialog({ id: "nut", user: "mon", password: "__PWRD__" }))).credentials, "accepted");
            upsd.requests.length = 0;
            const other = await startBrokenPeer(() => undefined);
            const refused = { ok: false, error: "type the password again: the stored one is only sent to the deployed server" };
            for (const change of [{ port: String(other.port) }, { host: "localhost" }, { tls: "required" }]) assert.deepEqual(await ask("test", dialog({ id: "nut", user: "mon", password: "__PWRD__", ...change })), refused);
            assert.deepEqual(upsd.requests, []);
            await other.stop();
        });
        it("and says what is wrong with it", async () => {
            await load();
            assert.deepEqual(await ask("test", dialog({ port: "x" })), { ok: false, error: "port is not a whole number" });
            assert.match(String((await ask("test", dialog({ tls: "required" }))).error), /no TLS \(FEATURE-NOT-CONFIGURED\): nothing was sent in the clear/);
        });
    });
});
