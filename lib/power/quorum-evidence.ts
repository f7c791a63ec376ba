import { isTainted } from "./command";
import { powerStates, type KnownPowerState } from "./power-state";
import type { MemberEvidence, Word } from "./quorum-member";
import { memberName, type GroupMember } from "./quorum";
import { parseReading, type Reading } from "./reading";
import { healths, type Finding, type Health, type Supply } from "./verdict";

/** What a message says of a member of a group; `stranger`: it speaks of none of them. */
export type Heard = { evidence: MemberEvidence; begins?: true } | { stranger: string } | { error: string };

interface Message {
    topic?: unknown;
    reading?: unknown;
    power?: unknown;
    verdict?: unknown;
    command?: unknown;
    simulated?: unknown;
}

type Fields = Record<string, unknown>;

/** What is said, of which device, and whether it was made up. */
interface Said extends Word {
    device: string;
}

/**
 * What a message says of a member: `msg.verdict` of a trigger, else `msg.power` of a classifier, else a plain `msg.reading`.
 * The member is found by the device, else by the topic.
 * @param now event time in ms for a message that brings none; nothing real was measured after it
 * @param newest the newest event time of the fakes, for one that brings no time: they may run ahead of the clock
 */
export function evidenceFrom(msg: Message, members: readonly GroupMember[], now: number, newest: number | undefined): Heard {
    const simulated = isFake(msg);
    const parsed = msg.reading === undefined || msg.reading === null ? undefined : parseReading(msg.reading, simulated && newest !== undefined ? Math.max(now, newest) : now);
    if (parsed !== undefined && "error" in parsed) return parsed;
    const reading = parsed?.reading;
    const said = sayingOf(msg, reading);
    if ("error" in said) return said;
    const { device, ...word } = said;
    const names = [device, typeof msg.topic === "string" ? msg.topic : ""].map(memberName);
    const member = names.find((name) => members.some((each) => each.name === name));
    if (member === undefined) return { stranger: names[0] ?? device };
    // A reading from the future would make all others look old.
    const at = simulated ? word.at : Math.min(word.at, now);
    return { evidence: { member, ...word, at, ...(simulated && { simulated }) }, ...(simulated && reading?.begins && { begins: true }) };
}

function sayingOf({ verdict, power }: Message, reading: Reading | undefined): Said | { error: string } {
    if (isObject(verdict)) return byVerdict(verdict, reading);
    if (isObject(power)) return byPower(power, reading);
    if (reading !== undefined) return { device: reading.device, ...byReading(reading) };
    return { error: "expected msg.verdict, msg.power or msg.reading of a member; a bare number says nothing of mains, put a power-classifier before this node" };
}

/** A trigger's decision is conclusive, and holds until mains is back for good: it counts as critical for so long. */
function byVerdict({ device, at, health, supply, decision, returning, rule, findings, text }: Fields, reading: Reading | undefined): Said | { error: string } {
    if (typeof device !== "string" || device.trim() === "") return { error: "msg.verdict.device is not a name" };
    if (typeof at !== "number" || !Number.isFinite(at)) return { error: "msg.verdict.at is not a time in ms" };
    const told = healths.find((name) => name === health);
    if (told === undefined) return { error: `msg.verdict.health is not ${healths.join(", ")}` };
    const word = { device, at, rank: 2 } as const;
    const line = typeof text === "string" ? text.replace(`${device}: `, "") : "";
    const fed: Supply = supply === "mains" || supply === "battery" || supply === "off" ? supply : "unknown";
    if (decision === "shutdown") {
        const found = (Array.isArray(findings) ? (findings as (Partial<Finding> | null)[]) : []).find((finding) => finding?.rule === rule && finding?.outcome === "holds");
        return { ...word, health: "critical", supply: fed, conclusive: true, ...(returning === true && { returning }), why: typeof found?.why === "string" ? found.why : line };
    }
    // What a trigger says with a poll that failed is what it knew before: how long that lasts is for the group to say.
    if (told === "unknown" || (reading !== undefined && reading.quality !== "good")) return { ...word, health: "unknown", supply: "unknown", conclusive: false, why: line };
    if (reading !== undefined && isTest(reading)) return { ...word, ...testing };
    return { ...word, health: told, supply: fed, conclusive: fed === "battery" || fed === "off", why: feeds[fed] || line };
}

/** Watts that fall are critical only where they prove something: the load may just have been switched off. */
function byPower({ state, conclusive, reading: own }: Fields, sent: Reading | undefined): Said | { error: string } {
    const known = [...powerStates, "UNKNOWN" as const].find((name) => name === state);
    if (known === undefined) return { error: "msg.power.state is no power state" };
    const parsed = sent === undefined ? parseReading(own, NaN) : { reading: sent };
    if ("error" in parsed) return parsed;
    const { reading } = parsed;
    if (!Number.isFinite(reading.at)) return { error: "msg.power.reading.at is not a time in ms" };
    const { device, at } = reading;
    const plain = byReading(reading);
    // The classifier keeps its state over lost polls; that it was asked again tells nothing new of the source. A UPS that tells no watts knows of mains all the same.
    if (reading.quality !== "good" || plain.forced || known === "UNKNOWN") return { device, ...plain, rank: 1 };
    const watts = reading.watts === undefined ? "" : ` at ${reading.watts.toFixed(1)} W`;
    const word = { device, at, supply: supplyOf(reading), rank: 1 } as const;
    // However much it gives, on battery it is not well.
    if (known === "HEALTHY" && word.supply === "battery") return { ...word, health: "degraded", conclusive: plain.conclusive, why: `on battery, ${known}${watts}` };
    return { ...word, health: healthOf(known, conclusive === true), conclusive: conclusive === true, why: `${known}${watts}` };
}

function healthOf(state: KnownPowerState, proven: boolean): Health {
    if (state === "HEALTHY") return "healthy";
    return proven && (state === "CRITICAL" || state === "DEAD") ? "critical" : "degraded";
}

/** FSD is the order of the UPS's primary to shut down now (NUT). */
function byReading(reading: Reading): Word {
    const word = { at: reading.at, rank: 0 } as const;
    if (reading.quality !== "good") return { ...word, health: "unknown", supply: "unknown", conclusive: false, why: reading.error ?? `the reading is ${reading.quality}` };
    const supply = supplyOf(reading);
    if (reading.flags?.includes("FSD")) return { ...word, health: "critical", supply, conclusive: true, forced: true, why: "forced shutdown (FSD)" };
    if (isTest(reading)) return { ...word, ...testing };
    if (supply === "unknown") return { ...word, health: "unknown", supply, conclusive: false, why: "the reading says nothing of mains" };
    return { ...word, health: supply === "mains" ? "healthy" : "degraded", supply, conclusive: supply === "battery", why: feeds[supply] };
}

/** A self-test, or a calibration (NUT's CAL), runs on battery on purpose: it is no outage. */
function isTest({ testing: tests, flags }: Reading): boolean {
    return tests === true || flags?.includes("CAL") === true;
}
const testing = { health: "healthy", supply: "mains", conclusive: false, why: "tests its battery" } as const;

const feeds = { mains: "on mains", battery: "on battery", off: "its output is off", unknown: "" } as const satisfies Record<Supply, string>;

function supplyOf(reading: Reading): Supply {
    if (reading.mains === "present" || isTest(reading)) return "mains";
    return reading.mains === "absent" ? "battery" : "unknown";
}

/** Whether anything that the message says is made up. */
function isFake(msg: Message): boolean {
    const parts = [msg, msg.reading, msg.power, (msg.power as Fields | undefined)?.reading, msg.verdict, msg.command];
    return parts.some((part) => isObject(part) && isTainted((part as Fields).simulated));
}

function isObject(value: unknown): value is Fields {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
