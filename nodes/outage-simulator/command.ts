import { Trouble } from "../../lib/kit/trouble";
import { outageNamed, outageNames, type OutageName } from "../../lib/power/outages";
import { fastest, slowest, type SimulatorConfig } from "./config";

/** What a simulator is told to do. */
export type Command = { do: "stop" } | { do: "start"; outage: OutageName; speed: number };

/**
 * Reads a payload: the name of an outage, "start" (the one of the settings), "stop", or `{outage, speed}`.
 * @throws Trouble of kind "garbage" for anything else
 */
export function parseCommand(payload: unknown, usual: Pick<SimulatorConfig, "outage" | "speed">): Command {
    if (typeof payload === "string") return named(payload, usual.speed, usual.outage);
    if (typeof payload !== "object" || payload === null || Array.isArray(payload)) throw notUnderstood();
    const { outage, speed } = payload as { outage?: unknown; speed?: unknown };
    if (outage !== undefined && typeof outage !== "string") throw notUnderstood();
    return named(outage ?? "start", speed === undefined ? usual.speed : speedFrom(speed), usual.outage);
}

function named(name: string, speed: number, usual: OutageName): Command {
    const word = name.trim().toLowerCase();
    if (word === "stop") return { do: "stop" };
    if (word === "start") return { do: "start", outage: usual, speed };
    const outage = outageNamed(name);
    if (outage === undefined) throw notUnderstood();
    return { do: "start", outage: outage.name, speed };
}

function speedFrom(value: unknown): number {
    const speed = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (typeof speed === "number" && speed >= slowest && speed <= fastest) return speed;
    throw new Trouble("garbage", `speed must be between ${slowest} and ${fastest}`);
}

function notUnderstood(): Trouble {
    return new Trouble("garbage", `no outage started: expected ${outageNames.map((name) => `"${name}"`).join(", ")}, "start", "stop" or {outage, speed}`);
}
