import type { UpsEventConfig } from "../../lib/power/ups-events";
import { slug } from "../../lib/power/reading";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

export const payloads = ["charge", "runtime", "load", "watts", "reading"] as const;
/** Half the band of normal input voltage, % of the nominal. */
const bands = { tight: 5, normal: 10, loose: 15 } as const;
const sensitivities = ["tight", "normal", "loose", "off"] as const;

export interface UpsReaderConfig {
    /** Id of the nut-server. */
    server: string;
    /** The UPS's name on the server; empty: the only one there. */
    ups: string;
    /** Slug that names the readings. */
    device: string;
    intervalMs: number;
    batteryIntervalMs: number;
    /** What goes into msg.payload. */
    payload: (typeof payloads)[number];
    events: UpsEventConfig;
}

/** The reader's settings as the editor stored them. */
export function parseConfig(stored: StoredConfig): { config: UpsReaderConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const ups = settings.text("ups");
    if (!/^[^\s"\\]*$/.test(ups)) settings.problem("the name of a UPS has no blanks and no quotes");
    const voltage = settings.choice("voltage", sensitivities, "normal");
    const config: UpsReaderConfig = {
        server: settings.text("server"),
        ups,
        device: slug(settings.text("device") || settings.text("name") || ups || "ups"),
        intervalMs: settings.number("interval", { fallback: 5, min: 0.5, max: 86_400 }) * 1000,
        batteryIntervalMs: settings.number("batteryInterval", { fallback: 1, min: 0.5, max: 86_400 }) * 1000,
        payload: settings.choice("payload", payloads, "charge"),
        events: {
            connectionGraceMs: settings.number("grace", { fallback: 60, min: 0, max: 86_400 }) * 1000,
            flapThreshold: settings.number("flaps", { fallback: 5, min: 0, max: 1000, integer: true }),
            ...(voltage !== "off" && { bandPercent: bands[voltage] }),
            voltageDwellMs: settings.number("dwell", { fallback: 30, min: 0, max: 86_400 }) * 1000,
        },
    };
    if (config.batteryIntervalMs > config.intervalMs) settings.problem("the interval on battery is longer than the one on mains");
    return { config, problems: settings.problems };
}
