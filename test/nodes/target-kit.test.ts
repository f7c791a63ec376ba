import assert from "node:assert/strict";
import { utils } from "ssh2";
import helper from "node-red-node-test-helper";
import powerHost from "../../nodes/power-host/power-host";
import { addTargetKitRoute } from "../../nodes/shutdown-plan/target-kit-routes";
import hostStored from "../fixtures/configs/power-host.v1.json";
import stored from "../fixtures/configs/shutdown-plan.v1.json";
import { loadFlow, temporaryFolder, type LoadedFlow } from "../support/helper";

describe("the kit of a host, for the plan's dialog", () => {
    const folder = temporaryFolder();
    const key = utils.generateKeyPairSync("ed25519");
    let flow: LoadedFlow;

    const ask = async (body: object): Promise<Record<string, unknown>> => (await helper.request().post("/ridethrough/shutdown-plan/target-kit").send(body).expect(200)).body as Record<string, unknown>;

    before((done) => { helper.startServer(done); });
    after(() => folder.remove());
    after((done) => {
        helper.stopServer(done);
    });
    beforeEach(async () => {
        flow = await loadFlow([powerHost, (RED) => addTargetKitRoute(RED)], [
            { ...hostStored, id: "host-apps", name: "apps" },
            { ...hostStored, user: "power" },
            { id: "host-me", type: "power-host", name: "me", kind: "local" },
        ], { userDir: folder.path, credentials: { "host-nas": { privateKey: key.private } } });
    });
    afterEach(() => flow.unload());

    it("is made of the plan as it stands in the dialog, with the deployed host's user and key", async () => {
        const answer = await ask({ ...stored, host: hostStored.id });
        assert.equal(answer.ok, true, String(answer.error));
        assert.deepEqual([answer.host, answer.user], ["nas", "power"]);
        assert.match(String(answer.sudoers), /^power ALL=\(root\) NOPASSWD: \/usr\/bin\/systemctl stop -- postgresql$/m);
        assert.match(String((answer.forcedCommand as { text: string }).text), /sudo -n systemctl stop -- postgresql'/);
        assert.equal(answer.authorizedKeys, `restrict,command="/usr/local/sbin/ridethrough-allowed" ${key.public.split(" ").slice(0, 2).join(" ")} ridethrough\n`);
        assert.doesNotMatch(JSON.stringify(answer), /PRIVATE KEY/);
    });

    it("is made for a host that is not deployed yet", async () => {
        const answer = await ask({ hosts: ["new"], steps: [{ services: ["web"] }], host: "new", powerHosts: [{ id: "new", name: "fresh", kind: "ssh", user: "ops" }] });
        assert.match(String(answer.sudoers), /^ops ALL=\(root\) NOPASSWD: \/usr\/bin\/systemctl stop -- web$/m);
        assert.match(String(answer.authorizedKeys), /PUT-THE-PUBLIC-KEY-HERE/);
    });

    it("has no sudoers for root", async () => {
        const answer = await ask({ hosts: ["new"], steps: [{ services: ["web"] }], host: "new", powerHosts: [{ id: "new", name: "fresh", kind: "ssh", user: "root" }] });
        assert.deepEqual([answer.ok, answer.sudoers], [true, undefined]);
    });

    it("has no key for this machine", async () => {
        const answer = await ask({ ...stored, host: "host-me" });
        assert.deepEqual([answer.ok, answer.host, answer.forcedCommand, answer.authorizedKeys], [true, "me", undefined, undefined]);
    });

    for (const [what, body, error] of [
        ["a host that is not in the plan", { ...stored, host: "stranger" }, /not in the plan/],
        ["no host", stored, /not in the plan/],
        ["a wrong plan", { hosts: ["host-apps"], steps: [{ services: ["web;reboot"] }], host: "host-apps" }, /";" is not allowed/],
        ["a user that is none", { hosts: ["new"], host: "new", powerHosts: [{ id: "new", name: "fresh", user: "ALL ALL=(ALL)" }] }, /fresh: no user to log in with/],
    ] as const) {
        it(`says what is wrong with ${what}`, async () => {
            const answer = await ask(body);
            assert.equal(answer.ok, false);
            assert.match(String(answer.error), error);
        });
    }
});
