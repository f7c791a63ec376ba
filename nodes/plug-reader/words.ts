import type { Trouble, TroubleKind } from "../../lib/kit/trouble";
import type { Reading } from "../../lib/power/reading";
import type { Mood } from "../shared/status";

/** After so many failed polls in a row the status no longer counts on the plug coming back by itself. */
const patience = 5;

const shortly: Partial<Record<TroubleKind, string>> = {
    timeout: "no answer", refused: "refused", unreachable: "not reachable", closed: "hung up", garbage: "answer not understood",
    auth: "password not accepted", busy: "too many requests", config: "check the settings",
};

/** What the status shows after a good poll: the device's own watts, or the sum of its channels. */
export function goodStatus(readings: readonly Reading[], device: string): { mood: Mood; text: string } {
    const measured = readings.filter((reading) => reading.watts !== undefined);
    const whole = measured.find((reading) => reading.device === device);
    const watts = whole?.watts ?? measured.reduce((sum, reading) => sum + (reading.watts ?? 0), 0);
    const missing = readings.length - measured.length;
    if (missing > 0) return { mood: "stale", text: `${watts.toFixed(1)} W, ${missing} of ${readings.length} missing` };
    const channels = readings.length > 1 && whole === undefined ? ` (${readings.length} channels)` : "";
    return { mood: "ok", text: `${watts.toFixed(1)} W${channels}` };
}

/**
 * What the status shows after failed polls: yellow while it may pass, red when it lasts, when the plug never answered,
 * or when a person has to do something.
 */
export function badStatus({ kind }: Trouble, failures: number, everRead: boolean): { mood: Mood; text: string } {
    const cause = shortly[kind] ?? "failed";
    if (kind === "auth" || kind === "config") return { mood: "error", text: cause };
    return { mood: everRead && failures < patience ? "stale" : "error", text: `${cause} for ${failures} poll${failures === 1 ? "" : "s"}` };
}

const units = [["watts", "W"], ["volts", "V"], ["amps", "A"], ["hertz", "Hz"], ["energyWh", "Wh"], ["temperature", "°C"]] as const;

/** A reading as the edit dialog's test shows it: "rack: 63.5 W, 230.5 V, relay on". */
export function describeReading(reading: Reading): string {
    const values = units.flatMap(([quantity, unit]) => (reading[quantity] === undefined ? [] : [`${reading[quantity]} ${unit}`]));
    const flags = (reading.flags ?? []).map((flag) => flag.replaceAll("_", " "));
    const failure = reading.quality === "good" ? [] : [`${reading.quality} (${reading.error ?? "no cause given"})`];
    return `${reading.device}: ${[...values, ...flags, ...failure].join(", ")}`;
}
