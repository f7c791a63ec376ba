import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Node, NodeInitializer } from "node-red";
import helper from "node-red-node-test-helper";
import { remoteCommand, wordsOf } from "../../../lib/shutdown/commands";
import { parsePlan } from "../../../lib/shutdown/plan";
import depletionRate from "../../../nodes/depletion-rate/depletion-rate";
import discordAlert from "../../../nodes/discord-alert/discord-alert";
import emailAlert from "../../../nodes/email-alert/email-alert";
import gpuReader from "../../../nodes/gpu-reader/gpu-reader";
import outageSimulator from "../../../nodes/outage-simulator/outage-simulator";
import powerClassifier from "../../../nodes/power-classifier/power-classifier";
import powerHost from "../../../nodes/power-host/power-host";
import redundancyGroup from "../../../nodes/redundancy-group/redundancy-group";
import shutdownPlan from "../../../nodes/shutdown-plan/shutdown-plan";
import shutdownSequencer from "../../../nodes/shutdown-sequencer/shutdown-sequencer";
import shutdownTrigger from "../../../nodes/shutdown-trigger/shutdown-trigger";
import tapePlayer from "../../../nodes/tape-player/tape-player";
import tapeRecorder from "../../../nodes/tape-recorder/tape-recorder";
import telegramAlert from "../../../nodes/telegram-alert/telegram-alert";
import timelineStore from "../../../nodes/timeline-store/timeline-store";
import timelineWriter from "../../../nodes/timeline-writer/timeline-writer";
import classifier from "../../fixtures/configs/power-classifier.v1.json";
import depletion from "../../fixtures/configs/depletion-rate.v1.json";
import discord from "../../fixtures/configs/discord-alert.v1.json";
import email from "../../fixtures/configs/email-alert.v1.json";
import gpus from "../../fixtures/configs/gpu-reader.v1.json";
import group from "../../fixtures/configs/redundancy-group.v1.json";
import player from "../../fixtures/configs/tape-player.v1.json";
import recorder from "../../fixtures/configs/tape-recorder.v1.json";
import sequencer from "../../fixtures/configs/shutdown-sequencer.v2.json";
import simulator from "../../fixtures/configs/outage-simulator.v1.json";
import telegram from "../../fixtures/configs/telegram-alert.v1.json";
import trigger from "../../fixtures/configs/shutdown-trigger.v1.json";
import writer from "../../fixtures/configs/timeline-writer.v1.json";
import { generateKeyPair, startSshHost, type SshHost } from "../../simulators/ssh-host";
import { eventually, loadFlow, temporaryFolder, type FlowMsg, type FlowNode, type LoadedFlow } from "../../support/helper";
import { assertUnpolluted, hostileTexts, hostileWords, mutated, pollution } from "../../support/hostile";
import { sampleMessages } from "../../support/sample-messages";

const initializers: NodeInitializer[] = [
    powerHost, shutdownPlan, shutdownSequencer, powerClassifier, depletionRate, shutdownTrigger, redundancyGroup, timelineStore, timelineWriter, tapeRecorder, tapePlayer, outageSimulator, gpuReader,
    telegramAlert, discordAlert, emailAlert,
];
/** Every node that takes messages and can do without a device; those with one only take a message for "read now", as the GPU reader does. */
const takers = [classifier, depletion, trigger, group, sequencer, writer, recorder, player, simulator, gpus, telegram, discord, email];

const values: readonly unknown[] = [
    "$(touch x)", "`id`", "nas;reboot", "x\nreboot", "--help", "../../x", "__proto__", "constructor", "nas", "shutdown", "drill", "hold", "stop", null, {}, [], true, -1, NaN, 1e308, pollution(),
    ...hostileWords.slice(0, 3), hostileTexts.find((text) => text.length > 1000),
];

const turning = "(one of them)";

describe("messages with something hostile in any place", function () {
    this.timeout(60_000);
    const folder = temporaryFolder();
    const user = generateKeyPair();
    let host: SshHost;
    let gpu: SshHost;
    let flow: LoadedFlow;
    let load: () => Promise<LoadedFlow>;
    let sent = 0;

    before((done) => { helper.startServer(done); });
    after(async () => {
        await flow?.unload();
        await Promise.all([host, gpu].map((one) => one?.stop()));
        await folder.remove();
        await new Promise<void>((done) => { helper.stopServer(done); });
    });

    before("every message has been taken by every node", async () => {
        [host, gpu] = await Promise.all([startSshHost({ name: "nas", authorizedKey: user.public }), startSshHost({ name: "gpu1", authorizedKey: user.public, behaviour: { exitCode: 127 } })]);
        const sshHost = (id: string, name: string, { port, hostKey }: SshHost): FlowNode => ({ id, type: "power-host", version: 2, name, kind: "ssh", host: "127.0.0.1", port: String(port), user: "power", auth: "key", hostKey });
        const nodes: FlowNode[] = [
            ...takers.map((node): FlowNode => ({ wires: [], ...node })),
            { ...sequencer, plan: "plan", dryRun: false, enabled: true, rootKnown: true, openKnown: true, stable: "0", check: "0", wires: [["result"], ["result"]] },
            { id: "plan", type: "shutdown-plan", hosts: ["host-nas"], steps: [{ services: ["web"], actions: [{ action: "command", params: { command: ["/opt/park"], undo: ["/opt/unpark"], sudo: false } }] }], final: "shutdown", delay: "2" },
            sshHost("host-nas", "nas", host), sshHost("host-gpu1", "gpu1", gpu),
            { ...gpus, hosts: ["host-gpu1"], machines: [{ name: "gpu1", tool: "nvidia-smi" }], interval: "86400", wires: [] },
            { id: "store-db", type: "timeline-store", version: 1, kind: "embedded", name: "" },
            { id: "catch", type: "catch", wires: [["errors"]] }, { id: "errors", type: "helper" },
            { id: "complete", type: "complete", scope: takers.map(({ id }) => id), wires: [["done"]] }, { id: "done", type: "helper" }, { id: "result", type: "helper" },
        ];
        const unique = [...new Map(nodes.map((node) => [node.id, node])).values()];
        load = () => loadFlow(initializers, unique, { userDir: folder.path, credentials: { "host-nas": { privateKey: user.private }, "host-gpu1": { privateKey: user.private } } });
        flow = await load();

        // One value for each place, by turns; the parts of the nodes are tried with all of them (test/unit/security).
        let turn = 0;
        for (const message of Object.values(sampleMessages(Date.now()))) {
            for (const changed of mutated(message, [turning])) {
                const msg = JSON.parse(JSON.stringify(changed), (_key, value: unknown) => (value === turning ? values[(turn += 1) % values.length] : value)) as object;
                for (const { id } of takers) {
                    sent += 1;
                    flow.node<Node>(id).receive({ ...msg });
                }
                await new Promise(setImmediate);
            }
        }
        // One of them holds a run that takes its time.
        flow.node<Node>("sequencer").receive({ payload: "release" });
        sent += 1;
    });

    it("are each answered once, with done or with an error, and end nothing", async () => {
        assert.ok(sent > 3000, `${sent} sent`);
        const answered = (): number => flow.received("done").length + flow.received("errors").filter((msg) => (msg as FlowMsg & { error?: { source?: { id?: string } } }).error !== undefined).length;
        await eventually(() => answered() >= sent, 30_000, () => `${sent} answers, got ${answered()}`);
        assertUnpolluted();
    });

    it("are refused in words of ours", () => {
        const texts = new Set(flow.received("errors").map((msg) => String((msg.error as { message?: unknown }).message)));
        for (const text of texts) assert.doesNotMatch(text, /is not a function|not iterable|Cannot (?:read|convert|set|access)|undefined|\[object|Invalid (?:time|array|string)|call stack|is not defined|Unexpected token/, text);
    });

    it("have hosts told what the plan says and nothing else", async () => {
        await eventually(() => host.commands.length > 0 && flow.received("result").length > 0, 45_000);
        const { plan } = parsePlan({ hosts: [{ name: "nas", services: ["web"], steps: [{ action: "command", params: { command: ["/opt/park"], undo: ["/opt/unpark"], sudo: false } }] }] });
        const [nas] = plan?.hosts ?? [];
        assert.ok(nas?.final);
        const place = (timeoutMs: number): { root: boolean; timeoutS: number } => ({ root: false, timeoutS: timeoutMs / 1000 });
        const known = [...nas.steps, nas.final].flatMap(({ action, params, timeoutMs }) => [action.program(params, place(timeoutMs)), action.probe(params, place(timeoutMs))].map((program) => remoteCommand(wordsOf(program))));
        for (const { command } of host.commands) {
            // The way back of a service knows how long ago it was stopped; a drill asks by a mark.
            const more = /^env PATH=\S+ (?:id|ridethrough-may [\w-]{32}|\/opt\/unpark|sudo -n shutdown -c|sh -c '[^]*' ridethrough web no \d+)$/.test(command);
            assert.ok(known.includes(command) || more, command);
        }
        const asked = [...new Set(gpu.commands.map(({ command }) => command))];
        assert.equal(asked.length, 1, asked.join("\n"));
        assert.match(asked[0] ?? "", /^env PATH=\S+ env PATH=\S+ LC_ALL=C timeout -s KILL \d+ nvidia-smi --query-gpu=[a-z._,]+ --format=csv,noheader,nounits$/);
    });

    it("make files only where ours lie, and for nobody else to read", () => {
        const all = readdirSync(folder.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
        assert.ok(all.length > 5, all.join());
        for (const path of all) {
            assert.match(path.slice(folder.path.length), /^\/(?:ridethrough\/[a-z-]+\/[A-Za-z0-9._/-]+|\.config[^/]*\.json|[a-z_]+\.json)$/);
            if (path.includes("/ridethrough/")) assert.equal(statSync(path).mode & 0o077, 0, path);
        }
    });

    it("leave files behind of which each, changed by another hand, is set aside", async () => {
        const root = join(folder.path, "ridethrough");
        const saved = (): string[] => readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => /\.(?:json|journal)$/.test(name));
        const stateful = ["power-classifier", "depletion-rate", "shutdown-trigger", "redundancy-group", "shutdown-sequencer", "shutdown-plan"];
        const has = (type: string): boolean => saved().some((name) => name.startsWith(`${type}/`));
        // A drill that came in the middle of a run was refused.
        for (let asked = 0; !has("shutdown-plan"); asked += 1) {
            assert.ok(asked < 45);
            flow.node<Node>("sequencer").receive({ payload: "drill" });
            await delay(1000);
        }
        await flow.unload();
        for (const type of stateful) assert.ok(has(type), type);
        const states = saved().map((name) => join(root, name));
        for (const path of states) {
            const text = readFileSync(path, "utf8");
            writeFileSync(path, text.slice(0, text.length >> 1) + (text[text.length >> 1] === "1" ? "2" : "1") + text.slice((text.length >> 1) + 1));
        }
        const before = host.commands.length;
        flow = await load();
        const asides = (path: string): string[] => readdirSync(join(path, "..")).filter((name) => name.startsWith(`${basename(path)}.bad-`));
        await eventually(() => states.every((path) => asides(path).length === 1), 10_000, () => states.filter((path) => asides(path).length === 0).join());
        assert.equal(host.commands.length, before, "nothing is obeyed");
    });
});
