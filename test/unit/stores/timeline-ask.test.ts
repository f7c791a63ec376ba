import assert from "node:assert/strict";
import { parseQuery } from "../../../lib/stores/timeline-ask";

const now = 1_763_722_800_000;
const hour = 3_600_000;

describe("a question for a chart", () => {
    const all = { types: [], sources: [], from: now + 1 - hour, to: now + 1, maxPoints: 720 };
    const cases: [string, unknown, object][] = [
        ["true: the last hour, up to and with this moment", true, all],
        ["a number of hours", 24, { ...all, from: now + 1 - 24 * hour }],
        ["a number of hours as text", "0.5", { ...all, from: now + 1 - hour / 2 }],
        ["lists of names", { types: ["a", " b "], sources: ["x"] }, { ...all, types: ["a", "b"], sources: ["x"] }],
        ["names with commas", { types: "a, b,", sources: "" }, { ...all, types: ["a", "b"] }],
        ["times in ms", { from: 1000, to: 2000 }, { ...all, from: 1000, to: 2000 }],
        ["times as a dashboard writes them", { from: "2025-11-21T00:00:00Z", to: String(now) }, { ...all, from: now - 11 * hour, to: now }],
        ["hours before a time", { to: now - hour, hours: 2 }, { ...all, from: now - 3 * hour, to: now - hour }],
        ["fewer points", { maxPoints: "60" }, { ...all, maxPoints: 60 }],
    ];
    for (const [what, value, query] of cases) it(`may be ${what}`, () => assert.deepEqual(parseQuery(value, now), { query }));

    const wrong: [unknown, RegExp][] = [
        [[], /neither a number of hours nor an object/], [null, /neither/], ["soon", /hours must be/], [0, /hours must be/], [-1, /hours must be/], [1e9, /hours must be/],
        [{ from: 2000, to: 1000 }, /the earlier first/], [{ from: "yesterday" }, /the earlier first/], [{ types: [1] }, /lists of names/], [{ sources: {} }, /lists of names/],
        [{ maxPoints: 0 }, /maxPoints/], [{ maxPoints: "many" }, /maxPoints/],
    ];
    for (const [value, error] of wrong) it(`is refused: ${JSON.stringify(value)}`, () => assert.match((parseQuery(value, now) as { error: string }).error, error));
});
