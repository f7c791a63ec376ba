/** A stretch of an outage. */
export interface Phase {
    mains: "present" | "absent";
    /** Simulated seconds, or until the battery is empty or full. */
    lasts: number | "until empty" | "until full";
    /** The longest simulated time between two readings, s. */
    everySeconds: number;
}

/** An outage to rehearse. */
export interface Outage {
    name: string;
    /** % of charge at which it begins, or less when the battery is set to less. Absent: it goes on from where the battery is. */
    fromCharge?: number;
    /** See Battery.derateBelow. */
    derateBelow: number;
    phases: readonly Phase[];
}

/** The ready-made outages. */
export const outages = [
    // A transfer that is over before anybody should be woken.
    { name: "blip", fromCharge: 100, derateBelow: 0, phases: [{ mains: "present", lasts: 10, everySeconds: 2 }, { mains: "absent", lasts: 8, everySeconds: 2 }, { mains: "present", lasts: 30, everySeconds: 2 }] },
    // S0's outage: the station gives way towards empty, so that its output falls through every state.
    { name: "slow drain", fromCharge: 25, derateBelow: 10, phases: [{ mains: "present", lasts: 120, everySeconds: 60 }, { mains: "absent", lasts: "until empty", everySeconds: 60 }, { mains: "absent", lasts: 600, everySeconds: 60 }] },
    // Full output to the last, then nothing: from HEALTHY to DEAD at once.
    { name: "cliff", fromCharge: 10, derateBelow: 0, phases: [{ mains: "present", lasts: 120, everySeconds: 60 }, { mains: "absent", lasts: "until empty", everySeconds: 60 }, { mains: "absent", lasts: 600, everySeconds: 60 }] },
    // Mains is back.
    { name: "restore", derateBelow: 0, phases: [{ mains: "present", lasts: 60, everySeconds: 60 }, { mains: "present", lasts: "until full", everySeconds: 60 }] },
] as const satisfies readonly Outage[];

export type OutageName = (typeof outages)[number]["name"];
export const outageNames: readonly OutageName[] = outages.map((outage) => outage.name);

/** The ready-made outage of that name, however it is spelt: "slow drain", "Slow-Drain", "slow_drain". */
export function outageNamed(name: string): (Outage & { name: OutageName }) | undefined {
    const plain = name.trim().toLowerCase().replace(/[\s_-]+/g, " ");
    return outages.find((outage) => outage.name === plain);
}
