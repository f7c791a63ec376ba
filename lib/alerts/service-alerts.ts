import { formatDuration } from "../kit/duration";
import { isBelievable, type Alert } from "./alert";

/** What an earlier process left behind of itself. Wall times in ms. */
export interface LastLife {
    version: string;
    /** When it was last known to live. */
    seenAt: number;
    /** When it ended properly; absent when it was killed, crashed, or the power went. */
    stoppedAt?: number;
}

/** Up to here in ms a service that was stopped was restarted, and not away. */
const restartMs = 60_000;

/**
 * The one message of a start. A stop is told by the start that follows: a process that ends can't know which one it is.
 * @param now wall time in ms @param at event time in ms
 */
export function startAlert(last: LastLife, version: string, now: number, at: number): Alert {
    const { stoppedAt, seenAt } = last;
    const since = stoppedAt ?? seenAt;
    // A machine without a clock of its own may not know yet how late it is.
    const awayMs = isBelievable(since) && now >= since ? now - since : undefined;
    const away = awayMs === undefined ? "" : formatDuration(Math.round(awayMs / 1000) * 1000);
    const crashed = stoppedAt === undefined;
    const upgraded = last.version === version ? "" : `, upgraded ${last.version} -> ${version}`;
    const how = crashed
        ? `started after a crash, a kill or a power cut${away === "" ? "" : `, last seen ${away} ago`}`
        : awayMs !== undefined && awayMs > restartMs ? `started, had been stopped for ${away}` : `restarted${away === "" ? "" : ` after ${away}`}`;
    return {
        severity: crashed ? "warning" : "info", symbol: crashed ? "⚠️" : "ℹ️", title: "Ridethrough", detail: how + upgraded,
        // Named by the life that is over: the next restart, word for word the same, is no repeat of this one.
        text: awayMs !== undefined && awayMs > restartMs ? "Nothing was watched in the meantime." : "", at, key: `service/${Math.round(since)}`,
    };
}

/** A foreign value as what a process left behind. */
export function parseLife(value: unknown): (Omit<LastLife, "seenAt"> & { process: string }) | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const { process, version, stoppedAt } = value as Record<string, unknown>;
    if (typeof process !== "string" || typeof version !== "string" || !(stoppedAt === undefined || Number.isFinite(stoppedAt))) return undefined;
    return { process, version: version.slice(0, 40), ...(typeof stoppedAt === "number" && { stoppedAt }) };
}
