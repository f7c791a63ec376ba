import type { PlanDrill } from "../shutdown/drill-book";
import type { HealthNews } from "../shutdown/health";
import type { Alert } from "./alert";

/** The alert of a drill that somebody asked for. */
export function drillAlert({ ok, at, text }: Pick<PlanDrill, "ok" | "at" | "text">): Alert {
    const [detail = "", ...lines] = text.split("\n");
    const told = { title: ok ? "DRILL" : "DRILL FAILED", detail, text: lines.join("\n"), at, key: "drill" };
    return ok ? { ...told, severity: "info", symbol: "✅", good: true } : { ...told, severity: "warning", symbol: "⚠️" };
}

/** The alert of a health check: an armed plan would not do all it should in an outage, or would again. */
export function healthAlert({ ok, at, text }: Pick<HealthNews, "ok" | "at" | "text">): Alert {
    const [detail = "", ...lines] = text.split("\n");
    const told = { detail, text: lines.join("\n"), at, key: "health" };
    return ok ? { ...told, title: "HOSTS ARE WELL AGAIN", severity: "info", symbol: "✅", good: true } : { ...told, title: "SHUTDOWN NOT CERTAIN", severity: "warning", symbol: "⚠️" };
}

/** Whether a foreign value is a drill, as far as it is told. */
export function isDrill(value: unknown): value is PlanDrill {
    return isTold(value) && "hosts" in value && Array.isArray(value.hosts);
}

/** Whether a foreign value is a health check's news, as far as it is told. */
export function isHealth(value: unknown): value is HealthNews {
    return isTold(value) && "changed" in value && Array.isArray(value.changed);
}

/** Whether a foreign value is what a sequencer answers to who asks what is known of its hosts: an answer for a screen, and no news. */
export function isArming(value: unknown): boolean {
    return typeof value === "object" && value !== null && "level" in value && "hosts" in value && Array.isArray(value.hosts);
}

function isTold(value: unknown): value is object {
    if (typeof value !== "object" || value === null) return false;
    const { ok, at, text } = value as Record<string, unknown>;
    return typeof ok === "boolean" && Number.isFinite(at) && typeof text === "string";
}
