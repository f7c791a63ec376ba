import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { ShutdownCommand } from "../../../lib/power/command";
import { commandFrom, decideRun, handStream, isTaintedMessage, manualStream, type Decision, type GateState, type StartOn, type Switches } from "../../../lib/shutdown/gate";

const at = 1_700_000_000_000;
const armed: Switches = { dryRun: false, enabled: true, problems: [], unready: [] };
const idle: GateState = { ran: new Map() };
const critical = { device: "plug", from: "ALERT", to: "CRITICAL", since: at, at, watts: 24, conclusive: true };

const hear = (msg: Record<string, unknown>, startOn: StartOn = "critical"): ReturnType<typeof commandFrom> => commandFrom(msg, { at, startOn });
const commandOf = (msg: Record<string, unknown>, startOn?: StartOn): ShutdownCommand => {
    const heard = hear(msg, startOn);
    assert.ok("command" in heard, JSON.stringify(heard));
    return heard.command;
};
const decide = (msg: Record<string, unknown>, switches: Switches = armed, state: GateState = idle): Decision => decideRun(commandOf(msg), switches, state);
const real = (action: ShutdownCommand["action"] = "shutdown", stream = "plug"): Record<string, unknown> => ({ command: { action, reason: "test", at, stream, conclusive: true } });
const fake = (action: ShutdownCommand["action"] = "shutdown", stream = "plug"): Record<string, unknown> => ({ command: { action, reason: "test", at, stream, conclusive: true, simulated: true } });
const running = (mode: "live" | "rehearsal", { stream = "plug", joined = [] as string[], simulated = false, committed = false } = {}): GateState => {
    const streams = [stream, ...joined];
    return { running: { mode, streams: new Set(streams), simulated, committed }, ran: new Map(streams.map((one) => [one, mode])) };
};

describe("what a message says to the sequencer", () => {
    it("a transition to CRITICAL starts a shutdown and says why", () => {
        assert.deepEqual(commandOf({ transition: critical }), { action: "shutdown", reason: "plug CRITICAL at 24.0 W", at, stream: "plug", conclusive: true });
    });

    it("a jump from HEALTHY straight to DEAD is a shutdown too (S0 skipped it)", () => {
        assert.equal(commandOf({ transition: { ...critical, from: "HEALTHY", to: "DEAD" } }).action, "shutdown");
    });

    for (const [startOn, to, action] of [
        ["critical", "CRITICAL", "shutdown"], ["critical", "DEAD", "shutdown"], ["critical", "ALERT", undefined], ["critical", "WARNING", undefined], ["critical", "UNKNOWN", undefined],
        ["dead", "CRITICAL", undefined], ["dead", "DEAD", "shutdown"], ["never", "DEAD", undefined], ["never", "HEALTHY", "restored"], ["dead", "HEALTHY", "restored"],
    ] as const) {
        it(`starting on ${startOn}, ${to} is ${action ?? "nothing to do"}`, () => {
            const heard = hear({ transition: { ...critical, to } }, startOn);
            assert.equal("command" in heard ? heard.command.action : undefined, action);
            assert.ok(!("error" in heard));
        });
    }

    describe("a state that comes with a reading", () => {
        const power = (state: string, more: object = {}, reading: object = {}): Record<string, unknown> =>
            ({ payload: 24, power: { state, since: at, conclusive: true, ...more, reading: { device: "plug", source: "kasa", at, quality: "good", watts: 24, ...reading } } });
        for (const [state, action] of [["CRITICAL", "shutdown"], ["DEAD", "shutdown"], ["ALERT", undefined], ["WARNING", undefined], ["UNKNOWN", undefined], ["HEALTHY", "restored"]] as const) {
            it(`${state} is ${action ?? "nothing to do"}, and is no news`, () => {
                const heard = hear(power(state));
                assert.deepEqual("command" in heard ? [heard.command.action, heard.level] : ["ignored" in heard], action === undefined ? [true] : [action, true]);
            });
        }
        it("says the same of it as a transition", () => assert.deepEqual(commandOf(power("CRITICAL")), commandOf({ transition: critical })));
        it("is inconclusive when the classifier says so", () => assert.equal(commandOf(power("CRITICAL", { conclusive: false })).conclusive, false));
        it("is simulated when its reading is", () => assert.equal(commandOf(power("CRITICAL", {}, { simulated: true })).simulated, true));
        it("starts nothing when the reading is missing or stale: the state is then an old one", () => {
            for (const quality of ["missing", "stale", undefined]) assert.ok("ignored" in hear(power("CRITICAL", {}, { quality })));
        });
        for (const [shown, action] of [["HEALTHY", undefined], ["ALERT", undefined], ["CRITICAL", "shutdown"]] as const) {
            it(`a machine stays up where DEAD was saved in an outage of before and the first reading since then shows ${shown}: ${action ?? "nothing to do"}`, () => {
                const heard = hear(power("DEAD", { confirming: { state: shown, seen: 1, needed: 2 } }, { watts: 400 }));
                assert.equal("command" in heard ? heard.command.action : undefined, action);
            });
        }
        it("stands behind a transition in the same message", () => assert.equal((hear({ ...power("HEALTHY"), transition: critical }) as { level?: true }).level, undefined));

        const level = (msg: Record<string, unknown>, state: GateState = idle): Decision => decideRun(commandOf(msg), armed, state, true);
        it("starts a shutdown that no transition has started", () => assert.equal(level(power("CRITICAL")).act, "run"));
        for (const mode of ["live", "rehearsal"] as const) {
            it(`starts nothing in an outage that has led to a run (${mode}), whatever the switches say now`, () => assert.equal(level(power("CRITICAL"), { ran: new Map([["plug", mode]]) }).act, "ignore"));
        }
        it("re-arms when the outage is over", () => assert.equal(level(power("HEALTHY"), { ran: new Map([["plug", "live"]]) }).act, "rearm"));
        it("ends no run under way: another decider may have begun it", () => assert.equal(level(power("HEALTHY"), running("live")).act, "ignore"));
    });

    describe("a verdict that comes with a reading", () => {
        const verdict = (decision: string, supply: string, more: object = {}): Record<string, unknown> =>
            ({ payload: "ups1: ...", verdict: { device: "ups1", stream: "ups1", at, supply, health: "critical", decision, findings: [], text: "ups1: charge 18 % is below 20 %", ...more } });
        for (const [decision, supply, action] of [["shutdown", "battery", "shutdown"], ["shutdown", "mains", "shutdown"], ["none", "mains", "restored"], ["none", "battery", undefined], ["none", "unknown", undefined], ["none", "off", undefined]] as const) {
            it(`${decision} on ${supply} is ${action ?? "nothing to do"}, and is no news`, () => {
                const heard = hear(verdict(decision, supply));
                assert.deepEqual("command" in heard ? [heard.command.action, heard.level] : ["ignored" in heard], action === undefined ? [true] : [action, true]);
            });
        }
        it("a decision that stands while power is seen again begins nothing: its run may have been given up, long ago", () => assert.ok("ignored" in hear(verdict("shutdown", "mains", { returning: true }))));
        it("says why, and is conclusive: a trigger decides nothing else", () => assert.deepEqual(commandOf(verdict("shutdown", "battery")), { action: "shutdown", reason: "ups1: charge 18 % is below 20 %", at, stream: "ups1", conclusive: true }));
        it("is simulated when it says so, or its reading does", () => {
            assert.equal(commandOf(verdict("shutdown", "battery", { simulated: true })).simulated, true);
            assert.equal(commandOf({ ...verdict("shutdown", "battery"), reading: { simulated: true } }).simulated, true);
        });
        it("stands behind the command in the same message", () => assert.equal((hear({ ...verdict("none", "mains"), command: { action: "shutdown", stream: "ups1", at, conclusive: true } }) as { level?: true }).level, undefined));
        it("without a stream is refused", () => assert.ok("error" in hear(verdict("shutdown", "battery", { stream: 1 }))));
    });

    for (const word of ["hold", "release"]) {
        it(`the word ${word} is for the run under way`, () => assert.deepEqual(hear({ payload: word }), { hold: word === "hold", simulated: false }));
    }

    describe("with the name of a host", () => {
        const byHand = (more: object = {}): ReturnType<typeof hear> => hear({ payload: "shutdown", host: "nas", ...more });
        it("rehearses that host alone", () => assert.deepEqual(byHand(), { only: "nas", command: { action: "shutdown", reason: "nas by hand", at, stream: manualStream, conclusive: false, simulated: true } }));
        it("really shuts it down when a person has typed its name once more", () => assert.deepEqual(byHand({ confirm: "nas" }), { only: "nas", command: { action: "shutdown", reason: "nas by hand", at, stream: handStream, conclusive: true } }));
        for (const confirm of ["app", "NAS", true, {}]) it(`refuses ${JSON.stringify(confirm)} in its place`, () => assert.match((byHand({ confirm }) as { error: string }).error, /msg\.confirm is not "nas"/));
        for (const host of [3, ["nas"], {}]) it(`refuses ${JSON.stringify(host)} for a host`, () => assert.ok("error" in byHand({ host })));
        for (const mark of [{ simulated: true }, { reading: { simulated: true } }]) it(`rehearses when ${JSON.stringify(mark)}, whatever was typed`, () => assert.equal((byHand({ confirm: "nas", ...mark }) as { command: ShutdownCommand }).command.simulated, true));
        it("is for the word alone: a trigger is for all hosts", () => assert.equal("only" in hear({ transition: critical, payload: "shutdown", host: "nas", confirm: "nas" }), false));
    });

    it("a missed poll is nothing to do", () => assert.ok("ignored" in hear({ missed: { device: "plug", failures: 5 }, payload: "UNKNOWN" })));

    for (const word of ["shutdown", "restored"]) {
        it(`the word ${word} is simulated`, () => assert.equal(commandOf({ payload: ` ${word.toUpperCase()} ` }).simulated, true));
    }
    it("the word cancel is not: a person must be able to stop a real run", () => assert.equal(commandOf({ payload: "cancel" }).simulated, undefined));

    for (const msg of [
        {}, { payload: 3 }, { payload: "reboot" }, { payload: "shutdown -h now" }, { payload: { action: "shutdown" } }, { payload: ["shutdown"] }, { command: "shutdown" }, { command: [] }, { command: 1 },
        { command: { action: "reboot", stream: "x" } }, { command: { action: "shutdown" } }, { command: { action: "shutdown", stream: " " } }, { command: { action: "shutdown", stream: "x", at: "now" } },
        { command: { action: "shutdown", stream: "x", reason: {} } }, { transition: {} }, { transition: "CRITICAL" }, { transition: { device: "x", to: "critical" } }, { transition: { to: "CRITICAL" } },
        { transition: { device: "x", to: "constructor" } }, { transition: [critical] }, { transition: { ...critical, at: NaN } },
    ]) {
        it(`refuses ${JSON.stringify(msg).slice(0, 70)}`, () => assert.ok("error" in hear(msg)));
    }

    it("refuses nothing by throwing, whatever comes", () => {
        fc.assert(fc.property(fc.dictionary(fc.constantFrom("command", "transition", "payload", "missed", "reading", "power", "simulated"), fc.anything()), (msg) => void hear(msg)));
    });
});

describe("a taint", () => {
    const marks = [true, "true", "false", 1, 0, "", {}, []];
    const places: ((mark: unknown) => Record<string, unknown>)[] = [
        (simulated) => ({ transition: { ...critical, simulated } }),
        (simulated) => ({ transition: critical, reading: { simulated } }),
        (simulated) => ({ transition: critical, power: { reading: { simulated } } }),
        (simulated) => ({ transition: critical, simulated }),
        (simulated) => ({ command: { action: "shutdown", stream: "plug", conclusive: true, simulated } }),
        (simulated) => ({ ...real(), reading: { simulated } }),
        (simulated) => ({ ...real(), depletion: { simulated } }),
    ];
    for (const [index, place] of places.entries()) {
        for (const mark of marks) {
            it(`of ${JSON.stringify(mark)} in place ${index + 1} can only rehearse`, () => {
                const decision = decide(place(mark));
                assert.deepEqual([decision.act, "mode" in decision && decision.mode], ["run", "rehearsal"]);
            });
        }
    }

    it("is carried by the name of a simulated stream", () => assert.equal(commandOf(real("shutdown", "plug (simulated)")).simulated, true));
    it("makes another stream, so that it touches nothing real", () => assert.equal(commandOf(fake()).stream, "plug (simulated)"));
});

describe("property: what leads to a real shutdown", () => {
    const sometimes = (...values: unknown[]): fc.Arbitrary<unknown> => fc.oneof(fc.constantFrom(...values), fc.anything());
    const part = fc.record({
        action: sometimes("shutdown"), stream: sometimes("plug"), device: sometimes("plug"), to: sometimes("CRITICAL", "DEAD"), reason: fc.string(), at: sometimes(at),
        conclusive: sometimes(true, true), simulated: sometimes(undefined, false, null, true), reading: sometimes(undefined),
    }, { requiredKeys: [] });
    const level = fc.record({
        state: sometimes("CRITICAL", "DEAD"), conclusive: sometimes(true, true), simulated: sometimes(undefined, false),
        reading: fc.record({ device: sometimes("plug"), quality: sometimes("good"), watts: sometimes(24), at: sometimes(at), simulated: sometimes(undefined, false, true) }, { requiredKeys: [] }),
    }, { requiredKeys: [] });
    const byName = fc.record({ payload: sometimes("shutdown"), host: sometimes("nas"), confirm: sometimes("nas", "apps", undefined), simulated: sometimes(undefined, false), reading: sometimes(undefined) }, { requiredKeys: ["payload", "host"] });
    const anything = fc.record({
        payload: sometimes("shutdown", "cancel", 3), command: fc.oneof(part, sometimes(undefined)), transition: fc.oneof(part, sometimes(undefined)),
        reading: fc.oneof(part, fc.constant(undefined)), simulated: sometimes(undefined, false), power: fc.oneof(level, sometimes(undefined)),
        host: sometimes("nas", undefined), confirm: sometimes("nas", "apps", undefined),
    }, { requiredKeys: [] });
    const message: fc.Arbitrary<Record<string, unknown>> = fc.oneof({ weight: 4, arbitrary: anything }, { weight: 1, arbitrary: byName });
    const switches: fc.Arbitrary<Switches> = fc.record({ dryRun: fc.boolean(), enabled: fc.boolean(), problems: fc.constantFrom([], ["wrong"]), unready: fc.constantFrom([], ["nas: no address"]) });

    it("is only an untainted, well-formed, conclusive shutdown, or a host whose name was typed twice, with both switches set and no problem", () => {
        let live = 0;
        let byHand = 0;
        fc.assert(fc.property(message, switches, (msg, set) => {
            const heard = hear(msg);
            if (!("command" in heard)) return;
            const decision = decideRun(heard.command, set, idle, heard.level, heard.only !== undefined);
            if (!("mode" in decision) || decision.mode !== "live") return;
            assert.equal(isTaintedMessage(msg), false);
            assert.equal(set.dryRun === false && set.enabled === true && set.problems.length === 0 && set.unready.length === 0, true);
            if (heard.only !== undefined) {
                byHand += 1;
                assert.deepEqual([heard.only, msg.payload, msg.confirm, msg.command ?? msg.transition ?? msg.power ?? undefined], [msg.host, "shutdown", msg.host, undefined]);
                return;
            }
            live += 1;
            const source = (msg.command ?? msg.transition ?? msg.power) as Record<string, unknown>;
            assert.equal(source.conclusive, true);
            assert.ok(source.action === "shutdown" || ["CRITICAL", "DEAD"].includes(String(source.to ?? source.state)));
        }), { numRuns: 20_000 });
        assert.ok(live > 0 && byHand > 0, `the property never saw a live run: ${live}, by hand: ${byHand}`);
    });
});

describe("S0's switches", () => {
    for (const [dryRun, enabled, act, outcome] of [
        [true, false, "run", "dry-run"],
        [true, true, "run", "dry-run"],
        [false, false, "tell", "not-enabled"],
        [false, true, "run", "completed"],
    ] as const) {
        it(`Dry run ${dryRun}, Shutdown enabled ${enabled}: ${outcome}`, () => {
            const decision = decide({ transition: critical }, { dryRun, enabled, problems: [], unready: [] });
            assert.deepEqual([decision.act, "outcome" in decision && decision.outcome], [act, outcome]);
        });
    }

    it("mean nothing while something is wrong: disarmed and loud", () => {
        const decision = decide({ transition: critical }, { ...armed, problems: ["the plan has no hosts"] });
        assert.deepEqual(decision, { act: "tell", mode: "rehearsal", outcome: "invalid", why: "the plan has no hosts" });
    });

    it("that are set with a host that cannot be reached are refused, loudly, but can be rehearsed", () => {
        const unready = ["nas: no pinned host key"];
        assert.deepEqual(decide(real(), { ...armed, unready }), { act: "tell", mode: "rehearsal", outcome: "invalid", why: "nas: no pinned host key" });
        assert.equal(decide(real(), { ...armed, dryRun: true, unready }).act, "run");
        assert.equal(decide(fake(), { ...armed, unready }).act, "run");
    });

    it("that are no booleans arm nothing", () => {
        const decision = decide(real(), { dryRun: "false", enabled: "true", problems: [], unready: [] } as unknown as Switches);
        assert.equal("mode" in decision && decision.mode, "rehearsal");
    });

    it("do not make an inconclusive transition real: the load may just be off", () => {
        const decision = decide({ transition: { ...critical, conclusive: false } });
        assert.equal(decision.act, "tell");
        assert.match(decision.why, /load may just be off/);
    });
});

describe("one run per outage", () => {
    const after = (mode: "live" | "rehearsal"): GateState => ({ ran: new Map([["plug", mode]]) });

    for (const [what, msg, switches, state, act] of [
        ["CRITICAL then DEAD in one outage is one run", { transition: { ...critical, to: "DEAD" } }, armed, after("live"), "ignore"],
        ["the same while it is under way", { transition: { ...critical, to: "DEAD" } }, armed, running("live"), "ignore"],
        ["CRITICAL then DEAD in one outage is one dry run", { transition: { ...critical, to: "DEAD" } }, { ...armed, dryRun: true }, after("rehearsal"), "ignore"],
        ["CRITICAL then DEAD says once that it is not enabled", { transition: { ...critical, to: "DEAD" } }, { ...armed, enabled: false }, after("rehearsal"), "ignore"],
        ["a dry run earlier in the outage does not stop the real one, once it is armed", real(), armed, after("rehearsal"), "run"],
        ["another stream has its own outage", real("shutdown", "ups"), armed, after("live"), "run"],
        ["another stream in the middle of a run joins it", real("shutdown", "ups"), armed, running("live"), "join"],
        ["a simulated outage is never the real one", real(), armed, { ran: new Map([["plug (simulated)", "live" as const]]) }, "run"],
        ["the word shutdown may be tried again and again", { payload: "shutdown" }, armed, { ran: new Map([["manual (simulated)", "rehearsal" as const]]) }, "run"],
        ["healthy power re-arms", real("restored"), armed, after("live"), "rearm"],
        ["healthy power of another stream does not", real("restored", "ups"), armed, after("live"), "ignore"],
        ["simulated healthy power does not", fake("restored"), armed, after("live"), "ignore"],
    ] as const) {
        it(what, () => assert.equal(decide(msg, switches, state).act, act));
    }
});

describe("while a run is under way", () => {
    for (const [what, msg, state, act] of [
        ["a simulated shutdown is ignored by a real run", fake(), running("live"), "ignore"],
        ["a rehearsal gives way to a real shutdown", real(), running("rehearsal", { stream: "x (simulated)", simulated: true }), "run"],
        ["a rehearsal on a real stream gives way to a real shutdown", real("shutdown", "ups"), running("rehearsal"), "run"],
        ["a rehearsal does not give way to another", fake(), running("rehearsal", { stream: "x (simulated)", simulated: true }), "ignore"],
        ["returning power ends it", real("restored"), running("live"), "cancel"],
        ["returning power of another stream does not", real("restored", "ups"), running("live"), "ignore"],
        ["returning power does not, while another stream that joined it has none", real("restored"), running("live", { joined: ["ups"] }), "rearm"],
        ["returning power of one that joined does not", real("restored", "ups"), running("live", { joined: ["ups"] }), "rearm"],
        ["returning power of the last one that needs it does", real("restored", "ups"), running("live", { stream: "ups" }), "cancel"],
        ["simulated healthy power does not end it", fake("restored"), running("live"), "ignore"],
        ["the word restored does not end a real one", { payload: "restored" }, running("live"), "ignore"],
        ["the word restored ends a simulated one", { payload: "restored" }, running("rehearsal", { stream: "x (simulated)", simulated: true }), "cancel"],
        ["after the final commands returning power only re-arms", real("restored"), running("live", { committed: true }), "rearm"],
        ["a person cancels it", { payload: "cancel" }, running("live"), "cancel"],
        ["after the final commands it is too late to cancel", { payload: "cancel" }, running("live", { committed: true }), "ignore"],
        ["a simulated cancel does not end a real one", fake("cancel"), running("live"), "ignore"],
        ["a cancel without a run is ignored", { payload: "cancel" }, idle, "ignore"],
    ] as const) {
        it(what, () => assert.equal(decide(msg, armed, state).act, act));
    }

    describe("of a host by hand", () => {
        const hand: ShutdownCommand = { action: "shutdown", reason: "nas by hand", at, stream: handStream, conclusive: true };
        const handRun = (more: Partial<NonNullable<GateState["running"]>> = {}): GateState => ({ ran: new Map(), running: { mode: "live", streams: new Set(), simulated: false, committed: false, byHand: true, ...more } });
        const outage: ShutdownCommand = { ...hand, reason: "ups1", stream: "ups1" };
        it("no second one begins", () => assert.equal(decideRun(hand, armed, handRun(), false, true).act, "ignore"));
        it("an outage joins it", () => assert.equal(decideRun(outage, armed, handRun()).act, "join"));
        it("an outage has a run of its own when the host has its final command already: the others can still be called off", () => {
            const decision = decideRun(outage, armed, handRun({ committed: true }));
            assert.deepEqual([decision.act, decision.act === "run" && decision.preempts], ["run", true]);
        });
        it("returning power of an outage that it does not answer ends nothing", () => assert.equal(decideRun({ ...outage, action: "restored" }, armed, handRun()).act, "ignore"));
        it("none begins in the run of an outage", () => assert.equal(decideRun(hand, armed, running("live"), false, true).act, "ignore"));
        it("it goes before a rehearsal", () => assert.equal(decideRun(hand, armed, running("rehearsal"), false, true).act, "run"));
        for (const [dryRun, enabled, act] of [[true, true, "run"], [true, false, "run"], [false, false, "tell"]] as const) {
            it(`with Dry run ${dryRun}, Shutdown enabled ${enabled}: nothing real`, () => {
                const decision = decideRun(hand, { ...armed, dryRun, enabled }, idle, false, true);
                assert.deepEqual([decision.act, "mode" in decision && decision.mode], [act, "rehearsal"]);
            });
        }
    });

    it("a cancelled outage stays dealt with, a returned power re-arms", () => {
        assert.deepEqual(decide({ payload: "cancel" }, armed, running("live")), { act: "cancel", why: "\"cancel\" by hand", rearm: false });
        assert.deepEqual(decide(real("restored"), armed, running("live")), { act: "cancel", why: "power is back (test)", rearm: true });
    });
});
