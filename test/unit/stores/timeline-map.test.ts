import assert from "node:assert/strict";
import type { Reading } from "../../../lib/power/reading";
import type { TimelineEvent } from "../../../lib/stores/timeline-event";
import { eventsOf } from "../../../lib/stores/timeline-map";

const at = 1_763_722_800_000;
const reading = (more: Partial<Reading>): Reading => ({ device: "rack", source: "kasa", at, quality: "good", ...more });
const eventsIn = (msg: Record<string, unknown>): TimelineEvent[] => {
    const mapped = eventsOf(msg, at + 7);
    assert.ok("events" in mapped, "error" in mapped ? mapped.error : "");
    return mapped.events;
};
const short = (events: readonly TimelineEvent[]): unknown[] => events.map(({ event_type, source, value }) => [event_type, source, value]);

describe("the rows of a reading", () => {
    const cases: [string, Partial<Reading>, unknown[]][] = [
        ["a plug", { watts: 42.5, volts: 230, amps: 0.2 }, [["plug_power", "rack", 42.5]]],
        ["a plug that is off", { watts: 0 }, [["plug_power", "rack", 0]]],
        ["a power station's charge", { device: "solix", source: "anker", charge: 87 }, [["solix_battery_soc", "solix", 87]]],
        ["a power station's flows, its output once", { device: "solix", source: "anker", charge: 87, watts: 320, flows: { input: 1200, output: 320, grid: 1200, solar: 0, battery: -880 } }, [
            ["solix_battery_soc", "solix", 87], ["solix_power_input", "solix", 1200], ["solix_power_output", "solix", 320], ["solix_grid_power", "solix", 1200], ["solix_solar_power", "solix", 0], ["solix_battery_power", "solix", -880],
        ]],
        ["a power station that tells its output only", { device: "solix", source: "anker", watts: 320 }, [["solix_power_output", "solix", 320]]],
        ["a charge that a model carries on, which nobody shall take for measured", { device: "solix", source: "anker", quality: "stale", charge: 60, estimated: { low: 50, high: 62, since: at - 9000 } }, [["solix_battery_soc_estimated", "solix", 60]]],
        ["a GPU", { device: "gpu_gpu2_0", source: "nvidia", watts: 72, temperature: 41, load: 3 }, [["gpu_power_draw", "gpu_gpu2_0", 72], ["gpu_temperature", "gpu_gpu2_0", 41], ["gpu_utilization", "gpu_gpu2_0", 3]]],
        ["a host's own meter", { device: "host_gpu2", source: "ipmi", watts: 310 }, [["host_power", "host_gpu2", 310]]],
        ["a UPS on battery", { device: "ups", source: "nut", watts: 210, charge: 95, runtime: 1300, load: 30, volts: 0, mains: "absent", flags: ["OB", "DISCHRG"] },
            [["ups_power", "ups", 210], ["ups_charge", "ups", 95], ["ups_runtime", "ups", 1300], ["ups_load", "ups", 30], ["ups_voltage", "ups", 0], ["ups_on_battery", "ups", 1]]],
        ["a UPS that tells its output and its battery too", { device: "ups", source: "nut", outputVolts: 230, batteryVolts: 27.2, hertz: 50, temperature: 25, nominalVolts: 230, lowCharge: 20, mains: "present", flags: ["OL"] },
            [["ups_frequency", "ups", 50], ["ups_temperature", "ups", 25], ["ups_output_voltage", "ups", 230], ["ups_battery_voltage", "ups", 27.2], ["ups_on_battery", "ups", 0]]],
        ["a UPS on mains", { device: "ups", source: "nut", charge: 100, mains: "present" }, [["ups_charge", "ups", 100], ["ups_on_battery", "ups", 0]]],
        ["a UPS that does not know about mains", { device: "ups", source: "nut", charge: 100, mains: "unknown" }, [["ups_charge", "ups", 100]]],
        ["a battery of another make", { source: "message", charge: 60 }, [["battery_charge", "rack", 60]]],
        ["a fake, which is a source of its own", { watts: 24, simulated: true }, [["plug_power", "rack (simulated)", 24]]],
        ["a missing one, which is a gap and not 0", { quality: "missing", error: "no route" }, []],
        ["a stale one, which was written when it was fresh", { quality: "stale", watts: 5 }, []],
    ];
    for (const [what, more, wanted] of cases) it(what, () => assert.deepEqual(short(eventsIn({ reading: reading(more) })), wanted));

    it("carry what has no row of its own, and when it was measured", () => {
        const [row] = eventsIn({ reading: reading({ watts: 42, volts: 230.1, amps: 0.2, energyWh: 9, mains: "present", flags: ["OL"], simulated: true }) });
        assert.deepEqual(row?.metadata, { data_source: "kasa", volts: 230.1, amps: 0.2, energyWh: 9, mains: "present", flags: ["OL"], simulated: true });
        assert.equal(row?.created_at, at);
    });
    it("of a UPS say that its watts were computed, and that it was testing itself", () => {
        const [row] = eventsIn({ reading: reading({ source: "nut", watts: 270, load: 30, derived: ["watts"], testing: true, mains: "absent", flags: ["OB", "TEST"], nominalVolts: 230 }) });
        assert.deepEqual(row?.metadata, { data_source: "nut", mains: "absent", flags: ["OB", "TEST"], testing: true, derived: ["watts"] });
    });
    it("carry what S1 tells of a GPU", () => {
        const gpu = { node: "gpu2", gpu_model: "Example", power_draw_w: 72, power_limit_w: 300, power_efficiency_pct: 24, memory_used_mb: 10 };
        for (const row of eventsIn({ reading: reading({ source: "nvidia", watts: 72, temperature: 40 }), gpu })) assert.deepEqual(row.metadata, { ...gpu, data_source: "nvidia" });
    });
    it("carry what a power station reports once, not with each of its rows", () => {
        const fields = { main_battery_soc: { value: 87, ageSeconds: 1 } };
        const rows = eventsIn({ reading: reading({ source: "anker", charge: 87, flows: { input: 0, output: 320 } }), solix: { model: "F3800", mode: "fast", fields } });
        const each = { model: "F3800", mode: "fast", data_source: "anker" };
        assert.deepEqual(rows.map(({ event_type, metadata }) => [event_type, metadata]), [["solix_battery_soc", { ...each, fields }], ["solix_power_input", each], ["solix_power_output", each]]);
    });
    it("come from a bare number too, as a fake", () => {
        const events = eventsIn({ topic: "Rack", payload: "24" });
        assert.deepEqual(short(events), [["plug_power", "rack (simulated)", 24]]);
        assert.equal(events[0]?.created_at, at + 7);
    });
});

describe("the rows of other messages", () => {
    it("the cluster's total, with how many reported", () => {
        const cluster = { total_watts: 85, nodes_reporting: 1, nodes_expected: 2, hosts: [] };
        const events = eventsIn({ cluster, reading: reading({ device: "gpu_cluster", source: "cluster", quality: "missing", error: "1 of 2" }) });
        assert.deepEqual(events, [{ event_type: "cluster_gpu_power_total", source: "gpu_cluster", value: 85, metadata: cluster, created_at: at }]);
        assert.deepEqual(short(eventsIn({ payload: { total_watts: 85, nodes_reporting: 2 } })), [["cluster_gpu_power_total", "gpu_cluster", 85]]);
    });
    it("no total where no host reported: a gap, not 0", () => assert.deepEqual(eventsIn({ cluster: { nodes_reporting: 0, nodes_expected: 2 } }), []));
    it("a transition is one row, and does not write its reading again", () => {
        const metadata = { from: "HEALTHY", to: "CRITICAL", since: at - 5000, watts: 24, conclusive: true };
        const transition = { device: "rack", at, ...metadata };
        assert.deepEqual(eventsIn({ payload: "CRITICAL", transition, reading: reading({ watts: 24 }) }), [{ event_type: "power_state", source: "rack", value: 3, metadata: { ...metadata, state: "CRITICAL" }, created_at: at }]);
    });
    for (const [to, code] of [["HEALTHY", 0], ["WARNING", 1], ["ALERT", 2], ["DEAD", 4], ["UNKNOWN", -1]] as const) {
        it(`the state ${to} is ${code}`, () => assert.equal(eventsIn({ transition: { device: "rack", to, at } })[0]?.value, code));
    }
    it("missed polls are UNKNOWN, and once where the first come with a transition", () => {
        const missed = { device: "rack", failures: 5, since: at - 25_000, at, error: "no route", simulated: true };
        assert.deepEqual(short(eventsIn({ missed })), [["power_state", "rack (simulated)", -1]]);
        assert.equal(eventsIn({ missed, transition: { device: "rack", to: "UNKNOWN", at, simulated: true } }).length, 1);
    });
    it("a command", () => assert.deepEqual(eventsIn({ command: { action: "shutdown", reason: "CRITICAL at 24 W", at, stream: "rack", conclusive: true } }),
        [{ event_type: "shutdown_command", source: "rack", value: 1, metadata: { action: "shutdown", reason: "CRITICAL at 24 W", conclusive: true }, created_at: at }]));
    it("what happens to a UPS is one row, 1, and does not write its reading again", () => {
        const event = { kind: "on-battery", device: "ups", at, detail: "charge 98 %, runtime 31 min" };
        assert.deepEqual(eventsIn({ topic: "ups", payload: "on-battery", event, reading: reading({ device: "ups", source: "nut", charge: 98 }) }),
            [{ event_type: "ups_event", source: "ups", value: 1, metadata: { kind: "on-battery", detail: "charge 98 %, runtime 31 min" }, created_at: at }]);
    });
    it("and 0 when it is over", () => assert.deepEqual(eventsIn({ event: { kind: "on-mains", device: "ups", at: at + 5000, since: at, simulated: true } }),
        [{ event_type: "ups_event", source: "ups (simulated)", value: 0, metadata: { kind: "on-mains", since: at, simulated: true }, created_at: at + 5000 }]));
    it("other readers' events are no rows of a UPS", () => assert.match((eventsOf({ payload: "FAST", event: { kind: "mode", device: "solix", at, text: "FAST" } }, at) as { error: string }).error, /msg\.reading/));
    it("a step of a run", () => {
        const changed = { id: "nas/power-off", host: "nas", kind: "power-off", label: "shutdown -h +2", state: "done", startedAt: at, endedAt: at + 2500 };
        const [row, ...more] = eventsIn({ progress: { run: "r1", reason: "why", mode: "live", startedAt: at, text: "nas: sent", changed, steps: [changed] } });
        assert.deepEqual([row?.event_type, row?.source, row?.value, row?.created_at, more.length], ["shutdown_step", "nas", 2, at + 2500, 0]);
        assert.deepEqual(JSON.parse(JSON.stringify(row?.metadata)), { run: "r1", reason: "why", mode: "live", text: "nas: sent", step: "nas/power-off", kind: "power-off", label: "shutdown -h +2", state: "done", seconds: 2.5 });
    });
    it("a look whether a host is down, with how sure it is", () => {
        const changed = { id: "nas/prove", host: "nas", kind: "prove", label: "look whether it is down", state: "done", proof: "sent", startedAt: at, endedAt: at + 2500 };
        const [row] = eventsIn({ progress: { run: "r1", reason: "why", mode: "live", startedAt: at, text: "nas", changed, steps: [changed] } });
        assert.equal(row?.metadata.proof, "sent");
        const [end] = eventsIn({ result: { run: "r1", outcome: "completed", reason: "why", mode: "live", startedAt: at, endedAt: at + 1, text: "", steps: [changed, { ...changed, proof: "watts" }, { ...changed, proof: "sent" }, { id: "x", state: "done" }] } });
        assert.deepEqual(end?.metadata.proofs, { sent: 2, watts: 1 });
    });
    it("the end of a run, with its duration and its counts", () => {
        const step = (state: string): object => ({ id: state, host: "nas", kind: "connect", label: "", state });
        const [row] = eventsIn({ result: { run: "r1", outcome: "incomplete", reason: "why", mode: "live", simulated: true, startedAt: at, endedAt: at + 61_500, text: "1 failed", steps: ["done", "done", "failed", "skipped"].map(step) } });
        assert.deepEqual(row, {
            event_type: "shutdown_result", source: "shutdown", value: 61.5, created_at: at + 61_500,
            metadata: { run: "r1", outcome: "incomplete", reason: "why", mode: "live", text: "1 failed", simulated: true, started_at: at, steps: 4, done: 2, failed: 1, skipped: 1 },
        });
    });
    it("a drill and the news of a health check: 1 when all is well, else 0, with what each host has shown", () => {
        const drill = { ok: false, at, text: "1 of 2", hosts: [{ host: "nas", ok: true, at, ms: 40, checks: [{ what: "log in", ok: true, ms: 40 }] }, { host: "app", ok: false, at, ms: 9, checks: [{ what: "log in", ok: false, ms: 9, error: "refused" }] }] };
        const health = { ok: true, at, text: "2 of 2", changed: [{ host: "nas", standing: "proven" }], proven: 2, of: 2 };
        assert.deepEqual(eventsIn({ topic: "drill", payload: "1 of 2", drill }), [
            { event_type: "shutdown_drill", source: "shutdown", value: 0, created_at: at, metadata: { text: "1 of 2", hosts: { nas: { ok: true, ms: 40 }, app: { ok: false, ms: 9, error: "refused" } } } },
        ]);
        assert.deepEqual(eventsIn({ topic: "health", payload: "2 of 2", health }), [
            { event_type: "shutdown_health", source: "shutdown", value: 1, created_at: at, metadata: { text: "2 of 2", hosts: { nas: "proven" }, proven: 2, of: 2 } },
        ]);
    });
    it("no row of a sequencer's answer to who asks what is known of its hosts", () => {
        assert.deepEqual(eventsIn({ topic: "evidence", payload: "armed 1/2", arming: { level: "armed", text: "armed 1/2", proven: 1, of: 2, hosts: [] } }), []);
    });
    it("a depletion rate, next to its reading", () => {
        const depletion = { perMinute: 1.5, charge: 80, method: "charge", at, samples: 4 };
        assert.deepEqual(short(eventsIn({ reading: reading({ source: "nut", charge: 80 }), depletion })), [["ups_charge", "rack", 80], ["depletion_rate", "rack", 1.5]]);
        assert.deepEqual(short(eventsIn({ reading: reading({ source: "nut", charge: 80 }), depletion: { at, note: "no rate yet" } })), [["ups_charge", "rack", 80]]);
    });
    it("rows that a flow brings itself, one or several", () => {
        assert.deepEqual(short(eventsIn({ timeline: { event_type: "tariff", source: "grid", value: 0.3 }, payload: 7 })), [["tariff", "grid", 0.3]]);
        assert.equal(eventsIn({ timeline: [{ event_type: "a", source: "b" }, { event_type: "a", source: "c" }] }).length, 2);
        assert.deepEqual(eventsOf({ timeline: [{ event_type: "a", source: "b" }, { source: "c" }] }, at), { error: "a timeline row has no event_type" });
    });
    for (const [what, msg] of [["text", { payload: "hello" }], ["nothing", {}], ["a broken reading", { reading: { watts: 5 } }]] as const) {
        it(`nothing fits: ${what}`, () => assert.match((eventsOf(msg, at) as { error: string }).error, /msg\.reading.*or what one of our nodes sends/));
    }
});
