import type { TimelineEvent } from "../../lib/stores/timeline-event";

/** The usual time of these tests: 2025-11-21 11:00 UTC, a full hour, in ms. */
export const testHour = 1_763_722_800_000;

/** Rows like a house's, `perTick` of them every five seconds; each names itself in `metadata.n`. */
export function houseEvents(count: number, { from = testHour, perTick = 20, first = 0 }: { from?: number; perTick?: number; first?: number } = {}): TimelineEvent[] {
    const types = ["plug_power", "gpu_power_draw", "gpu_temperature", "solix_battery_soc"] as const;
    return Array.from({ length: count }, (_, index) => {
        const n = first + index;
        const series = n % perTick;
        const gpu = { node: `node${series}`, gpu_model: "Example 5070", power_limit_w: 250, memory_used_mb: 10_240 + (n % 100), memory_total_mb: 12_288, fan_speed_pct: 30 };
        return {
            event_type: types[series % 4] ?? "plug_power",
            source: `source_${series}`,
            value: Math.round(1000 * (100 + 50 * Math.sin(n / 99))) / 1000,
            metadata: { n, ...(series % 4 === 0 ? { volts: 230.1, amps: 0.43 } : gpu) },
            created_at: from + Math.floor(n / perTick) * 5000,
        };
    });
}
