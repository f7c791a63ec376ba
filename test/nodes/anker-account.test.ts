import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import helper from "node-red-node-test-helper";
import { useCloud } from "../../lib/devices/anker-cloud";
import type { AnkerAccountNode } from "../../nodes/anker-account/account";
import ankerAccount from "../../nodes/anker-account/anker-account";
import { parseConfig } from "../../nodes/anker-account/config";
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
    const load = async (secrets: Record<string, string> = credentials): Promise<void> => {
        flow = await loadFlow([ankerAccount], [{ ...stored }], { userDir: folder.path, credentials: { anker: secrets } });
    };
    const post = async (path: string): Promise<Record<string, unknown>> => (await helper.request().post(`/ridethrough/anker-account/${path}`).send({}).expect(200)).body as Record<string, unknown>;
    const file = join(folder.path, "ridethrough/anker-account/anker.json");

    before((done) => { helper.startServer(done); });
    after((done) => {
        folder.remove();
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
        cloud.endToken();
        cloud.failNext("passport/login", { code: 26052 });
        await load({ ...credentials, password: "correct horse battery" });
        cloud.failNext("power_service/v1/app/get_relate_and_bind_devices", { code: 26084 });
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
        await new Promise<void>((resolve) => {
            const node = flow.node("anker") as unknown as { close(removed: boolean): Promise<void> };
            void node.close(true).then(resolve);
        });
        await eventually(() => {
            try {
                statSync(file);
                return false;
            } catch {
                return true;
            }
        });
        await assert.rejects(stream?.account.allowLogin(new AbortController().signal) ?? Promise.resolve(), /the account was removed/, "what was still under way");
        assert.ok(!existsSync(file));
    });
});
