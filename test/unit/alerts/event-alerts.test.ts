import assert from "node:assert/strict";
import { alertText } from "../../../lib/alerts/alert";
import { eventAlert, isPowerEvent } from "../../../lib/alerts/event-alerts";
import { powerEventKinds, type PowerEvent, type PowerEventKind } from "../../../lib/power/power-event";

const at = 1_770_000_000_000;
const event = (kind: PowerEventKind, more: Partial<PowerEvent> = {}): PowerEvent => ({ kind, device: "ups1", at, ...more });

describe("eventAlert", () => {
    for (const [told, text] of [
        [event("on-battery", { detail: "charge 100 %, runtime 40 min" }), "⚠️ ON BATTERY — ups1\ncharge 100 %, runtime 40 min"],
        [event("on-mains", { since: at - 312_000, detail: "after 312 s, charge 64 %" }), "✅ POWER RESTORED — ups1\nafter 312 s, charge 64 %"],
        [event("on-mains", { since: at - 312_000 }), "✅ POWER RESTORED — ups1\nafter 5 min 12 s"],
        [event("connection-lost", { detail: "nut1: connection refused" }), "⚠️ CONNECTION LOST — ups1\nnut1: connection refused"],
        [event("bypass"), "🔴 BYPASS MODE ACTIVE — ups1\nNothing is protected."],
        [event("brownout", { detail: "165 V, below 207 V (230 V - 10 %)" }), "⚠️ BROWNOUT DETECTED — ups1\n165 V, below 207 V (230 V - 10 %)"],
        [event("voltage-normal", { since: at + 5 }), "✅ VOLTAGE NORMALIZED — ups1"],
    ] as const) {
        it(`says: ${text.replaceAll("\n", " / ")}`, () => assert.equal(alertText(eventAlert(told)), text));
    }
    for (const kind of powerEventKinds) {
        it(`tells ${kind}, and is good news where something is over`, () => {
            const alert = eventAlert(event(kind));
            assert.ok(alert.title !== "" && alert.symbol !== undefined);
            const isOver = /-(ended|mains|restored|accepted|normal|on)$/.test(kind);
            assert.equal(alert.good, isOver || undefined);
            if (isOver) assert.equal(alert.severity, "info");
        });
    }
    it("never tells as mere information what Eneru does not let anybody mute", () => {
        const muted = (["on-battery", "brownout", "over-voltage", "overload", "bypass", "connection-lost", "low-battery", "output-off", "forced-shutdown"] as const).filter((kind) => eventAlert(event(kind)).severity === "info");
        assert.deepEqual(muted, []);
    });
    it("is of one subject with its end, so that only the latest of both can be repeated", () => {
        const pairs = powerEventKinds.filter((kind) => powerEventKinds.some((other) => other === `${kind}-ended`));
        for (const kind of pairs) assert.equal(eventAlert(event(kind)).key, eventAlert(event(`${kind}-ended` as PowerEventKind)).key);
        assert.equal(eventAlert(event("on-battery")).key, eventAlert(event("on-mains")).key);
        assert.equal(new Set(powerEventKinds.map((kind) => eventAlert(event(kind)).key)).size, 14);
    });
    it("keeps a fake apart from the real UPS", () => {
        const fake = eventAlert(event("on-battery", { simulated: true }));
        assert.notEqual(fake.key, eventAlert(event("on-battery")).key);
        assert.match(alertText(fake), /^\[SIMULATED\] /);
    });

    describe("of an outage that is over before it was told", () => {
        for (const [lastedMs, title] of [[5234, "Brief outage: 5 s"], [300, "Brief outage: 1 s"], [45_000, "Brief outage: 45 s"], [1_500_000, "Outage, over: 25 min"], [undefined, "Brief outage"]] as const) {
            it(`says: ${title}`, () => assert.equal(eventAlert(event("on-mains", { ...(lastedMs !== undefined && { since: at - lastedMs }) })).closes?.title, title));
        }
        it("lets the beginning wait, and nothing else", () => assert.deepEqual(powerEventKinds.filter((kind) => eventAlert(event(kind)).opens), ["on-battery"]));
    });
});

describe("isPowerEvent", () => {
    it("believes an event", () => assert.ok(isPowerEvent(event("trim", { since: at, detail: "x" }))));
    for (const bad of [undefined, null, "on-battery", {}, { ...event("trim"), kind: "toString" }, { ...event("trim"), at: "now" }, { ...event("trim"), device: 5 }, { ...event("trim"), detail: {} }, { ...event("trim"), since: NaN }]) {
        it(`does not believe ${JSON.stringify(bad)}`, () => assert.ok(!isPowerEvent(bad)));
    }
});
