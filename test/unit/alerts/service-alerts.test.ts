import assert from "node:assert/strict";
import { alertText } from "../../../lib/alerts/alert";
import { parseLife, startAlert, type LastLife } from "../../../lib/alerts/service-alerts";

const now = 1_770_000_000_000;
const hour = 3_600_000;

describe("the message of a start", () => {
    for (const [what, last, severity, text] of [
        ["a restart", { stoppedAt: now - 12_000 }, "info", "ℹ️ Ridethrough — restarted after 12 s"],
        ["a start after a long stop", { stoppedAt: now - 8 * hour }, "info", "ℹ️ Ridethrough — started, had been stopped for 8 h\nNothing was watched in the meantime."],
        ["a start after a crash", { seenAt: now - 40_000 }, "warning", "⚠️ Ridethrough — started after a crash, a kill or a power cut, last seen 40 s ago"],
        ["a start after a night without power", { seenAt: now - 9 * hour }, "warning", "⚠️ Ridethrough — started after a crash, a kill or a power cut, last seen 9 h ago\nNothing was watched in the meantime."],
        ["an upgrade", { stoppedAt: now - 20_000, version: "0.0.9" }, "info", "ℹ️ Ridethrough — restarted after 20 s, upgraded 0.0.9 -> 0.1.0"],
        ["a start with a clock that is not set yet", { stoppedAt: now + hour }, "info", "ℹ️ Ridethrough — restarted"],
        ["a crash of a machine without a clock", { seenAt: 5000 }, "warning", "⚠️ Ridethrough — started after a crash, a kill or a power cut"],
    ] as [string, Partial<LastLife>, string, string][]) {
        it(`of ${what} says: ${text.split("\n")[0]}`, () => {
            const alert = startAlert({ version: "0.1.0", seenAt: now, ...last }, "0.1.0", now, now);
            assert.deepEqual([alertText(alert), alert.severity], [text, severity]);
        });
    }
});

describe("parseLife", () => {
    it("believes what was saved", () => assert.deepEqual(parseLife({ process: "p", version: "1", stoppedAt: 5 }), { process: "p", version: "1", stoppedAt: 5 }));
    for (const bad of [null, "x", {}, { process: 1, version: "1" }, { process: "p" }, { process: "p", version: "1", stoppedAt: "now" }]) it(`does not believe ${JSON.stringify(bad)}`, () => assert.equal(parseLife(bad), undefined));
});
