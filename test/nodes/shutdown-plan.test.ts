import assert from "node:assert/strict";
import helper from "node-red-node-test-helper";
import { catalogue } from "../../lib/shutdown/actions";
import { previewPlan } from "../../lib/shutdown/steps";
import type { PowerHost } from "../../nodes/power-host/access";
import powerHost from "../../nodes/power-host/power-host";
import { parseConfig } from "../../nodes/shutdown-plan/config";
import { resolvePlan, type ShutdownPlanNode } from "../../nodes/shutdown-plan/resolve";
import shutdownPlan from "../../nodes/shutdown-plan/shutdown-plan";
import locale from "../../locales/en-US/shutdown-plan.json";
import stored from "../fixtures/configs/shutdown-plan.v1.json";
import hostStored from "../fixtures/configs/power-host.v1.json";
import { loadFlow, temporaryFolder, type LoadedFlow } from "../support/helper";

describe("shutdown-plan's settings", () => {
    const plain = { steps: [], needs: [], priority: "normal", provides: [], fedBy: [] };

    it("read each host's own steps, place and end, whose values the dialog stores as texts", () => {
        const { config, problems } = parseConfig({
            hosts: ["a", "b"], runtime: "20",
            steps: [
                { actions: [{ action: "stop-service", params: { service: " web " }, timeout: "90", onFailure: "keep-up" }], needs: "nas", priority: "early", fedBy: ["ups1"], end: { action: "shutdown", params: { delayMinutes: "0" } } },
                { provides: ["network", "dns"], priority: "core", end: "none" },
            ],
        });
        assert.deepEqual(problems, []);
        assert.equal(config.runtimeS, 1200);
        assert.deepEqual(config.rows, [
            {
                ...plain, host: "a", services: [], after: [], stopTimeoutS: 30, needs: ["nas"], priority: "early", fedBy: ["ups1"],
                steps: [{ action: "stop-service", params: { service: "web" }, timeoutS: 90, onFailure: "keep-up" }],
                final: { action: "shutdown", params: { delayMinutes: 0 }, onFailure: "go-on" },
            },
            { ...plain, host: "b", services: [], after: [], stopTimeoutS: 30, provides: ["network", "dns"], priority: "core", final: "none" },
        ]);
    });

    it("of version 1 are read as the editor stored them", () => {
        assert.deepEqual(parseConfig(stored), {
            config: {
                rows: [
                    { ...plain, host: "host-apps", services: ["web-frontend", "grafana-server"], after: [], stopTimeoutS: 30 },
                    { ...plain, host: "host-nas", services: ["postgresql", "nfs-server"], after: ["apps"], stopTimeoutS: 60 },
                    { ...plain, host: "host-me", services: [], after: [], stopTimeoutS: 30 },
                ],
                final: { verb: "shutdown", delayMinutes: 2 },
                evidenceDays: 30,
            },
            problems: [],
        });
    });

    it("take services as a text with commas, blanks or lines, too", () => {
        const { config } = parseConfig({ hosts: ["a"], steps: [{ services: " web, db\n cache ", after: "x y" }] });
        assert.deepEqual([config.rows[0]?.services, config.rows[0]?.after], [["web", "db", "cache"], ["x", "y"]]);
    });

    for (const [change, problem] of [
        [{ hosts: ["a", ""] }, "row 2 has no host"],
        [{ hosts: "a" }, "hosts is not a list"],
        [{ hosts: ["a"], steps: [{ stopTimeout: "soon" }] }, "row 1: stopTimeout is not a number"],
        [{ hosts: ["a"], steps: [{ services: [1] }] }, "row 1: services has something that is no name"],
        [{ hosts: ["a"], steps: [{ priority: "soon" }] }, "row 1: priority must be one of early, normal, core"],
        [{ hosts: ["a"], steps: [{ provides: "heat" }] }, 'row 1: provides has "heat", which is none of network, dns, storage, controller'],
        [{ hosts: ["a"], steps: [{ actions: [{ action: "stop-service", params: {} }] }] }, "row 1: step 1: service is missing"],
        [{ hosts: ["a"], steps: [{ actions: [{ action: "stop-service", params: { service: "x" }, timeout: "-1" }] }] }, "row 1: step 1: timeout must be between 0 and 3600"],
        [{ final: "rm -rf" }, "final must be one of shutdown, poweroff, none"],
        [{ delay: "1.5" }, "delay is not a whole number"],
    ] as const) {
        it(`say: ${problem}`, () => assert.deepEqual(parseConfig(change).problems, [problem]));
    }
});

describe("a plan with its hosts", () => {
    const host = (name: string, more: Partial<PowerHost> = {}): PowerHost => ({ name, local: false, problems: [], access: { root: false, open: () => { throw new Error(name); } }, ...more });
    const hosts = new Map([["host-apps", host("apps")], ["host-nas", host("nas", { problems: ["no user", "no pinned host key"] })], ["host-me", host("me", { local: true })]]);
    const { config } = parseConfig(stored);

    it("knows its hosts by name, and which cannot be reached", () => {
        const { plan, problems, unready, access } = resolvePlan(config, [], (id) => hosts.get(id));
        assert.deepEqual(plan?.hosts.map(({ name, local }) => [name, local]), [["apps", false], ["nas", false], ["me", true]]);
        assert.deepEqual([problems, unready], [[], ["nas: no user, no pinned host key"]]);
        assert.throws(() => access("apps").open(), /apps/);
        assert.throws(() => access("stranger"), /host stranger: not in the plan any more/);
    });

    it("says what in the plan would go wrong in an outage: it can be rehearsed, and not be armed", () => {
        const apps = { ...config, rows: config.rows.map((row, index) => (index === 0 ? { ...row, provides: ["network" as const] } : row)) };
        const { plan, lints, unready } = resolvePlan(apps, [], (id) => hosts.get(id));
        assert.ok(plan);
        assert.match(lints.map(({ text }) => text).join(), /nas is reached through apps/);
        assert.match(unready.join(), /nas is reached through apps/);
    });

    it("is none while a host is missing, or the settings are wrong", () => {
        assert.deepEqual(resolvePlan(config, [], (id) => (id === "host-nas" ? undefined : hosts.get(id))).problems, ["the host of row 2 is gone"]);
        assert.equal(resolvePlan(config, ["delay is not a whole number"], (id) => hosts.get(id)).plan, undefined);
    });
});

describe("shutdown-plan", () => {
    const folder = temporaryFolder();
    let flow: LoadedFlow;

    const preview = async (body: object): Promise<{ ok: boolean; problems: string[]; text?: string; steps?: { id: string }[] }> =>
        (await helper.request().post("/ridethrough/shutdown-plan/preview").send(body).expect(200)).body as never;

    before((done) => { helper.startServer(done); });
    after(() => folder.remove());
    after((done) => {
        helper.stopServer(done);
    });
    beforeEach(async () => {
        // The plan comes before its hosts, as Node-RED may create them.
        flow = await loadFlow([powerHost, shutdownPlan], [
            { ...stored },
            { ...hostStored, id: "host-apps", name: "apps" },
            hostStored,
            { id: "host-me", type: "power-host", name: "me", kind: "local" },
        ], { userDir: folder.path });
    });
    afterEach(() => flow.unload());

    it("finds its hosts whatever the order in which they are created", () => {
        const { plan, problems, unready } = flow.node<ShutdownPlanNode>("plan").resolve();
        // Where these tests run in a container, its own end is said to be useless.
        assert.deepEqual([plan?.hosts.length, problems, unready.filter((text) => !text.startsWith("Node-RED runs in a container"))], [3, [], ["apps: no private key", "nas: no private key"]]);
    });

    it("previews in the dialog exactly what the sequencer would execute", async () => {
        const { plan } = flow.node<ShutdownPlanNode>("plan").resolve();
        assert.ok(plan);
        const answer = await preview(stored);
        assert.deepEqual(answer.steps, previewPlan(plan));
        assert.equal(answer.text, "3 hosts, 4 services, then shutdown -h +2");
    });

    it("reckons with how long the deployed plan's steps have really taken, where a sequencer knows", async () => {
        const tight = { ...stored, runtime: "0.5" };
        const said = async (body: object): Promise<string> => JSON.stringify(await preview(body));
        assert.match(await said(tight), /the plan may take .* and the batteries carry the load for 30 s/, "by the limits");
        flow.node<ShutdownPlanNode>("plan").usualMs = () => 2000;
        assert.doesNotMatch(await said(tight), /the plan may take/, "by what was measured");
        assert.match(await said(tight), /"planned":\{"startMs":0,"endMs":2000,"measured":true\}/);
        assert.match(await said({ ...tight, id: "another" }), /the plan may take/, "of this plan alone");
    });

    it("previews hosts that are not deployed yet", async () => {
        const answer = await preview({ hosts: ["new"], steps: [{ services: ["web"] }], powerHosts: [{ id: "new", name: "fresh", kind: "ssh" }] });
        assert.deepEqual(answer.steps?.map((step) => step.id), ["fresh/connect", "fresh/stop-service/web", "fresh/power-off"]);
    });

    it("hands its dialog every action with what it asks for, and a text for each of them", async () => {
        const { actions } = (await helper.request().post("/ridethrough/shutdown-plan/catalogue").send({}).expect(200)).body as { actions: { verb: string; ends: boolean; parameters: { name: string; kind: string }[] }[] };
        assert.deepEqual(actions.map(({ verb, ends }) => [verb, ends]), catalogue.map(({ verb, ends }) => [verb, ends === true]));
        const texts = locale["shutdown-plan"].action as Record<string, Record<string, string>>;
        const unsaid = actions.flatMap(({ verb, parameters }) => ["label", "about", ...parameters.map(({ name }) => name)].filter((key) => !texts[verb]?.[key]).map((key) => `${verb}.${key}`));
        assert.deepEqual(unsaid, []);
    });

    it("previews by the address in the dialog, which has no key: a name is lost with its DNS", async () => {
        const powerHosts = [{ id: "new", name: "app", kind: "ssh", host: "app.example.net" }, { id: "dns", name: "dns", kind: "ssh", host: "192.0.2.53" }];
        const answer = await preview({ hosts: ["new", "dns"], steps: [{}, { provides: ["dns"], priority: "early" }], powerHosts });
        assert.match(JSON.stringify(answer), /app is reached by its name, which dns resolves/);
    });

    for (const [what, body, problem] of [
        ["a cycle", { hosts: ["host-apps", "host-nas"], steps: [{ after: ["nas"] }, { after: ["apps"] }] }, /wait for each other/],
        ["a command for a service", { hosts: ["host-apps"], steps: [{ services: ["web;reboot"] }] }, /";" is not allowed/],
        ["no hosts", { hosts: [] }, /no hosts/],
        ["nonsense", { hosts: { a: 1 }, powerHosts: "x" }, /not a list/],
    ] as const) {
        it(`says what is wrong with ${what}`, async () => {
            const { ok, problems, steps } = await preview(body);
            assert.equal(ok, true);
            assert.match(problems.join(), problem);
            assert.equal(steps, undefined);
        });
    }
});
