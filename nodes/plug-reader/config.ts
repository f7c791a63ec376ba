import { plugTypes, type PlugType } from "../../lib/devices/plugs";
import { slug } from "../../lib/power/reading";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

export interface PlugReaderConfig {
    /** Slug that names the readings. */
    device: string;
    type: PlugType;
    host: string;
    /** Absent: the protocol's own. */
    port?: number;
    /** Empty: all. */
    channels: readonly string[];
    intervalMs: number;
    deadlineMs: number;
    /** What goes into msg.payload. */
    payload: "watts" | "reading";
}

/** The reader's settings as the editor stored them. */
export function parseConfig(stored: StoredConfig): { config: PlugReaderConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const host = settings.text("host");
    if (host === "") settings.problem("no address");
    else if (!/^[A-Za-z0-9._:%-]+$/.test(host)) settings.problem("the address must be a host name or an IP address, nothing else");
    const port = settings.number("port", { fallback: 0, min: 0, max: 65535, integer: true });
    const config: PlugReaderConfig = {
        device: slug(settings.text("device") || settings.text("name") || "plug"),
        type: settings.choice("plugType", plugTypes, "auto"),
        host,
        ...(port > 0 && { port }),
        channels: settings.text("channels").split(",").map((channel) => channel.trim()).filter((channel) => channel !== ""),
        intervalMs: settings.number("interval", { fallback: 60, min: 1, max: 86_400 }) * 1000,
        deadlineMs: settings.number("deadline", { fallback: 5, min: 0.1, max: 120 }) * 1000,
        payload: settings.choice("payload", ["watts", "reading"], "watts"),
    };
    return { config, problems: settings.problems };
}
