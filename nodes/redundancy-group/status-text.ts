import type { Quorum, QuorumConfig } from "../../lib/power/quorum";
import { countText } from "../../lib/power/quorum-text";
import type { Mood } from "../shared/status";

/** The status of a group: "2/2 healthy (1 needed)", "LOST 0/2 healthy (1 needed)". */
export function statusOf({ standing, healthy, counting, needed, members, simulated }: Quorum): { mood: Mood; text: string } {
    const count = countText({ healthy, counting }, needed);
    const mood = (usual: Mood): Mood => (simulated ? "rehearsal" : usual);
    switch (standing) {
        case "held":
            return { mood: mood(healthy === counting ? "ok" : "warning"), text: count };
        case "starting":
            return { mood: mood("working"), text: `waits for ${members.filter(({ counted }) => counted === "awaited").map(({ name }) => name).join(", ")}` };
        case "failing":
            return { mood: mood("warning"), text: `failing ${count}` };
        case "lost":
            return { mood: mood("critical"), text: `LOST ${count}` };
        case "blind":
            return { mood: mood("stale"), text: `no data ${count}` };
    }
}

/** Before anything was heard. */
export function idleStatus({ members }: QuorumConfig): { mood: Mood; text: string } {
    return { mood: "off", text: `waits for ${members.map(({ name }) => name).join(", ")}` };
}
