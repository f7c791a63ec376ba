import assert from "node:assert/strict";
import { alertText } from "../../../lib/alerts/alert";
import { drillAlert, healthAlert, isDrill, isHealth } from "../../../lib/alerts/drill-alerts";

const at = 1_770_000_000_000;
const drill = { ok: false, at, text: "1 of 2 hosts could be shut down\nnas: log in: no answer in time", hosts: [] };
const health = { ok: true, at, text: "2 of 2 hosts are proven\nnas: can be shut down again", changed: [], proven: 2, of: 2 };

describe("the alert of", () => {
    for (const [what, alert, severity, text] of [
        ["a drill that failed", drillAlert(drill), "warning", "⚠️ DRILL FAILED — 1 of 2 hosts could be shut down\nnas: log in: no answer in time"],
        ["a drill", drillAlert({ ok: true, at, text: "2 of 2 hosts could be shut down" }), "info", "✅ DRILL — 2 of 2 hosts could be shut down"],
        ["a host that can't be shut down any more", healthAlert({ ...health, ok: false, text: "1 of 2 hosts are proven\nnas: drill failed, log in: no" }), "warning", "⚠️ SHUTDOWN NOT CERTAIN — 1 of 2 hosts are proven\nnas: drill failed, log in: no"],
        ["a host that is well again", healthAlert(health), "info", "✅ HOSTS ARE WELL AGAIN — 2 of 2 hosts are proven\nnas: can be shut down again"],
    ] as const) {
        it(what, () => assert.deepEqual([alert.severity, alertText(alert), alert.at], [severity, text, at]));
    }

    for (const value of [undefined, null, 5, "drill", {}, [], { ok: "true", at, text: "x", hosts: [], changed: [] }, { ok: true, at: "now", text: "x", hosts: [], changed: [] }, { ok: true, at, text: 3, hosts: [], changed: [] }, { ok: true, at, text: "x" }]) {
        it(`nobody is made of ${JSON.stringify(value)}`, () => assert.deepEqual([isDrill(value), isHealth(value)], [false, false]));
    }
    it("each knows its own", () => assert.deepEqual([isDrill(drill), isHealth(health), isDrill(health), isHealth(drill)], [true, true, false, false]));
});
