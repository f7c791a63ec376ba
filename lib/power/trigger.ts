import type { ShutdownCommand } from "./command";
import { evidenceOf, type Evidence } from "./evidence";
import { arrive } from "./order";
import { passUntil } from "./passing";
import { knownBefore, streamOf, type Reading } from "./reading";
import type { TriggerConfig } from "./trigger-config";
import type { TriggerInput, TriggerStep } from "./trigger-input";
import { rebased, remember } from "./trigger-memory";
import { ask, type Answer, type Asked } from "./trigger-rules";
import type { TriggerState } from "./trigger-state";
import { shutdownRules, type Finding, type Health, type ShutdownRule, type Supply, type Verdict, type VerdictChange } from "./verdict";
import { textOf } from "./verdict-text";
import { testimonyOf, type Testimony } from "./witness";

/**
 * Judges one reading of one stream: a pure function in event time, so the same readings give the same verdicts at any speed.
 * - The first rule that holds decides, once in an outage. The decision stands until mains is back for good, with neither
 *   FSD nor OFF any more; it survives a restart.
 * - No good reading on mains leads to a decision, whatever its numbers say, except FSD and a lasting OFF.
 * - A late reading changes nothing. Readings of one moment are judged each by what was known before that moment, and the
 *   worst of them counts, so their order makes no difference.
 */
export function decide(config: TriggerConfig, earlier: TriggerState | undefined, input: TriggerInput): TriggerStep {
    const { reading } = input;
    const before = knownBefore(earlier, reading);
    const step = before === undefined ? judge(config, undefined, input) : follow(config, before, input);
    // A tape that begins anew forgets a decision: whoever rehearsed because of it has to be told, in no verdict of this tape.
    if (before === undefined && earlier?.decided && !step.command) return { ...step, command: commandOf(step.verdict, "restored", "begins anew") };
    return step;
}

function follow(config: TriggerConfig, before: TriggerState, input: TriggerInput): TriggerStep {
    const { reading } = input;
    const { arrival, order } = arrive(before.order, reading.at);
    switch (arrival) {
        case "newer":
            return judge(config, before, input);
        case "restarted":
            return judge(config, rebased(before, reading.at - (before.paceMs ?? 0) - before.order.at), input);
        case "late":
            return unheeded({ ...before, order }, reading, `${Math.round((order.at - reading.at) / 100) / 10} s older than the newest reading: ignored`);
        case "same":
            return judgeAgain(config, before, input);
    }
}

/** So many different readings of one moment are compared. */
const mostAtOnce = 8;

/** Another reading of the newest moment. */
function judgeAgain(config: TriggerConfig, now: TriggerState, input: TriggerInput): TriggerStep {
    const { moment } = now;
    const text = JSON.stringify(input);
    if (moment === undefined || moment.inputs.length >= mostAtOnce || moment.inputs.some((other) => JSON.stringify(other) === text)) {
        return unheeded(now, input.reading, "a second reading of the same moment: nothing new");
    }
    const inputs = [...moment.inputs, input];
    const [worst] = inputs
        .map((each) => ({ ...judge(config, moment.before, each), order: `${badness(each)} ${JSON.stringify(each)}` }))
        .sort((a, b) => Number(b.verdict.decision === "shutdown") - Number(a.verdict.decision === "shutdown") || (a.order < b.order ? 1 : -1));
    if (worst === undefined) return unheeded(now, input.reading, "nothing new");
    const { state, verdict, command } = worst;
    const { change, ...rest } = verdict;
    const isNews = change !== undefined && !moment.changes.includes(change);
    const changes = isNews ? [...moment.changes, change] : moment.changes;
    return {
        state: { ...state, moment: { ...moment, inputs, changes } },
        verdict: isNews ? verdict : rest,
        ...(isNews && command && { command }),
    };
}

/** Which of two readings of one moment tells more of a danger: on battery before all else, and what could not be read last. */
function badness(input: TriggerInput): number {
    return ["blind", "silent", "mains", "sound", "excused", "doubtful", "failing", "battery"].indexOf(evidenceOf(input).standing);
}

/** A reading that changes nothing, as a verdict: the level holds. */
function unheeded(state: TriggerState, reading: Reading, why: string): TriggerStep {
    const base = { device: reading.device, stream: streamOf(reading), at: reading.at, supply: supplyOf(state, undefined), health: state.told?.health ?? "unknown" };
    return {
        state,
        verdict: {
            ...base,
            decision: state.decided ? "shutdown" : "none",
            ...(state.decided && { rule: state.decided.rule }),
            ...(state.known.on === "battery" && state.battery && { onBatterySeconds: state.battery.elapsedMs / 1000 }),
            findings: [],
            text: `${reading.device}: ${why}`,
            ...(reading.simulated && { simulated: true }),
        },
    };
}

/** Judges a reading that is newer than `before`. */
function judge(config: TriggerConfig, before: TriggerState | undefined, input: TriggerInput): TriggerStep {
    const { reading } = input;
    const evidence = evidenceOf(input);
    const passing = passUntil(reading.at, before, config.gapMs);
    const state = remember(config, before, input, evidence, passing, { at: reading.at });
    const asked: Asked = { config, input, evidence, passing, state, before };
    const testimony = config.agreement === "each" ? undefined : testimonyOf(config, reading.source, reading.at, input.witnesses);
    const findings = shutdownRules.map((rule): Finding => findingOf(rule, ask(rule, asked), testimony));

    if (state.forced && !evidence.forced && (evidence.standing === "mains" || evidence.standing === "battery" || evidence.standing === "excused")) delete state.forced;
    const ended = endOf(config, state, evidence, reading.at);
    const holding = findings.find((finding) => finding.outcome === "holds");
    let change: VerdictChange | undefined;
    if (ended) {
        change = ended;
        delete state.decided;
        delete state.battery;
    } else if (holding && !state.decided) {
        change = "shutdown";
        state.decided = { rule: holding.rule, at: reading.at };
    }
    if (evidence.forced && state.decided) state.forced = true;
    const health = healthOf(config, state, evidence);
    change ??= transferOf(before, state) ?? newsOf(before, health, findings);
    state.told = { health, outcomes: outcomesOf(findings) };
    state.moment = { ...(before && { before: withoutMoment(before) }), inputs: [input], changes: change === undefined ? [] : [change] };

    const facts = { ...(change && { change }), findings };
    const verdict: Verdict = {
        device: reading.device,
        stream: streamOf(reading),
        at: reading.at,
        supply: supplyOf(state, config),
        health,
        decision: state.decided ? "shutdown" : "none",
        ...(state.decided && { rule: state.decided.rule }),
        ...facts,
        ...(state.known.on === "battery" && state.battery && { onBatterySeconds: state.battery.elapsedMs / 1000 }),
        text: "",
        ...(reading.simulated && { simulated: true }),
    };
    verdict.text = textOf(config, state, reading, verdict);
    const command = change === "shutdown" || change === "restored" || change === "cancelled" ? commandOf(verdict, change === "shutdown" ? "shutdown" : "restored") : undefined;
    return { state, verdict, ...(command && { command }) };
}

/**
 * Where two kinds of source must agree, a rule that holds waits for the other one. FSD does not: it is an order, not a
 * measurement. Below the hard floor, and without any data, a second source that is lost too holds nothing up; one that sees mains does.
 */
function findingOf(rule: ShutdownRule, { floor, ...answer }: Answer, testimony: Testimony | undefined): Finding {
    const finding: Finding = { rule, ...answer };
    if (finding.outcome !== "holds" || testimony === undefined || testimony === "agree" || rule === "forced-shutdown") return finding;
    if (testimony === "silent" && (floor || rule === "failsafe")) return finding;
    return { ...finding, outcome: "waits", why: `${finding.why}; ${testimony === "contradict" ? "another source sees power" : "no second source has said so"}` };
}

/** How the outage, or what was decided in it, ends with this reading. */
function endOf(config: TriggerConfig, state: TriggerState, evidence: Evidence, at: number): "restored" | "cancelled" | undefined {
    if (state.battery === undefined && state.decided === undefined) return undefined;
    const back = (evidence.standing === "mains" || evidence.standing === "sound") && state.mainsSince !== undefined && at - state.mainsSince >= config.mainsStableMs;
    if (!back || evidence.forced || evidence.off) return undefined;
    return state.decided ? "restored" : "cancelled";
}

function supplyOf(state: TriggerState, config: TriggerConfig | undefined): Supply {
    if (config && (state.missed?.count ?? 0) >= config.missedPolls) return "unknown";
    if (state.off) return "off";
    return state.known.on === undefined ? "unknown" : state.known.on === "mains" ? "mains" : "battery";
}

function healthOf(config: TriggerConfig, state: TriggerState, { standing, excuse, off }: Evidence): Health {
    if (state.decided) return "critical";
    if (state.missed) return state.missed.count >= config.missedPolls || state.known.at === undefined ? "unknown" : "degraded";
    if (standing === "silent") return "unknown";
    return (standing === "mains" || standing === "sound") && state.battery === undefined && excuse === undefined && !off ? "healthy" : "degraded";
}

/** A transfer between mains and battery. That a stream begins on mains is no news; that it begins on battery is. */
function transferOf(before: TriggerState | undefined, { known, battery }: TriggerState): VerdictChange | undefined {
    if (known.on === before?.known.on) return undefined;
    if (known.on === "battery") return "on-battery";
    return known.on === "mains" && battery !== undefined ? "on-mains" : undefined;
}

function newsOf(before: TriggerState | undefined, health: Health, findings: readonly Finding[]): VerdictChange | undefined {
    const told = before?.told;
    return told === undefined || (told.health === health && told.outcomes === outcomesOf(findings)) ? undefined : "evidence";
}

/** The outcomes of all rules in their order, one letter each. */
function outcomesOf(findings: readonly Finding[]): string {
    return findings.map(({ outcome }) => outcome[0]).join("");
}

function withoutMoment(state: TriggerState): TriggerState {
    const { moment, ...rest } = state;
    return moment === undefined ? state : rest;
}

function commandOf({ at, stream, text, simulated }: Verdict, action: ShutdownCommand["action"], reason = text): ShutdownCommand {
    return { action, reason, at, stream, conclusive: true, ...(simulated && { simulated }) };
}
