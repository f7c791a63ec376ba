import { systemClock, type Clock } from "../kit/clock";
import { toTrouble, type Trouble } from "../kit/trouble";
import type { Reading } from "../power/reading";
import type { NutServer } from "./nut-client";
import { failedReading, nutReading } from "./nut-reading";
import { NutTrouble } from "./nut-trouble";

/** What one poll of a UPS gave: a reading always; `trouble` when nothing was measured. */
export interface UpsPoll {
    reading: Reading;
    trouble?: Trouble;
}

/** One UPS of a NUT server. */
export class NutUpsSource {
    #found: string | undefined;

    /** @param ups its name in ups.conf; empty: the only one that the server has */
    constructor(readonly server: Pick<NutServer, "read" | "listUps" | "subject">, readonly ups: string, readonly device: string, readonly clock: Clock = systemClock) {}

    /** Measures once. Never rejects: a UPS that can't be read gives a missing or stale reading, so that deciders can count. */
    async read(signal: AbortSignal): Promise<UpsPoll> {
        try {
            const variables = await this.server.read(await this.#name(signal), signal);
            return { reading: nutReading(variables, this.device, this.clock.now()) };
        } catch (error) {
            const trouble = toTrouble(error, this.server.subject);
            if (trouble instanceof NutTrouble && trouble.state === "unknown-ups") this.#found = undefined;
            return { reading: failedReading(trouble, this.device, this.clock.now()), trouble };
        }
    }

    async #name(signal: AbortSignal): Promise<string> {
        if (this.ups !== "") return this.ups;
        if (this.#found !== undefined) return this.#found;
        const names = (await this.server.listUps(signal)).map(({ name }) => name);
        const [only, second] = names;
        if (only === undefined) throw new NutTrouble("unknown-ups", "config", `${this.server.subject}: the server has no UPS`, "see its ups.conf");
        if (second !== undefined) throw new NutTrouble("no-choice", "config", `${this.server.subject}: no UPS is chosen`, `the server has ${names.join(", ")}`);
        return (this.#found = only);
    }
}
