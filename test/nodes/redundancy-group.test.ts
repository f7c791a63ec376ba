import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeMessage } from "node-red";
import { machine } from "../../lib/kit/boot";
import type { ShutdownCommand } from "../../lib/power/command";
import type { Quorum } from "../../lib/power/quorum";
import type { Reading } from "../../lib/power/reading";
import type { Health, Supply, Verdict } from "../../lib/power/verdict";
import { parseConfig } from "../../nodes/redundancy-group/config";
import redundancyGroup from "../../nodes/redundancy-group/redundancy-group";
import stored from "../fixtures/configs/redundancy-group.v1.json";
import { copyAsKilled, eventually, loadFlow, temporaryFolder, type FlowMsg, type FlowNode, type LoadedFlow } from "../support/helper";

const caught = [{ id: "catch", type: "catch", wires: [["errors"]] }, { id: "errors", type: "helper" }];

function flowOf(settings: object = {}): FlowNode[] {
    return [{ ...stored, ...settings, wires: [["shutdown"], ["restored"], ["every"]] }, ...["shutdown", "restored", "every"].map((id) => ({ id, type: "helper" })), ...caught];
}

const two = { members: [{ name: "ups_a", role: "counts" }, { name: "ups_b", role: "counts" }] };
/** Decides within a tick of the watchdog. */
const quick = { ...two, dwell: "0", restore: "0" };

type Says = "mains" | "battery" | "low" | "unread";
const says: Record<Says, { health: Health; supply: Supply; decision: Verdict["decision"] }> = {
    mains: { health: "healthy", supply: "mains", decision: "none" },
    battery: { health: "degraded", supply: "battery", decision: "none" },
    low: { health: "critical", supply: "battery", decision: "shutdown" },
    unread: { health: "unknown", supply: "unknown", decision: "none" },
};

/** What a trigger sends on its third output. */
function verdict(device: string, word: Says, at = Date.now(), more: Partial<Verdict> = {}): NodeMessage {
    const text = `${device}: ${word}`;
    return { topic: device, payload: text, verdict: { device, stream: device, at, findings: [], text, ...says[word], ...more } } as NodeMessage;
}

function reading(device: string, mains: Reading["mains"] | undefined, at: number, more: Partial<Reading> = {}): NodeMessage {
    return { topic: device, payload: 1, reading: { device, source: "nut", at, quality: mains === undefined ? "missing" : "good", ...(mains && { mains }), ...more } } as NodeMessage;
}

describe("redundancy-group", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let flow: LoadedFlow;
    const load = async (settings?: object, userDir = folder.path): Promise<void> => {
        flow = await loadFlow([redundancyGroup], flowOf(settings), { userDir });
    };
    const feed = (...messages: NodeMessage[]): void => {
        for (const message of messages) flow.node("group").receive(message);
    };
    const quorum = (msg: FlowMsg | undefined): Quorum => msg?.quorum as Quorum;
    const commands = (id: string): ShutdownCommand[] => flow.received(id).map(({ command }) => command as ShutdownCommand);
    beforeEach(() => {
        folder = temporaryFolder();
    });
    afterEach(async () => {
        await flow.unload();
        await folder.remove();
    });

    it("tells with every message how the group stands, and keeps what else the message carries", async () => {
        await load();
        feed({ ...verdict("ups_a", "mains"), room: "cellar" } as NodeMessage, verdict("ups_b", "mains"), verdict("ups_c", "low"));
        const [first, , last] = await flow.until("every", 3);
        assert.deepEqual([first?.topic, first?.room, quorum(first).standing], ["rack", "cellar", "held"]);
        assert.equal(last?.payload, "rack: 2/2 healthy (1 needed): ups_c critical (low; advisory)");
        assert.deepEqual(quorum(last).members.map(({ name, role, health }) => [name, role, health]), [["ups_a", "counts", "healthy"], ["ups_b", "counts", "healthy"], ["ups_c", "advisory", "critical"]]);
        assert.deepEqual(flow.status("group"), { fill: "green", shape: "dot", text: "2/2 healthy (1 needed)" });
    });

    it("passes on no decision of a member: behind it only the group's word counts", async () => {
        await load();
        feed({ ...verdict("ups_a", "low"), command: { action: "shutdown", stream: "ups_a", conclusive: true }, transition: {}, missed: {}, power: {}, event: {}, alert: {} } as NodeMessage);
        const [msg] = await flow.until("every", 1);
        assert.deepEqual(["command", "transition", "missed", "power", "verdict", "event", "alert"].filter((name) => msg !== undefined && name in msg), []);
    });

    it("shuts down when the quorum is lost, once, by its live timer, and restores when it is back", async () => {
        await load(quick);
        feed(verdict("ups_a", "low"), verdict("ups_b", "low"));
        const [msg] = await flow.until("shutdown", 1);
        assert.deepEqual([msg?.topic, msg?.payload], ["rack", "shutdown"]);
        const { reason, at, ...command } = msg?.command as ShutdownCommand;
        assert.deepEqual(command, { action: "shutdown", stream: "rack", conclusive: true });
        assert.match(reason, /^rack: quorum LOST: 0\/2 healthy \(1 needed\): ups_a critical \(low\); ups_b critical \(low\)$/);
        assert.ok(Math.abs(at - Date.now()) < 5000);
        assert.deepEqual(flow.received("every").map((each) => quorum(each).change).filter((change) => change === "lost"), ["lost"]);
        await eventually(() => flow.status("group")?.text === "LOST 0/2 healthy (1 needed)");
        feed(verdict("ups_a", "low"), verdict("ups_b", "mains"));
        const [back] = await flow.until("restored", 1);
        assert.deepEqual([back?.payload, (back?.command as ShutdownCommand).action, (back?.command as ShutdownCommand).stream], ["restored", "restored", "rack"]);
        assert.equal(flow.received("shutdown").length, 1);
        feed(verdict("ups_b", "low"));
        await flow.until("shutdown", 2);
    });

    it("one of two lost shuts nothing down", async () => {
        await load(quick);
        feed(verdict("ups_a", "low"), verdict("ups_b", "mains"));
        await eventually(() => flow.received("every").some((msg) => quorum(msg).change === "degraded"));
        assert.deepEqual(flow.status("group"), { fill: "yellow", shape: "dot", text: "1/2 healthy (1 needed)" });
        assert.equal(flow.received("shutdown").length, 0);
    });

    it("takes plain readings, by device or by topic", async () => {
        await load(two);
        feed(reading("ups_a", "present", Date.now()), { ...reading("ups", "absent", Date.now()), topic: "UPS B" } as NodeMessage);
        const [, msg] = await flow.until("every", 2);
        assert.deepEqual(quorum(msg).members.map(({ health }) => health), ["healthy", "degraded"]);
        assert.deepEqual(flow.received("errors"), []);
    });

    it("notices by its live timer that a member has fallen silent", async () => {
        await load({ ...two, minHealthy: "2", stale: "0.2", grace: "0" });
        feed(verdict("ups_a", "mains"), verdict("ups_b", "mains"));
        await eventually(() => flow.received("every").some((msg) => quorum(msg).change === "blind"));
        assert.match(flow.status("group")?.text ?? "", /^no data 0\/2 healthy/);
        assert.equal(flow.received("shutdown").length, 0, "a loss of data alone shuts nothing down");
    });

    it("with a loss of data told to suffice, it shuts down", async () => {
        await load({ ...quick, stale: "0.2", grace: "0", dataLossAlone: true });
        feed(verdict("ups_a", "mains"), verdict("ups_b", "mains"));
        await flow.until("shutdown", 1);
    });

    it("fakes make a group of their own, which follows their times and not the clock", async () => {
        await load(two);
        feed(verdict("ups_a", "mains"), verdict("ups_b", "mains"));
        const times = [1, 2, 3, 4, 5].map((second) => second * 1000);
        feed(...times.flatMap((at) => ["ups_a", "ups_b"].map((name) => verdict(name, "low", at, { simulated: true }))));
        const [msg] = await flow.until("shutdown", 1);
        const { at, simulated, stream } = msg?.command as ShutdownCommand;
        assert.deepEqual([at, simulated, stream], [4000, true, "rack (simulated)"]);
        assert.deepEqual([flow.status("group")?.fill, flow.status("group")?.shape], ["blue", "ring"]);
        const real = flow.received("every").map(quorum).filter((each) => !each.simulated);
        assert.deepEqual(real.map(({ standing }) => standing), ["held", "held"]);
    });

    it("says once whom it does not know, and counts nobody for it", async () => {
        await load(two);
        feed(verdict("ups_x", "low"), verdict("ups_x", "low"), verdict("ups_a", "mains"));
        await flow.until("every", 1);
        const warned = (flow.node("group") as unknown as { warn: { args: [string][] } }).warn.args.map(([text]) => text);
        assert.deepEqual(warned, ["ups_x is no member of rack and is not counted; its members are ups_a, ups_b"]);
    });

    it("what says nothing of a member goes to Catch", async () => {
        await load(two);
        feed({ payload: 24, topic: "ups_a" });
        const [msg] = await flow.until("errors", 1);
        assert.match((msg?.error as { message: string }).message, /no quorum: expected msg\.verdict, msg\.power or msg\.reading/);
    });

    describe("state on the disk", () => {
        const file = (): string => join(folder.path, "ridethrough", "redundancy-group", "group.json");
        const saved = (): string => {
            try {
                return readFileSync(file(), "utf8");
            } catch {
                return "";
            }
        };
        const lose = async (): Promise<void> => {
            feed(verdict("ups_a", "low"), verdict("ups_b", "low"));
            await flow.until("shutdown", 1);
        };

        it("a redeploy in a loss tells nothing again, and restores when the quorum is back", async () => {
            await load(quick);
            await lose();
            await flow.redeploy();
            feed(verdict("ups_a", "low"), verdict("ups_b", "low"));
            await flow.until("every", 2);
            await eventually(() => flow.status("group")?.text?.startsWith("LOST") === true);
            feed(verdict("ups_a", "mains"));
            await flow.until("restored", 1);
            assert.deepEqual(commands("shutdown"), []);
        });

        it("so does kill -9: the file alone suffices", async () => {
            await load(quick);
            await lose();
            await eventually(() => saved().includes('"lost":{'));
            const survivor = temporaryFolder();
            try {
                copyAsKilled(folder.path, survivor.path);
                await flow.unload();
                await load(quick, survivor.path);
                feed(verdict("ups_a", "low"), verdict("ups_b", "mains"));
                await flow.until("restored", 1);
                feed(verdict("ups_b", "low"));
                await flow.until("shutdown", 1);
                await flow.unload();
            } finally {
                await survivor.remove();
            }
        });

        it("a loss from before this machine was started again is spent: the next one is told anew", async () => {
            const { boot } = machine;
            try {
                await load(quick);
                await lose();
                machine.boot = "the next boot";
                await flow.redeploy();
                feed(verdict("ups_a", "low"), verdict("ups_b", "low"));
                await flow.until("shutdown", 1);
            } finally {
                machine.boot = boot;
            }
        });

        it("killed on battery, with nobody to be read after it: it shuts down once they had their chance", async () => {
            await load(quick);
            feed(verdict("ups_a", "battery"), verdict("ups_b", "battery"));
            await eventually(() => saved().includes('"battery"'));
            await flow.unload();
            await load({ ...quick, coldStart: "1" });
            feed(verdict("ups_a", "unread"), verdict("ups_b", "unread"));
            const [msg] = await flow.until("shutdown", 1);
            assert.match(String(quorum(msg).text), /ups_a unknown \(unread, was degraded: on battery\)/);
        });

        it("a damaged file is set aside, and the group goes on", async () => {
            mkdirSync(join(folder.path, "ridethrough", "redundancy-group"), { recursive: true });
            writeFileSync(file(), '{"streams":[["rack",{"members":5}]]}');
            await load(two);
            feed(verdict("ups_a", "mains"));
            await flow.until("every", 1);
        });
    });

    it("with a wrong configuration it says what is wrong, and counts nothing", async () => {
        await load({ members: [], minHealthy: "x" });
        feed(verdict("ups_a", "mains"));
        const [msg] = await flow.until("errors", 1);
        assert.match((msg?.error as { message: string }).message, /minHealthy is not a whole number; no member that counts/);
        assert.deepEqual([flow.status("group")?.fill, flow.status("group")?.shape], ["red", "ring"]);
    });
});

describe("the configuration of a redundancy-group", () => {
    it("is read as the editor stores it", () => {
        assert.deepEqual(parseConfig(stored), {
            config: {
                group: "rack", members: [{ name: "ups_a", role: "counts" }, { name: "ups_b", role: "counts" }, { name: "ups_c", role: "advisory" }], minHealthy: 1,
                degradedCountsAs: "healthy", unknownCountsAs: "critical", dataLossAlone: false, graceSeconds: 60, dwellSeconds: 3, restoreSeconds: 30, coldStartSeconds: 100,
            },
            problems: [],
        });
    });

    const wrong: [what: string, settings: object, problem: RegExp][] = [
        ["a text for a switch", { dataLossAlone: "false" }, /dataLossAlone is "false"/],
        ["another way to count", { unknownCountsAs: "fine" }, /unknownCountsAs must be one of/],
        ["more needed than there are", { minHealthy: "3" }, /3 healthy needed of 2 that count/],
        ["a member without a name", { members: [{ name: "ups_a" }, { name: " ", role: "counts" }] }, /member 2: has no name/],
        ["a role that is none", { members: [{ name: "ups_a", role: "boss" }] }, /member 1: role must be one of/],
        ["members that are no list", { members: "ups_a, ups_b" }, /members is not a list/],
        ["a time that is none", { grace: "a minute" }, /grace is not a number/],
    ];
    for (const [what, settings, problem] of wrong) it(`refuses ${what}`, () => assert.match(parseConfig({ ...stored, ...settings }).problems.join("; "), problem));
});
