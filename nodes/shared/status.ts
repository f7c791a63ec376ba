import type { Node } from "node-red";

/** What a status says, and so its colour and shape. */
export type Mood = "ok" | "working" | "stale" | "warning" | "error" | "critical" | "rehearsal" | "off";

const looks = {
    ok: { fill: "green", shape: "dot" },
    working: { fill: "blue", shape: "dot" },
    stale: { fill: "yellow", shape: "ring" },
    warning: { fill: "yellow", shape: "dot" },
    error: { fill: "red", shape: "ring" },
    critical: { fill: "red", shape: "dot" },
    rehearsal: { fill: "blue", shape: "ring" },
    off: { fill: "grey", shape: "ring" },
} as const satisfies Record<Mood, { fill: string; shape: string }>;

/** The status under a node. A status that repeats the last one is not sent: each goes to every open editor. */
export class StatusLight {
    #last = "";
    constructor(readonly node: Node) {}

    /** @param text a few words; cut at 40 characters */
    show(mood: Mood, text: string): void {
        const short = text.length > 40 ? `${text.slice(0, 39)}…` : text;
        const next = `${mood} ${short}`;
        if (next === this.#last) return;
        this.#last = next;
        this.node.status({ ...looks[mood], text: short });
    }
}
