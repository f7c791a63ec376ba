import assert from "node:assert/strict";
import { passUntil, type Passing } from "../../../lib/power/passing";
import type { TriggerState } from "../../../lib/power/trigger-state";

const state = (more: Partial<TriggerState>): TriggerState => ({ order: { at: 100_000 }, known: { source: "nut" }, ...more });

describe("passUntil", () => {
    const cases: [rule: string, before: TriggerState | undefined, elapsedMs: number, passing: Passing][] = [
        ["before the first reading nothing has passed", undefined, 0, { countedMs: 0 }],
        ["a usual interval counts", state({ paceMs: 1000 }), 1000, { countedMs: 1000 }],
        ["so does a long one that is no gap yet", state({ paceMs: 1000 }), 90_000, { countedMs: 90_000 }],
        ["a gap counts as one usual interval: a clock may have jumped", state({ paceMs: 1000 }), 3_600_000, { countedMs: 1000, gap: { ms: 3_600_000, away: false } }],
        ["of a slow source, three intervals are no gap", state({ paceMs: 300_000, intervals: [300_000] }), 900_000, { countedMs: 900_000 }],
        ["a second long interval shows a slow source", state({ paceMs: 1000, intervals: [1000, 300_000] }), 300_000, { countedMs: 300_000 }],
        ["also where it says a few things in a row", state({ paceMs: 200, intervals: [300_000, 200, 200, 200] }), 300_000, { countedMs: 300_000 }],
        ["after a restart of this process all of it counts", state({ paceMs: 1000, resumed: true }), 600_000, { countedMs: 600_000, gap: { ms: 600_000, away: true } }],
        ["a quick restart is none", state({ paceMs: 1000, resumed: true }), 20_000, { countedMs: 20_000 }],
        ["time never runs backwards", state({ paceMs: 1000 }), -5000, { countedMs: 0 }],
    ];
    for (const [rule, before, elapsedMs, passing] of cases) it(rule, () => assert.deepEqual(passUntil(100_000 + elapsedMs, before, 90_000), passing));
});
