import type { Ask } from "./command";
import { ipmiPower } from "./ipmi-dcmi";
import { raplPower } from "./rapl";

/** What a whole host draws, as far as the host itself knows. */
export interface HostPower {
    source: "ipmi" | "rapl";
    watts: number;
}

/** Measures what a host draws. It remembers what it needs from poll to poll. */
export interface HostMeter {
    /** @returns undefined when the host has no such meter. @throws Trouble when it has one that can't be read */
    read(ask: Ask, subject: string): Promise<HostPower | undefined>;
}

/** How to measure: "auto" takes the server's own meter when there is one, else the processors' counters. */
export const hostMeters = ["none", "auto", "ipmi", "rapl"] as const;
export type HostMeterName = (typeof hostMeters)[number];

/** @returns undefined for "none" */
export function hostMeter(name: HostMeterName): HostMeter | undefined {
    switch (name) {
        case "none":
            return undefined;
        case "ipmi":
            return ipmiPower();
        case "rapl":
            return raplPower();
        case "auto":
            return firstPresent([ipmiPower(), raplPower()]);
    }
}

/** Keeps to the first meter that the host has. */
function firstPresent(meters: readonly HostMeter[]): HostMeter {
    let chosen: HostMeter | undefined;
    return {
        async read(ask, subject) {
            for (const meter of chosen === undefined ? meters : [chosen]) {
                const power = await meter.read(ask, subject);
                if (power === undefined) continue;
                chosen = meter;
                return power;
            }
            return undefined;
        },
    };
}
