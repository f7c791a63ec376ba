import type { ShutdownCommand } from "./command";
import { evidenceOf, type Evidence } from "./evidence";
import { arrive } from "./order";
import { passUntil } from "./passing";
import { knownBefore, streamOf, type Reading } from "./reading";
import type { TriggerConfig } from "./trigger-config";
import type { TriggerInput, TriggerStep } from "./trigger-input";
import { knowsTestStuck, rebased, remember } from "./trigger-memory";
import { ask, type Answer, type Asked } from "./trigger-rules";
import type { TriggerState } from "./trigger-state";
import { shutdownRules, type Finding, type Health, type ShutdownRule, type Supply, type Verdict, type VerdictChange } from "./verdict";
import { textOf } from "./verdict-text";
import { notesOf } from "./verdict-notes";
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
            return judge(config, rebased(before, reading.at - (before.paceMs ?? 0) - before.order.at), input, before.order.at - reading.at);
        case "late":
            return unheeded(config, { ...before, order }, reading, `${Math.round((order.at - reading.at) / 100) / 10} s older than the newest reading: ignored`);
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
        return unheeded(config, now, input.reading, "a second reading of the same moment: nothing new");
    }
    const inputs = [...moment.inputs, input];
    const [worst] = inputs
        .map((each) => ({ ...judge(config, moment.before, each), order: `${badness(each)} ${JSON.stringify(each)}` }))
        .sort((a, b) => Number(b.verdict.decision === "shutdown") - Number(a.verdict.decision === "shutdown") || (a.order < b.order ? 1 : -1));
    if (worst === undefined) return unheeded(config, now, input.reading, "nothing new");
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
function unheeded(config: TriggerConfig, state: TriggerState, reading: Reading, why: string): TriggerStep {
    const base = { device: reading.device, stream: streamOf(reading), at: reading.at, supply: supplyOf(config, state), health: state.told?.health ?? "unknown" };
    return {
        state,
        verdict: {
            ...base,
            decision: state.decided ? "shutdown" : "none",
            ...(state.decided && { rule: state.decided.rule }),
            ...(isReturning(state) && { returning: true as const }),
            ...(state.known.on === "battery" && state.battery && { onBatterySeconds: state.battery.elapsedMs / 1000 }),
            findings: [],
            text: `${reading.device}: ${why}`,
            ...(reading.simulated && { simulated: true }),
        },
    };
}

/** Judges a reading that is newer than `before`. `setBackMs`: by so much the source's clock was set back in between. */
function judge(config: TriggerConfig, before: TriggerState | undefined, input: TriggerInput, setBackMs?: number): TriggerStep {
    const { reading } = input;
    const evidence = evidenceOf(input, knowsTestStuck(before));
    const passing = passUntil(reading.at, before, config.gapMs);
    const state = remember(config, before, input, evidence, passing, { at: reading.at });
    const testimony = config.agreement === "each" ? undefined : testimonyOf(config, reading.source, reading.at, input.witnesses);
    const asked: Asked = { config, input, evidence, passing, state, before, testimony };
    const findings = shutdownRules.map((rule): Finding => findingOf(rule, ask(rule, asked), testimony));
    const health = conclude(config, state, evidence, findings, reading.at);
    const change = changeOf(before, state, health, findings);
    const unready = change === "not-ready" || (change !== "ready" && before?.told?.unready);
    state.told = { health, outcomes: outcomesOf(findings), ...(unready && { unready }) };
    state.moment = { ...(before && { before: withoutMoment(before) }), inputs: [input], changes: change === undefined ? [] : [change] };

    const notes = notesOf(asked, setBackMs);
    const facts: Omit<Verdict, "text"> = {
        device: reading.device,
        stream: streamOf(reading),
        at: reading.at,
        supply: supplyOf(config, state),
        health,
        decision: state.decided ? "shutdown" : "none",
        ...(state.decided && { rule: state.decided.rule }),
        ...((isReturning(state) || showsBetter(state, evidence, findings)) && { returning: true as const }),
        ...(change && { change }),
        ...(state.known.on === "battery" && state.battery && { onBatterySeconds: state.battery.elapsedMs / 1000 }),
        findings,
        ...(notes.length > 0 && { notes }),
        ...(reading.simulated && { simulated: true }),
    };
    const verdict: Verdict = { ...facts, text: textOf(config, state, reading, facts) };
    const command = change === "shutdown" ? commandOf(verdict, "shutdown") : change === "restored" || change === "cancelled" ? { ...commandOf(verdict, "restored"), stableSeconds: config.mainsStableMs / 1000 } : undefined;
    return { state, verdict, ...(command && { command }) };
}

/** What follows for the decision that stands, in `state`, and how the source stands then. */
function conclude(config: TriggerConfig, state: TriggerState, evidence: Evidence, findings: readonly Finding[], at: number): Health {
    const { standing, forced } = evidence;
    if (state.forced && !forced && (standing === "mains" || standing === "battery" || standing === "excused")) delete state.forced;
    if (isOver(config, state, evidence, at)) {
        delete state.decided;
        delete state.battery;
    } else {
        const holding = findings.find((finding) => finding.outcome === "holds");
        if (holding && !state.decided) state.decided = { rule: holding.rule, at };
    }
    if (forced && state.decided) state.forced = true;
    return healthOf(config, state, evidence);
}

/**
 * Where two kinds of source must agree, a rule that holds waits for the other one. FSD does not: it is an order, not a
 * measurement. Below the hard floor, and without any data, a second source that is lost too holds nothing up; one that sees mains does.
 */
function findingOf(rule: ShutdownRule, { floor, overdue: _overdue, ...answer }: Answer, testimony: Testimony | undefined): Finding {
    const finding: Finding = { rule, ...answer };
    if (finding.outcome !== "holds" || testimony === undefined || testimony === "agree" || rule === "forced-shutdown") return finding;
    if (testimony === "silent" && (floor || rule === "failsafe")) return finding;
    return { ...finding, outcome: "waits", why: `${finding.why}; ${testimony === "contradict" ? "another source sees power" : "no second source has said so"}` };
}

/** Whether mains, and all else that stood against it, is back for good. */
function isOver(config: TriggerConfig, { mainsSince }: TriggerState, { standing, forced, off }: Evidence, at: number): boolean {
    return (standing === "mains" || standing === "sound") && mainsSince !== undefined && at - mainsSince >= config.mainsStableMs && !forced && !off;
}

/** Whether mains is back, but not for good yet, after a decision. */
function isReturning({ decided, forced, mainsSince }: TriggerState): boolean {
    return decided !== undefined && !forced && mainsSince !== undefined;
}

/** Whether a decision by watts alone stands while they prove it no more. */
function showsBetter({ decided, forced }: TriggerState, { standing }: Evidence, findings: readonly Finding[]): boolean {
    if (decided?.rule !== "power-state" || forced || (standing !== "doubtful" && standing !== "failing")) return false;
    return findings.some(({ rule, outcome }) => rule === "power-state" && outcome === "no");
}

function supplyOf(config: TriggerConfig, state: TriggerState): Supply {
    if ((state.missed?.count ?? 0) >= config.missedPolls) return "unknown";
    if (state.off) return "off";
    return state.known.on === undefined || state.known.bypassed ? "unknown" : state.known.on === "mains" ? "mains" : "battery";
}

function healthOf(config: TriggerConfig, state: TriggerState, { standing, excuse, off }: Evidence): Health {
    if (state.decided) return "critical";
    if (state.missed) return state.missed.count >= config.missedPolls || state.known.at === undefined ? "unknown" : "degraded";
    if (standing === "silent") return "unknown";
    return (standing === "mains" || standing === "sound") && state.battery === undefined && excuse === undefined && !off ? "healthy" : "degraded";
}

/** What is new. That a stream begins on mains is no news; that it begins on battery is. */
function changeOf(before: TriggerState | undefined, state: TriggerState, health: Health, findings: readonly Finding[]): VerdictChange | undefined {
    if (state.decided && !before?.decided) return "shutdown";
    if (before?.decided && !state.decided) return "restored";
    if (before?.battery && !state.battery) return "cancelled";
    if (state.known.on !== before?.known.on) {
        if (state.known.on === "battery") return "on-battery";
        if (state.known.on === "mains" && state.battery) return "on-mains";
    }
    const told = before?.told;
    if (state.readiness?.unready !== undefined && !told?.unready) return "not-ready";
    if (state.readiness !== undefined && state.readiness.unready === undefined && told?.unready) return "ready";
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
