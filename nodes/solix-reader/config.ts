import type { MonitorConfig } from "../../lib/devices/anker-monitor";
import { slug } from "../../lib/power/reading";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

export interface SolixReaderConfig extends MonitorConfig {
    /** What goes into msg.payload. */
    payload: "charge" | "watts" | "reading";
}

/** The reader's settings as the editor stored them. */
export function parseConfig(stored: StoredConfig): { config: SolixReaderConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const serial = settings.text("serial");
    if (!/^[A-Za-z0-9_-]*$/.test(serial)) settings.problem("the serial number holds other characters than letters and digits");
    const capacityWh = settings.number("capacity", { fallback: 0, min: 0, max: 1_000_000 });
    const staleSeconds = settings.number("stale", { fallback: 0, min: 0, max: 86_400 });
    const config: SolixReaderConfig = {
        device: slug(settings.text("device") || settings.text("name") || "solix"),
        serial,
        intervalMs: settings.number("interval", { fallback: 120, min: 1, max: 86_400 }) * 1000,
        fastIntervalMs: settings.number("fastInterval", { fallback: 30, min: 1, max: 86_400 }) * 1000,
        fastBelow: settings.number("fastBelow", { fallback: 30, min: 0, max: 100 }),
        payload: settings.choice("payload", ["charge", "watts", "reading"], "charge"),
        ...(capacityWh > 0 && { capacityWh }),
        ...(staleSeconds > 0 && { staleMs: staleSeconds * 1000 }),
    };
    if (config.fastIntervalMs > config.intervalMs) settings.problem("the FAST interval is longer than the normal one");
    return { config, problems: settings.problems };
}
