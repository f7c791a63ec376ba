import assert from "node:assert/strict";
import { settle, still, type Steady } from "../../../lib/power/steady";

describe("a steady value", () => {
    const follow = (seen: [at: number, value: string][], needMs: number): Steady<string> =>
        seen.reduce<Steady<string>>((held, [at, value]) => settle(held, value, at, needMs), { value: "a", since: 0 });

    const cases: [what: string, seen: [number, string][], needMs: number, after: Steady<string>][] = [
        ["stays while nothing else is seen", [[10, "a"], [20, "a"]], 30, { value: "a", since: 0 }],
        ["changes at once where nothing is needed", [[10, "b"]], 0, { value: "b", since: 10 }],
        ["waits for the new one to last", [[10, "b"], [39, "b"]], 30, { value: "a", since: 0, next: { value: "b", since: 10 } }],
        ["changes when it has lasted, since it was first seen", [[10, "b"], [40, "b"]], 30, { value: "b", since: 10 }],
        ["begins anew after a glance at the old one", [[10, "b"], [20, "a"], [30, "b"], [45, "b"]], 30, { value: "a", since: 0, next: { value: "b", since: 30 } }],
        ["begins anew with a third one", [[10, "b"], [39, "c"], [41, "c"]], 30, { value: "a", since: 0, next: { value: "c", since: 39 } }],
        ["counts from the earlier time when the clock was set back", [[100, "b"], [40, "b"], [69, "b"]], 30, { value: "a", since: 0, next: { value: "b", since: 40 } }],
    ];
    for (const [what, seen, needMs, after] of cases) it(what, () => assert.deepEqual(follow(seen, needMs), after));

    it("forgets what had not lasted when nothing could be seen", () => assert.deepEqual(still({ value: "a", since: 0, next: { value: "b", since: 5 } }), { value: "a", since: 0 }));
});
