import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import { systemClock } from "./clock";

/** Names the time since this machine was switched on: another value means that it was off or rebooted in between. */
export function bootId(): string {
    try {
        return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    } catch {
        // Not Linux: the minute of the start, which the clock's resolution keeps steady.
        return `up since ${Math.round((systemClock.wall() / 1000 - uptime()) / 60)}`;
    }
}

/** This machine. Tests switch it off and on. */
export const machine = { boot: bootId() };
