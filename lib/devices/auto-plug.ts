import { toTrouble, Trouble, type TroubleKind } from "../kit/trouble";
import type { Reading } from "../power/reading";
import { subjectOf, type PlugOptions, type PowerSource } from "./power-source";

/** From the answer of the right protocol to the silence of a wrong one: the failure that says most comes first. */
const tellingFirst: readonly TroubleKind[] = ["auth", "busy", "config", "failed", "disk", "garbage", "closed", "timeout", "refused", "unreachable", "stopped"];
/** These come only from a device that speaks the protocol. */
const understood: readonly TroubleKind[] = ["auth", "busy", "config", "failed"];

/** Finds out which protocol a plug speaks: asks in all at once, keeps to the one that answered, asks again in all after a failure. */
export class AutoPlug implements PowerSource {
    #spoken: PowerSource | undefined;

    constructor(readonly options: PlugOptions, readonly sources: Readonly<Record<string, PowerSource>>) {}

    async read(signal: AbortSignal): Promise<Reading[]> {
        if (this.#spoken === undefined) return this.#probe(signal);
        try {
            return await this.#spoken.read(signal);
        } catch (error) {
            if (!understood.includes(toTrouble(error, subjectOf(this.options)).kind)) this.#spoken = undefined;
            throw error;
        }
    }

    async close(): Promise<void> {
        await Promise.all(Object.values(this.sources).map((source) => source.close()));
    }

    async #probe(signal: AbortSignal): Promise<Reading[]> {
        const decided = new AbortController();
        const either = AbortSignal.any([signal, decided.signal]);
        try {
            const { source, readings } = await Promise.any(Object.values(this.sources).map(async (source) => ({ source, readings: await source.read(either) })));
            this.#spoken = source;
            return readings;
        } catch (error) {
            throw error instanceof AggregateError ? this.#summary(error.errors) : error;
        } finally {
            decided.abort();
        }
    }

    /** One trouble for the failures of all protocols, which come in the order of `sources`. */
    #summary(errors: readonly unknown[]): Trouble {
        const subject = subjectOf(this.options);
        const troubles = errors.map((error) => toTrouble(error, subject));
        const [worst = new Trouble("failed", `${subject}: nothing to ask`)] = [...troubles].sort((a, b) => tellingFirst.indexOf(a.kind) - tellingFirst.indexOf(b.kind));
        if (understood.includes(worst.kind)) return worst;
        const each = Object.keys(this.sources).map((name, index) => `${name}: ${(troubles[index]?.message ?? "").replace(`${subject}: `, "")}`);
        return new Trouble(worst.kind, `${subject}: no plug answers (${each.join("; ")})`, undefined, { cause: worst });
    }
}
