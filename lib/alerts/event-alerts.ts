import { formatDuration } from "../kit/duration";
import { powerEventKinds, type PowerEvent, type PowerEventKind } from "../power/power-event";
import { streamOf } from "../power/reading";
import type { Alert, Told } from "./alert";

interface Words extends Pick<Told, "severity" | "symbol" | "title" | "good"> {
    /** What it is about: events of one subject have one key, so that only a repeat of the latest of them is one. */
    about: string;
    /** A sentence for those who do not know the word. */
    means?: string;
}

const well = { severity: "info", symbol: "✅", good: true } as const;
const note = { severity: "info", symbol: "⚡" } as const;
const warning = { severity: "warning", symbol: "⚠️" } as const;
const alarm = { severity: "critical", symbol: "🔴" } as const;

/** S3's names of what happens, where it has one. S3 and Eneru never mute what is not `info` here. */
const words: Record<PowerEventKind, Words> = {
    "on-battery": { ...warning, about: "mains", title: "ON BATTERY" },
    "on-mains": { ...well, about: "mains", title: "POWER RESTORED" },
    "connection-lost": { ...warning, about: "connection", title: "CONNECTION LOST" },
    "connection-restored": { ...well, about: "connection", title: "CONNECTION RESTORED" },
    "connection-flapping": { ...warning, about: "flapping", title: "CONNECTION UNSTABLE" },
    "credentials-refused": { ...alarm, about: "credentials", title: "NUT LOGIN REFUSED", means: "The UPS may still be read, but not trusted to protect: mend the login." },
    "credentials-accepted": { ...well, about: "credentials", title: "NUT LOGIN ACCEPTED" },
    "low-battery": { ...alarm, about: "low-battery", title: "LOW BATTERY" },
    "low-battery-ended": { ...well, about: "low-battery", title: "BATTERY NO LONGER LOW" },
    "replace-battery": { ...warning, about: "replace-battery", title: "BATTERY NEEDS REPLACING" },
    "replace-battery-ended": { ...well, about: "replace-battery", title: "BATTERY IS GOOD AGAIN" },
    "overload": { ...alarm, about: "overload", title: "OVERLOAD ACTIVE", means: "In an outage it would switch off at once." },
    "overload-ended": { ...well, about: "overload", title: "OVERLOAD RESOLVED" },
    "bypass": { ...alarm, about: "bypass", title: "BYPASS MODE ACTIVE", means: "Nothing is protected." },
    "bypass-ended": { ...well, about: "bypass", title: "BYPASS MODE INACTIVE" },
    "output-off": { ...alarm, about: "output", title: "OUTPUT OFF" },
    "output-on": { ...well, about: "output", title: "OUTPUT ON" },
    "boost": { ...note, about: "regulation", title: "AVR BOOST ACTIVE" },
    "trim": { ...note, about: "regulation", title: "AVR TRIM ACTIVE" },
    "regulation-ended": { ...well, about: "regulation", title: "AVR INACTIVE" },
    "brownout": { ...warning, about: "voltage", title: "BROWNOUT DETECTED" },
    "over-voltage": { ...warning, about: "voltage", title: "OVER-VOLTAGE DETECTED" },
    "voltage-normal": { ...well, about: "voltage", title: "VOLTAGE NORMALIZED" },
    "nominal-voltage": { ...note, about: "nominal", title: "NOMINAL VOLTAGE" },
    "calibration": { ...note, about: "calibration", title: "CALIBRATION", means: "It runs on battery on purpose; that is no outage." },
    "calibration-ended": { ...well, about: "calibration", title: "CALIBRATION ENDED" },
    "forced-shutdown": { ...alarm, about: "forced-shutdown", title: "FORCED SHUTDOWN", means: "The UPS server asks everybody to shut down now." },
    "forced-shutdown-ended": { ...well, about: "forced-shutdown", title: "FORCED SHUTDOWN ENDED" },
};

/** The alert of what happens to a UPS. An outage that ends before its beginning was told becomes "Brief outage: 5 s". */
export function eventAlert(event: PowerEvent): Alert {
    const { kind, device, at, since, detail, simulated } = event;
    const { about, means, ...told } = words[kind];
    const lastedMs = since === undefined || since > at ? undefined : at - since;
    const lines = [detail ?? (lastedMs === undefined ? undefined : `after ${formatDuration(lastedMs)}`), means];
    return {
        ...told, detail: device, text: lines.filter((line) => line !== undefined).join("\n"), at, key: `ups/${streamOf(event)}/${about}`,
        ...(kind === "on-battery" && { opens: true }),
        ...(kind === "on-mains" && { closes: briefOutage(event, lastedMs) }),
        ...(simulated && { simulated }),
    };
}

function briefOutage({ device, detail }: PowerEvent, lastedMs: number | undefined): Told {
    const length = lastedMs === undefined ? "" : `: ${formatDuration(Math.max(1000, Math.round(lastedMs / 1000) * 1000))}`;
    // Hours can pass before a beginning is told when the network is away: then it was an outage, but not a brief one.
    const brief = lastedMs === undefined || lastedMs < 60_000;
    return { ...well, title: `${brief ? "Brief outage" : "Outage, over"}${length}`, detail: device, text: detail === undefined || brief ? "" : detail };
}

/** Whether a foreign value is such an event. */
export function isPowerEvent(value: unknown): value is PowerEvent {
    if (typeof value !== "object" || value === null) return false;
    const { kind, device, at, since, detail } = value as Record<string, unknown>;
    return powerEventKinds.some((known) => known === kind) && typeof device === "string" && Number.isFinite(at)
        && (since === undefined || Number.isFinite(since)) && (detail === undefined || typeof detail === "string");
}
