import { isTaintedMessage } from "../../lib/shutdown/gate";

/**
 * Whether a message says that machines are about to be shut down, or that nothing of the kind is to be expected. Undefined:
 * neither, or it is made up: no connection is opened for a rehearsal.
 */
export function supplyOf(msg: Record<string, unknown>): "failing" | "fine" | undefined {
    if (isTaintedMessage(msg)) return undefined;
    const { verdict, event, power, reading } = msg as Record<string, Record<string, unknown> | null | undefined>;
    if (verdict?.supply === "battery" || event?.kind === "on-battery" || reading?.mains === "absent") return "failing";
    if (power?.state === "WARNING" || power?.state === "ALERT" || power?.state === "CRITICAL") return "failing";
    if (verdict?.supply === "mains" || event?.kind === "on-mains" || reading?.mains === "present" || power?.state === "HEALTHY") return "fine";
    return undefined;
}

/** Whose supply a message tells of; "" when it does not say. */
export function sourceOf(msg: Record<string, unknown>): string {
    const { verdict, event, power, reading } = msg as Record<string, Record<string, unknown> | null | undefined>;
    const measured = (reading ?? power?.reading) as Record<string, unknown> | null | undefined;
    const names = [verdict?.stream, event?.device, measured?.device];
    return names.find((name): name is string => typeof name === "string") ?? "";
}
