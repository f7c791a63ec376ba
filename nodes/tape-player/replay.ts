import type { Speed } from "../../lib/stores/tape-deck";
import { clockTime, differences, isAsExpected, type TapeCheck } from "../../lib/stores/tape-check";
import type { Mood } from "../shared/status";

/** How a play stands, as `msg.replay` carries it. */
export interface Replay {
    tape: string;
    state: "playing" | "ended" | "stopped";
    speed: Speed;
    /** ms of the tape that have been played. */
    at: number;
    /** Readings that have been played, of how many. */
    readings: number;
    of: number;
    /** Of a play that has ended and whose verdicts came back to the player: how they compare with what the tape must lead to. */
    check?: TapeCheck;
    /** For people. */
    text: string;
}

/** What a play says in words: for the message, and shorter for the status. */
export function wordsOf({ tape, state, speed, at, check }: Omit<Replay, "text">): { text: string; mood: Mood; status: string } {
    const short = (status: string, mood: Mood, text = status): ReturnType<typeof wordsOf> => ({ text, mood, status });
    if (state === "playing") return short(`${tape} ${speed === "max" ? "at once" : `x${speed}`}: ${clockTime(at)}`, "rehearsal");
    if (state === "stopped") return short(`${tape}: stopped at ${clockTime(at)}`, "off");
    if (check === undefined) return short(`${tape}: ended`, "off");
    if (isAsExpected(check)) return short(`${tape}: as expected, ${check.met} of ${check.of}`, "ok");
    return short(`${tape}: not as expected, ${check.met} of ${check.of}`, "warning", `${tape}: not as expected: ${differences(check).join("; ")}`);
}
