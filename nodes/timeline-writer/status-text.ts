import type { TroubleKind } from "../../lib/kit/trouble";
import type { QueueState } from "../../lib/stores/timeline-queue";
import type { Mood } from "../shared/status";

const words: Partial<Record<TroubleKind, string>> = {
    refused: "connection refused", unreachable: "not reachable", timeout: "no answer", closed: "connection lost", auth: "login refused", busy: "server busy", disk: "disk refuses", config: "see the log",
};

/** The status of a writer: what its store is doing. @param lastStored wall time in ms at which rows were last stored */
export function statusOf({ away, waiting, dropped, disk, unsafe = 0 }: QueueState, lastStored: number | undefined): { mood: Mood; text: string } {
    if (away !== undefined) {
        const lost = dropped > 0 ? `, ${dropped} given up` : "";
        const mood = dropped > 0 ? "critical" : away.trouble.kind === "config" || away.trouble.kind === "auth" ? "error" : "stale";
        return { mood, text: `${waiting} waiting${lost}, ${words[away.trouble.kind] ?? "store away"}` };
    }
    if (disk !== undefined && unsafe > 0) return { mood: "warning", text: `${unsafe} only in memory, disk refuses` };
    if (waiting > 5000) return { mood: "working", text: `catching up, ${waiting} waiting` };
    return { mood: "ok", text: lastStored === undefined ? "ready" : `stored ${new Date(lastStored).toTimeString().slice(0, 5)}` };
}
