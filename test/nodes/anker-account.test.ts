import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import helper from "node-red-node-test-helper";
import { useCloud } from "../../lib/devices/anker-cloud";
import type { AnkerAccountNode } from "../../nodes/anker-account/account";
import ankerAccount from "../../nodes/anker-account/anker-account";
import { parseConfig } from "../../nodes/anker-account/config";
import { loginName } from "../../nodes/anker-account/shared-login";
import stored from "../fixtures/configs/anker-account.v1.json";
import { AnkerCloudSimulator, stationSerial } from "../simulators/anker-cloud";
import { closeMs, eventually, loadFlow, temporaryFolder, type LoadedFlow } from "../support/helper";

const credentials = { email: "user@example.com", password: "correct horse battery" };

describe("anker-account's settings", () => {
    it("of version 1 are read as the editor stored them", () => assert.deepEqual(parseConfig(stored, credentials), { config: { ...credentials, country: "US" }, problems: [] }));
    it("take a country in small letters", () => assert.equal(parseConfig({ ...stored, country: " de " }, credentials).config.country, "DE"));
    for (const [change, secrets, problem] of [
        [{ country: "" }, credentials, "the country must be two letters, such as US or DE"],
        [{ country: "USA" }, credentials, "the country must be two letters, such as US or DE"],
        [{}, { password: "x" }, "no email"],
        [{}, { email: "user@example.com" }, "no password"],
    ] as const) {
        it(`say: ${problem} (${JSON.stringify(change)})`, () => assert.deepEqual(parseConfig({ ...stored, ...change }, secrets).problems, [problem]));
    }
});

describe("anker-account", function () {
    const folder = temporaryFolder();
    let cloud: AnkerCloudSimulator;
    let back: () => void;
    let flow: LoadedFlow;
    const load = async (secrets: Record<string, string> = credentials, twin?: Record<string, string>): Promise<void> => {
        flow = await loadFlow([ankerAccount], [{ ...stored }, ...(twin === undefined ? [] : [{ ...stored, id: "twin" }])], { userDir: folder.path, credentials: { anker: secrets, ...(twin && { twin }) } });
    };
    const remove = (id: string): Promise<void> => new Promise((resolve) => void (flow.node(id) as unknown as { close(removed: boolean): Promise<void> }).close(true).then(resolve));
    const post = async (path: string): Promise<Record<string, unknown>> => (await helper.request().post(`/ridethrough/anker-account/${path}`).send({}).expect(200)).body as Record<string, unknown>;
    const place = join(folder.path, "ridethrough/anker-account");
    const file = join(place, `${loginName({ ...credentials, country: "US" })}.json`);
    const count = file.replace(".json", "-logins.json");
    /** Where an older version kept the login of a node. */
    const former = (id = "anker"): string => join(place, `${id}.json`);

    before((done) => { helper.startServer(done); });
    after(() => folder.remove());
    after((done) => {
        helper.stopServer(done);
    });
    beforeEach(async () => {
        cloud = await new AnkerCloudSimulator().start();
        back = useCloud(cloud.cloud());
    });
    afterEach(async () => {
        await flow.unload();
        await cloud.stop();
        back();
        rmSync(place, { recursive: true, force: true });
    });

    it("asks nothing by itself", async () => {
        await load();
        assert.deepEqual(flow.node<AnkerAccountNode>("anker").problems, []);
        assert.deepEqual(cloud.requests, []);
    });

    it("lists its devices, and keeps the login over deploys in a file of its owner alone", async () => {
        await load();
        const answer = await post("anker/devices");
        assert.deepEqual(answer, { ok: true, devices: [{ serial: stationSerial, name: "Cellar", online: true, model: "F3800 Plus", known: true }] });
        await flow.redeploy();
        await post("anker/devices");
        assert.equal(cloud.logins, 1);
        assert.equal(statSync(file).mode & 0o777, 0o600);
        assert.ok(!readFileSync(file, "utf8").includes(credentials.password));
    });

    it("logs in again when a person says that the way is free", async () => {
        cloud.failNext("passport/login", { code: 26052 });
        await load();
        assert.match(String((await post("anker/devices")).error), /wants a code or a captcha/);
        assert.match(String((await post("anker/devices")).error), /wants a code or a captcha/);
        const before = cloud.logins;
        assert.equal((await post("anker/login")).ok, true);
        assert.equal(cloud.logins, before + 1);
    });

    it("says what is missing", async () => {
        await load({ email: "user@example.com" });
        assert.deepEqual(await post("anker/devices"), { ok: false, error: "no password" });
        assert.deepEqual(await post("other/devices"), { ok: false, error: "deploy first: only the deployed account is asked" });
        assert.deepEqual(cloud.requests, []);
    });

    it("keeps the token of a login that a deploy meets on its way", async () => {
        cloud.failNext("passport/login", { slowMs: 300 });
        await load();
        const { stream } = flow.node<AnkerAccountNode>("anker");
        const seat = stream?.listen({ serial: "", up: () => undefined, frame: () => undefined, trouble: () => undefined, doubt: () => undefined });
        await eventually(() => cloud.requests.some(({ endpoint }) => endpoint === "passport/login"));
        const began = performance.now();
        await flow.redeploy();
        assert.ok(performance.now() - began < closeMs);
        seat?.leave();
        assert.equal((await post("anker/devices")).ok, true);
        assert.equal(cloud.logins, 1);
    });
    it("forgets the login when it is removed", async () => {
        await load();
        await post("anker/login");
        const { stream } = flow.node<AnkerAccountNode>("anker");
        await remove("anker");
        assert.deepEqual(readdirSync(place), []);
        await assert.rejects(stream?.account.allowLogin(new AbortController().signal) ?? Promise.resolve(), /the account was removed/, "what was still under way");
        assert.ok(!existsSync(file));
    });

    describe("twice, with the same email", () => {
        const shouted = { ...credentials, email: " User@Example.COM" };
        it("logs in once, and keeps one login over deploys, in files whose names do not tell whose it is", async () => {
            await load(credentials, shouted);
            for (let time = 0; time < 3; time += 1) {
                const answers = await Promise.all(["anker", "twin"].map((id) => post(`${id}/devices`)));
                assert.deepEqual(answers.map(({ ok }) => ok), [true, true]);
                await flow.redeploy();
            }
            assert.equal(cloud.logins, 1);
            assert.deepEqual(readdirSync(place).map((name) => name.replace(/^[0-9a-f]{32}/, "#")).sort(), ["#-logins.json", "#.json"]);
        });
        it("keeps the login when one of them is removed, and forgets it with the last", async () => {
            await load(credentials, shouted);
            await post("anker/devices");
            await remove("anker");
            assert.equal((await post("twin/devices")).ok, true);
            assert.ok(existsSync(file));
            await remove("twin");
            assert.deepEqual(readdirSync(place), []);
            assert.equal(cloud.logins, 1);
        });
        it("says what to do when the passwords differ, and logs in for the first one only", async () => {
            await load(credentials, { ...credentials, password: "another" });
            assert.equal((await post("anker/devices")).ok, true);
            assert.match(String((await post("twin/devices")).error), /another Anker account node has this email with another password or country: make them equal/);
            assert.equal(cloud.logins, 1);
        });
        it("are two accounts where the email is another one", async () => {
            await load(credentials, { ...credentials, email: "other@example.com" });
            await post("anker/devices");
            assert.notEqual(flow.node<AnkerAccountNode>("anker").stream, flow.node<AnkerAccountNode>("twin").stream);
        });
    });

    describe("after an upgrade from a version that kept a login for each node", () => {
        const asBefore = async (): Promise<void> => {
            await load();
            await post("anker/devices");
            await flow.unload();
            renameSync(file, former());
            rmSync(count);
        };
        it("goes on with the login", async () => {
            await asBefore();
            await load();
            assert.equal((await post("anker/devices")).ok, true);
            assert.equal(cloud.logins, 1);
            assert.ok(existsSync(file) && !existsSync(former()));
        });
        it("goes on with the latest login of two nodes, and counts those of both", async () => {
            await asBefore();
            copyFileSync(former(), former("twin"));
            const saved = JSON.parse(readFileSync(former(), "utf8")) as { checksum?: string; logins: number[] };
            delete saved.checksum;
            const [before] = saved.logins.map((at) => at - 60_000);
            writeFileSync(former(), JSON.stringify({ ...saved, logins: [before], token: { userId: "u", authToken: "ended" } }));
            await load(credentials, credentials);
            assert.equal((await post("anker/devices")).ok, true);
            assert.equal(cloud.logins, 1);
            assert.deepEqual((JSON.parse(readFileSync(count, "utf8")) as { logins: number[] }).logins.sort(), [before, ...saved.logins]);
            assert.ok(!existsSync(former()) && !existsSync(former("twin")));
        });
        it("waits an hour when that file is damaged", async () => {
            mkdirSync(place, { recursive: true });
            writeFileSync(former(), "{");
            await load();
            assert.match(String((await post("anker/devices")).error), /its saved login was damaged, next login in/);
            assert.equal(cloud.logins, 0);
        });
    });

    it("makes three logins and no more though the login is damaged at every start", async () => {
        const errors: unknown[] = [];
        for (let start = 0; start < 5; start += 1) {
            await load();
            errors.push((await post("anker/devices")).error);
            await flow.unload();
            writeFileSync(file, "\0\0\0\0");
        }
        assert.equal(cloud.logins, 3);
        assert.match(String(errors.at(-1)), /logged in, or tried to, 3 times/);
    });
    it("makes no login while the disk does not tell the old one", async () => {
        await load();
        await post("anker/devices");
        await flow.unload();
        // As of a disk that is not there: not to be found, and not missing either.
        renameSync(place, `${place}.away`);
        writeFileSync(place, "");
        await load();
        assert.match(String((await post("anker/devices")).error), /its saved login could not be read, so none is made/);
        rmSync(place);
        renameSync(`${place}.away`, place);
        assert.equal((await post("anker/devices")).ok, true);
        assert.equal(cloud.logins, 1);
    });
    it("forgets logins that no node has any more after a month", async () => {
        const [old, young] = ["a", "b"].map((letter) => join(place, `${letter.repeat(32)}.json`)) as [string, string];
        mkdirSync(place, { recursive: true });
        for (const path of [old, young, former("other")]) writeFileSync(path, "{}");
        for (const path of [old, former("other")]) utimesSync(path, 1_700_000_000, 1_700_000_000);
        await load();
        await post("anker/devices");
        await eventually(() => !existsSync(old));
        assert.ok(existsSync(young) && existsSync(former("other")));
    });
});
