import type { Clock } from "../kit/clock";
import { withDeadline } from "../kit/deadline";
import { toTrouble, Trouble } from "../kit/trouble";
import { looked } from "./actions/probe";
import { wordsOf } from "./commands";
import { kitRefusal, mayRun, textsOf } from "./kit-question";
import type { PlanHost, PlanStep } from "./plan";
import { loginTimeoutMs } from "./steps";
import type { CommandEnd, HostAccess, Transport } from "./transport";

/** One thing that a drill has tried. */
export interface DrillCheck {
    /** "log in", or the step that it is about: "stop postgresql". */
    what: string;
    ok: boolean;
    ms: number;
    /** Cause and cure, when it failed. */
    error?: string;
}

/** What a drill of one host has shown. */
export interface HostDrill {
    host: string;
    ok: boolean;
    /** Event time in ms of its begin. */
    at: number;
    ms: number;
    checks: DrillCheck[];
    /** Fingerprint of the key by which the host has proved itself, where it is known. */
    hostKey?: string;
    /** Whether our key can run nothing but what the host lists for it; absent where that was not found out. */
    confined?: boolean;
}

export interface DrillIo {
    clock: Clock;
    /** Ends the drill early: it then shows nothing. */
    signal?: AbortSignal;
    /** Longest time for the whole host, ms. Default one minute. */
    mostMs?: number;
}

/** Longest time for one probe, ms: sudo may have to ask a directory server. */
const probeTimeoutMs = 10_000;
const defaultMostMs = 60_000;

/**
 * Finds out whether every step of a host would work, and changes nothing there: logs in, then asks sudo about the exact
 * command of each step and looks for its programs, as the step's action says. Where a key is said to be confined, it also
 * makes sure that another command is refused; where it is, that the forced command knows the plan's steps as they are.
 * @throws Trouble of kind "stopped" when `signal` ends it; everything else is a check that failed
 */
export async function drillHost(host: PlanHost, access: () => HostAccess, { clock, signal, mostMs = defaultMostMs }: DrillIo): Promise<HostDrill> {
    const [at, began] = [clock.now(), clock.monotonic()];
    const checks: DrillCheck[] = [];
    const found: Pick<HostDrill, "hostKey" | "confined"> = {};
    let transport: Transport | undefined;
    let its: HostAccess | undefined;

    /** Tries something within the time that is left. `reach`: the connection may have been lost by what came before. */
    const check = async (what: string, ms: number, work: (transport: Transport) => Promise<string | undefined>): Promise<boolean> => {
        const started = clock.monotonic();
        const left = mostMs - (started - began);
        const error = left <= 0 ? `not tried: the drill of this host took longer than ${mostMs / 1000} s` : await withDeadline({ ms: Math.min(ms, left), subject: `host ${host.name}`, clock, ...(signal && { signal }) }, async () => {
            its ??= access();
            transport ??= its.open();
            await transport.connect();
            return work(transport);
        }).catch((cause: unknown) => {
            if (signal?.aborted) throw new Trouble("stopped", `host ${host.name}: the drill was stopped`);
            return toTrouble(cause, "").message.replace(`host ${host.name}: `, "");
        });
        checks.push({ what, ok: error === undefined, ms: Math.round(clock.monotonic() - started), ...(error !== undefined && { error }) });
        return error === undefined;
    };

    try {
        const reached = await check("log in", loginTimeoutMs + 250, () => Promise.resolve(undefined));
        const { root = false, hostKey, confined: must } = its ?? {};
        if (reached && hostKey !== undefined) found.hostKey = hostKey;
        if (reached && !host.local) {
            await check("refuse other commands", probeTimeoutMs + 250, async (open) => {
                found.confined = !(await runsId(open));
                return must && !found.confined ? "this key may run any command there: its line in authorized_keys has lost the forced command" : undefined;
            });
            // Nobody asked for it: then it is only noted.
            if (!must) checks.pop();
        }
        for (const step of reached ? [...host.steps, ...(host.final === undefined ? [] : [host.final])] : []) {
            await check(step.action.label(step.params), 3 * probeTimeoutMs, async (open) => {
                const kept = found.confined === true ? await kitProblem(open, step, root, must === true) : undefined;
                return kept ?? probeProblem(await probe(open, step, root), step, root);
            });
        }
    } finally {
        transport?.close();
    }
    return { host: host.name, ok: checks.every(({ ok }) => ok), at, ms: Math.round(clock.monotonic() - began), checks, ...found };
}

async function probe(transport: Transport, { action, params, timeoutMs }: PlanStep, root: boolean): Promise<CommandEnd & { looked: boolean }> {
    const { end, said } = await heard(transport, wordsOf(action.probe(params, { root, timeoutS: timeoutMs / 1000 })));
    return { ...end, looked: said.includes(looked) };
}

/** Runs a command, and keeps what it says: that may come behind the exit status. */
async function heard(transport: Transport, argv: readonly string[]): Promise<{ end: CommandEnd; said: string }> {
    let said = "";
    const take = (chunk: Buffer): boolean => {
        said = `${said}${chunk.toString("latin1")}`.slice(-10_000);
        return true;
    };
    const end = await transport.run(argv, probeTimeoutMs, { stdout: take, stderr: () => true });
    return { end, said: `${said}\n${end.output}` };
}

/** Whether a forced command of ours knows the step as it is now, and its way back. @param sure the host is said to have one */
async function kitProblem(transport: Transport, step: PlanStep, root: boolean, sure: boolean): Promise<string | undefined> {
    const { program, undo, insist } = textsOf(step, root);
    for (const text of [program, ...(insist === undefined ? [] : [insist]), ...(undo === undefined ? [] : [undo.text])]) {
        const end = await transport.run(mayRun(text), probeTimeoutMs);
        if (end.end === "exit" && (end.code === 0 || !(sure || end.output === kitRefusal))) continue;
        return "the host's forced command does not know this step as it is now: make it anew from the plan";
    }
    return undefined;
}

/** Whether a command is carried out that no plan has. */
async function runsId(transport: Transport): Promise<boolean> {
    const { end, said } = await heard(transport, ["id"]);
    return end.end === "exit" && end.code === 0 && /\buid=\d/.test(said);
}

/** Why a step would not work, with its cure; undefined when it would. */
function probeProblem(end: CommandEnd & { looked: boolean }, { action, params }: PlanStep, root: boolean): string | undefined {
    if (end.end === "exit" && end.code === 0) return end.looked ? undefined : "the host says that all is well, and has not run what it was told: give the account an ordinary login shell, /bin/sh";
    if (end.end === "lost") return `the connection was lost${end.why === undefined ? "" : ` (${end.why})`}`;
    if (end.end === "signal") return `ended by signal ${end.signal}`;
    const silent = end.output === "";
    const needed = root ? [] : action.privileged(params).map((words) => words.join(" "));
    if (needed.length === 0 || !(silent || /sudo|password|not allowed/i.test(end.output))) return silent ? `exit status ${end.code}` : end.output;
    // What the probe says may be cut, or nothing at all: sudo says no by its exit status alone.
    const listed = `${needed.slice(0, 3).join(", ")}${needed.length > 3 ? ` and ${needed.length - 3} more` : ""}`;
    return `${silent ? "sudo does not allow it" : end.output}: allow without a password in sudoers there: ${listed}`;
}
