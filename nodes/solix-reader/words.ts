import type { Alert } from "../../lib/alerts/alert";
import type { Mode } from "../../lib/devices/anker-duty";
import type { MonitorEvent } from "../../lib/devices/anker-monitor";
import { formatDuration } from "../../lib/kit/duration";
import type { Trouble } from "../../lib/kit/trouble";
import type { Reading } from "../../lib/power/reading";
import type { Mood } from "../shared/status";

/** The status after a reading: "82 %, 310 W, FAST", "stale 12 min, about 64 %", "no data". Only measured data are green. */
export function readingStatus({ quality, charge, watts, at, estimated, flags }: Reading, mode: Mode): { mood: Mood; text: string } {
    if (quality === "missing") return { mood: "error", text: "no data" };
    if (quality === "stale") return { mood: "stale", text: `stale ${formatDuration(at - (estimated?.since ?? at))}, about ${Math.round(charge ?? 0)} %` };
    const parts = [charge === undefined ? "" : `${charge} %`, watts === undefined ? "" : `${Math.round(watts)} W`, flags?.includes("CHRG") ? "charging" : "", mode === "fast" ? "FAST" : ""];
    return { mood: mode === "fast" ? "warning" : "ok", text: parts.filter((part) => part !== "").join(", ") };
}

/** The status when the station can't be heard: red when a person has to do something. */
export function troubleStatus({ kind, message }: Trouble): { mood: Mood; text: string } {
    const text = message.replace(/^Anker (cloud|broker): /, "");
    return { mood: kind === "config" || kind === "auth" ? "error" : "stale", text };
}

const severities = { mode: "warning", stale: "warning", fresh: "info", "auto-off": "warning" } as const;

/** An event as an alert, which an alert node sends as it is. */
export function alertOf(event: MonitorEvent, device: string, at: number): Alert {
    const severity = event.kind === "mode" && event.mode === "normal" ? "info" : severities[event.kind];
    return { severity, title: device, detail: event.text.replace(`${device}: `, ""), text: "", at, key: `${device} ${event.kind}` };
}
