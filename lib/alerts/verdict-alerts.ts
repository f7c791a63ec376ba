import type { Quorum, QuorumChange } from "../power/quorum";
import type { Verdict, VerdictChange } from "../power/verdict";
import type { Alert, Told } from "./alert";

type Words = Omit<Told, "text">;

const well = { severity: "info", symbol: "✅", good: true } as const;
const warning = { severity: "warning", symbol: "⚠️" } as const;
const alarm = { severity: "critical", symbol: "🔴" } as const;

/** What of a trigger's verdicts is news for people; transfers and evidence are not: the UPS's own events tell them. */
const verdicts: Partial<Record<VerdictChange, Words>> = {
    shutdown: { ...alarm, title: "SHUTDOWN DECIDED" },
    restored: { ...well, title: "SHUTDOWN OVER, POWER IS BACK" },
    cancelled: { ...well, title: "OUTAGE OVER", detail: "nothing had to be shut down" },
    "not-ready": { ...warning, title: "NOT READY FOR AN OUTAGE" },
    ready: { ...well, title: "READY FOR AN OUTAGE AGAIN" },
};

const quorums: Partial<Record<QuorumChange, Words>> = {
    lost: { ...alarm, title: "QUORUM LOST" },
    restored: { ...well, title: "QUORUM RESTORED" },
    blind: { ...warning, title: "QUORUM UNKNOWN" },
    degraded: { ...warning, title: "REDUNDANCY DEGRADED" },
    recovered: { ...well, title: "REDUNDANCY RECOVERED" },
};

/** The alert of a trigger's verdict; undefined when it has nothing new for people. */
export function verdictAlert({ stream, device, at, change, text, simulated }: Verdict): Alert | undefined {
    const words = change !== undefined && Object.hasOwn(verdicts, change) ? verdicts[change] : undefined;
    return words && { detail: device, ...words, text, at, key: `${change === "ready" || change === "not-ready" ? "ready" : "verdict"}/${stream}`, ...(simulated && { simulated }) };
}

/** The alert of a group of sources; undefined when it has nothing new for people. */
export function quorumAlert({ stream, group, at, change, text, simulated }: Quorum): Alert | undefined {
    const words = change !== undefined && Object.hasOwn(quorums, change) ? quorums[change] : undefined;
    return words && { detail: group, ...words, text, at, key: `quorum/${stream}`, ...(simulated && { simulated }) };
}

/** Whether a foreign value is a verdict, as far as it is told. */
export function isVerdict(value: unknown): value is Verdict {
    return isReport(value, "device");
}

/** Whether a foreign value is a group's standing, as far as it is told. */
export function isQuorum(value: unknown): value is Quorum {
    return isReport(value, "group");
}

function isReport(value: unknown, name: "device" | "group"): boolean {
    if (typeof value !== "object" || value === null) return false;
    const raw = value as Record<string, unknown>;
    return [raw[name], raw.stream, raw.text].every((text) => typeof text === "string") && Number.isFinite(raw.at) && (raw.change === undefined || typeof raw.change === "string");
}
