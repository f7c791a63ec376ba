import assert from "node:assert/strict";
import type { TimelineEvent } from "../../../lib/stores/timeline-event";
import { Repeats } from "../../../lib/stores/timeline-repeats";

describe("a measurement that comes on two ways", () => {
    const first: TimelineEvent = { event_type: "plug_power", source: "rack", value: 42, metadata: {}, created_at: 1000 };
    const second = (more: Partial<TimelineEvent>): boolean => {
        const repeats = new Repeats();
        assert.equal(repeats.isRepeat({ ...first, event_type: more.event_type ?? first.event_type }), false);
        return repeats.isRepeat({ ...first, ...more });
    };
    const cases: [string, Partial<TimelineEvent>, boolean][] = [
        ["the very same", {}, true], ["the same with other details", { metadata: { volts: 230 } }, true], ["a later one of the same value", { created_at: 1001 }, false],
        ["a correction of the same moment", { value: 43 }, false], ["another source", { source: "lamp" }, false], ["two steps of a run in one ms", { event_type: "shutdown_step" }, false],
        ["an event of a UPS", { event_type: "ups_event" }, true], ["two events of a UPS in one ms", { event_type: "ups_event", metadata: { kind: "low-battery" } }, false],
    ];
    for (const [what, more, wanted] of cases) it(`${what}: ${wanted ? "is" : "is no"} repeat`, () => assert.equal(second(more), wanted));
});
