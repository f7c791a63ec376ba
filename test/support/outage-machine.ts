import { Trouble } from "../../lib/kit/trouble";
import type { CommandEnd, Transport } from "../../lib/shutdown/transport";
import { ok } from "./fake-hosts";
import type { VirtualClock } from "./virtual-clock";

/** What a host does wrong, always. */
export type Fault = "none" | "hangs at login" | "hangs in a service" | "refuses";

/** A machine with services. Off, it answers nobody. */
export class Machine {
    readonly running: Set<string>;
    off = false;
    falls = 0;
    #countdown: (() => void) | undefined;
    /** @param fell hears that it went down as it was told */
    constructor(readonly clock: VirtualClock, readonly services: readonly string[], readonly fault: Fault, readonly slowMs: number, readonly fell: () => void = () => undefined) {
        this.running = new Set(services);
    }
    #fall(): void {
        this.cut();
        this.falls += 1;
        this.fell();
    }
    /** Its power is gone. */
    cut(): void {
        this.#countdown?.();
        this.#countdown = undefined;
        this.off = true;
    }
    /** Somebody switches it on: its services start with it. */
    boot(): void {
        this.off = false;
        this.services.forEach((service) => this.running.add(service));
    }
    /** @returns undefined when it went down meanwhile */
    obey(command: string): CommandEnd | undefined {
        if (this.off) return undefined;
        const stopped = /^systemctl stop -- (\S+)$/.exec(command)?.[1];
        const started = /systemctl start.* ridethrough (\S+) /s.exec(command)?.[1];
        if (stopped !== undefined) this.running.delete(stopped);
        if (started !== undefined) this.running.add(started);
        if (command === "poweroff") this.#fall();
        if (command === "shutdown -h +2") this.#countdown ??= this.clock.after(120_000, () => this.#fall());
        if (command === "shutdown -c") {
            this.#countdown?.();
            this.#countdown = undefined;
        }
        return ok;
    }
}

/**
 * A way to a machine.
 * @param lives whether the process is that goes this way; one that was killed hears nothing any more
 * @param told hears that it is told to go down
 */
export function wayTo(host: string, machine: Machine, lives: () => boolean, told: () => void): Transport {
    const { clock } = machine;
    const never = new Promise<never>(() => undefined);
    const after = <T>(ms: number, end: () => T): Promise<T> => new Promise((resolve, reject) => void clock.after(ms, () => {
        if (!lives()) return;
        try {
            resolve(end());
        } catch (error) {
            reject(error as Error);
        }
    }));
    const silent = (ms: number): Promise<never> => after(ms, () => { throw new Trouble("timeout", `host ${host}: no answer within ${ms / 1000} s`); });
    let close: (trouble: Trouble) => void = () => undefined;
    const closed = new Promise<never>((_resolve, reject) => { close = reject; });
    closed.catch(() => undefined);
    const open = <T>(work: Promise<T>): Promise<T> => Promise.race([work, closed, ...(lives() ? [] : [never])]);
    return {
        connect: () => open(machine.off || machine.fault === "hangs at login" ? silent(10_000) : machine.fault === "refuses" ? after(5, () => { throw new Trouble("auth", `host ${host}: does not accept our key`); }) : after(machine.slowMs / 10, () => undefined)),
        run: (argv, deadlineMs) => {
            const command = argv.join(" ");
            if (!lives()) return never;
            if (machine.off || (machine.fault === "hangs in a service" && command.startsWith("systemctl stop"))) return open(silent(deadlineMs));
            if (/^(?:poweroff|shutdown -h)/.test(command)) told();
            return open(after(Math.min(machine.slowMs, deadlineMs - 1), () => machine.obey(command)).then((end) => end ?? silent(deadlineMs)));
        },
        close: () => close(new Trouble("stopped", `host ${host}: stopped`)),
    };
}
