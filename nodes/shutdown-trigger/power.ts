import { powerStates } from "../../lib/power/power-state";
import type { TriggerInput } from "../../lib/power/trigger-input";

/** What a classifier before the trigger has put on the message; nothing where it is not well formed. Conclusive is only what plainly says so. */
export function powerIn(value: unknown): NonNullable<TriggerInput["power"]> | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const { state: name, since, conclusive } = value as Record<string, unknown>;
    const state = [...powerStates, "UNKNOWN" as const].find((known) => known === name);
    if (state === undefined || typeof since !== "number" || !Number.isFinite(since)) return undefined;
    return { state, since, conclusive: conclusive === true };
}
