import { amountIn } from "./command";
import { valueAt } from "./channels";

/** The JSON in a tool's output, which warnings may surround. Undefined when there is none. */
export function jsonIn(text: string): unknown {
    const lines = text.split("\n");
    const start = lines.findIndex((line) => /^\s*[[{]/.test(line));
    const end = lines.findLastIndex((line) => /[\]}]\s*$/.test(line));
    if (start === -1 || end < start) return undefined;
    try {
        return JSON.parse(lines.slice(start, end + 1).join("\n"));
    } catch {
        return undefined;
    }
}

/** The first amount that one of the paths leads to: a number, a text with a unit, or {value, unit}. */
export function amountAt(value: unknown, ...paths: readonly string[][]): number | undefined {
    for (const path of paths) {
        const found = valueAt(value, ...path);
        const amount = amountIn(valueAt(found, "value") ?? found);
        if (amount !== undefined) return amount;
    }
    return undefined;
}

/** The text there, unless it says that there is none. */
export function wordAt(value: unknown, ...path: string[]): string | undefined {
    const found = valueAt(value, ...path);
    return typeof found === "string" && !/^\s*(?:N\/A.*|)\s*$/i.test(found) ? found.trim() : undefined;
}
