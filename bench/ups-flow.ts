import type { FlowNode } from "../test/support/node-red";
import type { RealNut } from "../test/support/nut";

/** The trigger as the editor stores it, with its defaults. */
const trigger = {
    type: "shutdown-trigger", onForcedShutdown: true, onFailsafe: true, onLowCharge: true, onLowRuntime: true, onLowBatteryFlag: true, onDepletion: true, onTimeOnBattery: true, onPowerState: true, onOutputOff: true,
    stabilization: "30", mainsStable: "30", lowCharge: "20", lowRuntime: "600", lowBatterySamples: "2", lowBatteryFor: "3", lowBatteryAlone: "60", lowBatteryCharge: "50", depletionRate: "15", depletionWindow: "300", depletionGrace: "90",
    timeOnBattery: "900", outputOff: "30", missedPolls: "3", missedFor: "15", blindLeast: "60", blindMost: "900", hardFloor: "10", frozen: "300", gap: "90", witness: "120", agreement: "each", version: 1,
};

/**
 * Readers of all UPSes of a server, a trigger behind them, and a sink for its decisions, restorations and verdicts each.
 * @param verdicts false: nobody hears the trigger's verdict on each reading, as nobody hears upsmon's
 */
export function upsFlow(nut: RealNut, { upses, seconds, verdicts = true, ...settings }: { upses: readonly string[]; seconds: string; verdicts?: boolean; [setting: string]: unknown }): FlowNode[] {
    const readers = upses.map((ups): FlowNode => ({
        id: ups, type: "ups-reader", server: "nut", ups, device: ups, interval: seconds, batteryInterval: seconds, payload: "charge", voltage: "normal", dwell: "30", grace: "60", flaps: "5", version: 1,
        wires: [["trigger"], []],
    }));
    return [
        { id: "nut", type: "nut-server", host: "127.0.0.1", port: String(nut.port), tls: "off", caFile: "", pin: "", version: 1 },
        ...readers,
        { id: "trigger", ...trigger, ...settings, wires: [["decisions"], ["restored"], verdicts ? ["verdicts"] : []] },
        // Else what fails on purpose is in the report.
        { id: "catch", type: "catch", scope: null, uncaught: false, wires: [[]] },
        ...["decisions", "restored", "verdicts"].map((id): FlowNode => ({ id, type: "bench-sink", wires: [] })),
    ];
}
