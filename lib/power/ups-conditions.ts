import type { PowerEventKind } from "./power-event";
import type { Reading } from "./reading";

/** Something that is watched of a UPS. Its value is the event that would tell it; `normal` is told only after another. */
export interface Condition {
    normal: PowerEventKind;
    others: readonly PowerEventKind[];
    /** What a good reading says of it; undefined when it says nothing. */
    seen(reading: Reading, testing: boolean): PowerEventKind | undefined;
    /** How long in ms it must last before it is told. */
    needMs(kind: PowerEventKind, reading: Reading): number;
}

/** A word of the status that is there or not, each told when it has lasted that long, s. */
function flag(word: string, begins: PowerEventKind, ends: PowerEventKind, { beginSeconds = 0, endSeconds = 0 } = {}): Condition {
    return {
        normal: ends,
        others: [begins],
        seen: ({ flags = [] }) => (flags.includes(word) ? begins : ends),
        needMs: (kind) => (kind === begins ? beginSeconds : endSeconds) * 1000,
    };
}

/**
 * What the words of a status tell, in the order in which events of one reading are told. Some APC models say LB and RB for
 * 2 s every minute on mains, and OFF during a self-test (ups.md §5, A3 and A4): a battery that needs replacing still does
 * 30 s later, one that is low on battery may not.
 */
export const conditions = {
    "supply": {
        normal: "on-mains",
        others: ["on-battery"],
        // While it tests or calibrates itself, a UPS is on battery on purpose. That it is on mains again is always true.
        seen: ({ mains, flags = [] }, testing) => {
            if (mains === "present") return "on-mains";
            return mains === "absent" && !testing && !flags.includes("CAL") ? "on-battery" : undefined;
        },
        needMs: () => 0,
    },
    "forced-shutdown": flag("FSD", "forced-shutdown", "forced-shutdown-ended"),
    "low-battery": {
        ...flag("LB", "low-battery", "low-battery-ended"),
        needMs: (kind, { mains }) => (kind === "low-battery" && mains === "absent" ? 0 : 30_000),
    },
    "replace-battery": flag("RB", "replace-battery", "replace-battery-ended", { beginSeconds: 30, endSeconds: 30 }),
    "overload": flag("OVER", "overload", "overload-ended"),
    "bypass": flag("BYPASS", "bypass", "bypass-ended"),
    "output": {
        ...flag("OFF", "output-off", "output-on", { beginSeconds: 30 }),
        seen: ({ flags = [] }, testing) => (flags.includes("OFF") ? (testing ? undefined : "output-off") : "output-on"),
    },
    "calibration": flag("CAL", "calibration", "calibration-ended"),
    "regulation": {
        normal: "regulation-ended",
        others: ["boost", "trim"],
        seen: ({ flags = [] }) => (flags.includes("BOOST") ? "boost" : flags.includes("TRIM") ? "trim" : "regulation-ended"),
        needMs: () => 0,
    },
} as const satisfies Record<string, Condition>;

/** A status that says anything at all: an empty one, and one of a server that has heard nothing yet, say nothing. */
export function speaks({ flags = [] }: Reading): boolean {
    return flags.length > 0 && !flags.includes("WAIT");
}
