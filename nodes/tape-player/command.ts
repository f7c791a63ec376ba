import { Trouble } from "../../lib/kit/trouble";
import type { Speed } from "../../lib/stores/tape-deck";
import { fastest, slowest, type PlayerConfig } from "./config";

/** What a player is told to do. */
export type Command = { do: "stop" } | ({ do: "play" } & PlayerConfig);

/**
 * Reads a payload: "play" (the tape of the settings), "stop", the name of a tape, or `{tape, speed}`.
 * @throws Trouble of kind "garbage" for anything else
 */
export function parseCommand(payload: unknown, usual: PlayerConfig): Command {
    if (typeof payload === "string" && payload.trim() !== "") return named(payload, usual.speed, usual.tape);
    if (typeof payload !== "object" || payload === null || Array.isArray(payload)) throw notUnderstood();
    const { tape, speed } = payload as { tape?: unknown; speed?: unknown };
    if (tape !== undefined && (typeof tape !== "string" || tape.trim() === "")) throw notUnderstood();
    return named(tape ?? "play", speed === undefined ? usual.speed : speedFrom(speed), usual.tape);
}

function named(name: string, speed: Speed, usual: string): Command {
    const word = name.trim().toLowerCase();
    if (word === "stop") return { do: "stop" };
    return { do: "play", tape: word === "play" || word === "start" ? usual : name.trim(), speed };
}

function speedFrom(value: unknown): Speed {
    if (value === "max") return "max";
    const speed = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (typeof speed === "number" && speed >= slowest && speed <= fastest) return speed;
    throw new Trouble("garbage", `speed must be between ${slowest} and ${fastest}, or "max"`);
}

function notUnderstood(): Trouble {
    return new Trouble("garbage", 'nothing played: expected "play", "stop", the name of a tape, or {tape, speed}');
}
