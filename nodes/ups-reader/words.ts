import { NutTrouble, type NutState } from "../../lib/devices/nut-trouble";
import { formatDuration } from "../../lib/kit/duration";
import type { Trouble, TroubleKind } from "../../lib/kit/trouble";
import type { Reading } from "../../lib/power/reading";
import type { Mood } from "../shared/status";

interface Status {
    mood: Mood;
    text: string;
}

/** What people must see of a status, the gravest first. */
const words: Readonly<Record<string, string>> = {
    FSD: "forced shutdown", LB: "battery low", OFF: "output off", OVER: "overload", BYPASS: "bypass", CAL: "calibrating", TEST: "testing", RB: "replace battery",
};

/**
 * The status after a good poll: "on mains, 100 %, 42 min", "on battery 2 min, 18 %, 4 min, battery low".
 * @param onBatterySince event time in ms, while on battery
 * @param refused the server refuses user and password
 */
export function goodStatus(reading: Reading, onBatterySince: number | undefined, refused: boolean): Status {
    const { mains, flags = [], charge, runtime } = reading;
    const supply = mains === "absent" ? onBatteryFor(reading, onBatterySince) : mains === "present" ? "on mains" : `status ${flags.join(" ") || "empty"}`;
    const found = Object.keys(words).find((flag) => flags.includes(flag));
    const parts = [supply, charge === undefined ? "" : `${Math.round(charge)} %`, runtime === undefined ? "" : wholeSeconds(runtime * 1000), found === undefined ? "" : words[found], refused ? "password refused" : ""];
    return { mood: moodOf(reading, found, refused), text: parts.filter((part) => part !== "").join(", ") };
}

function onBatteryFor({ at }: Reading, since: number | undefined): string {
    return since === undefined ? "on battery" : `on battery ${wholeSeconds(at - since)}`;
}

function moodOf({ mains, flags = [], testing }: Reading, found: string | undefined, refused: boolean): Mood {
    if (flags.includes("FSD") || (mains === "absent" && flags.includes("LB"))) return "critical";
    if (testing || flags.includes("CAL")) return "working";
    if (mains === "absent" || found !== undefined || refused) return "warning";
    return mains === "present" ? "ok" : "stale";
}

function wholeSeconds(ms: number): string {
    return formatDuration(Math.max(0, Math.round(ms / 1000)) * 1000);
}

/** After so many failed polls in a row the status no longer counts on the UPS coming back by itself. */
const patience = 3;

const byState: Partial<Record<NutState, string>> = { "data-stale": "stale data", "driver-not-connected": "driver gone", "unknown-ups": "no such UPS", "no-choice": "no UPS chosen", "tls": "no TLS" };
const byKind: Partial<Record<TroubleKind, string>> = {
    timeout: "no answer", refused: "refused", unreachable: "not reachable", closed: "hung up", garbage: "answer not understood", auth: "not allowed", config: "check the settings",
};

/**
 * The status after failed polls: "on battery 15 s ago, no answer". Red when it lasts, when the UPS was on battery or never
 * answered, and when a person has to do something.
 * @param last the last good reading
 */
export function badStatus(trouble: Trouble, failures: number, at: number, last: Reading | undefined, wasOnBattery: boolean): Status {
    const cause = (trouble instanceof NutTrouble ? byState[trouble.state] : undefined) ?? byKind[trouble.kind] ?? "failed";
    if (trouble.kind === "config" || trouble.kind === "auth") return { mood: "error", text: cause };
    if (last === undefined) return { mood: "error", text: `${cause} for ${failures} poll${failures === 1 ? "" : "s"}${wasOnBattery ? ", was on battery" : ""}` };
    const mood = !wasOnBattery && failures < patience ? "stale" : "error";
    return { mood, text: `${wasOnBattery ? "on battery" : last.mains === "present" ? "on mains" : "read"} ${wholeSeconds(at - last.at)} ago, ${cause}` };
}
