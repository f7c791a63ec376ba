import type { Node } from "node-red";
import { systemClock, type Cancel, type Clock } from "../../lib/kit/clock";

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

/** Changes of text that are shown within a second; nobody can read more. */
const mostASecond = 20;
const soonMs = 20;

/**
 * The status under a node. Each one goes to every open editor: a status that repeats the last one is not sent, and in a
 * flood of readings, as a replay at x1000 brings, only the last text of a second is. A change of mood is always shown at once.
 */
export class StatusLight {
    #mood: Mood | undefined;
    #text: string | (() => string) = "";
    /** What the editors show. */
    #said = "";
    #second = -Infinity;
    #shown = 0;
    #late: Cancel | undefined;
    #next: { mood: Mood; text: string | (() => string) } = { mood: "off", text: "" };
    #soon: Cancel | undefined;
    #heedsClose = false;
    constructor(readonly node: Node, readonly clock: Clock = systemClock) {}

    /** @param text a few words, cut at 40 characters; a function is only asked when they may be shown */
    show(mood: Mood, text: string | (() => string)): void {
        const changed = mood !== this.#mood;
        this.#mood = mood;
        this.#text = text;
        if (!changed && (this.#late !== undefined || shorten(text) === this.#said)) return;
        const now = this.clock.monotonic();
        if (now - this.#second >= 1000) [this.#second, this.#shown] = [now, 0];
        this.#shown += 1;
        if (changed || this.#shown <= mostASecond) this.#send();
        else this.#sendLater(this.#second + 1000 - now);
    }

    /** The same within an eye's blink, the newest of what comes until then: whoever decides next doesn't wait for a light. */
    showSoon(mood: Mood, text: string | (() => string)): void {
        this.#next = { mood, text };
        if (this.#soon !== undefined) return;
        this.#soon = this.clock.after(soonMs, () => {
            this.#soon = undefined;
            this.show(this.#next.mood, this.#next.text);
        });
        this.#heedClose();
    }

    #send(): void {
        this.#late?.();
        this.#late = undefined;
        this.#said = shorten(this.#text);
        if (this.#mood !== undefined) this.node.status({ ...looks[this.#mood], text: this.#said });
    }

    #sendLater(ms: number): void {
        this.#late = this.clock.after(ms, () => this.#send());
        this.#heedClose();
    }

    #heedClose(): void {
        if (this.#heedsClose) return;
        this.#heedsClose = true;
        this.node.on("close", () => {
            this.#soon?.();
            this.#late?.();
        });
    }
}

function shorten(text: string | (() => string)): string {
    const words = typeof text === "string" ? text : text();
    return words.length > 40 ? `${words.slice(0, 39)}…` : words;
}
