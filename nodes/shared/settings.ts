/** A node's configuration as the editor stored it: numbers arrive as strings after one edit in the dialog. */
export type StoredConfig = Readonly<Record<string, unknown>>;

interface NumberRule {
    fallback: number;
    min?: number;
    max?: number;
    integer?: boolean;
}

/**
 * Reads a stored configuration field by field and collects what is wrong with it, so that a node can say all of it at
 * once. An empty or absent field takes its fallback; a wrong one takes its fallback too and is a problem.
 */
export class Settings {
    readonly problems: string[] = [];
    constructor(readonly stored: StoredConfig) {}

    number(key: string, { fallback, min = -Infinity, max = Infinity, integer = false }: NumberRule): number {
        const raw = this.stored[key];
        if (isEmpty(raw)) return fallback;
        const value = typeof raw === "number" ? raw : typeof raw === "string" ? Number(raw) : NaN;
        if (!Number.isFinite(value) || (integer && !Number.isInteger(value))) return this.#wrong(key, `is not a${integer ? " whole" : ""} number`, fallback);
        if (value < min || value > max) return this.#wrong(key, `must be ${bounds(min, max)}`, fallback);
        return value;
    }

    text(key: string, fallback = ""): string {
        const raw = this.stored[key];
        if (isEmpty(raw)) return fallback;
        if (typeof raw === "number") return String(raw);
        return typeof raw === "string" ? raw.trim() : this.#wrong(key, "is not a text", fallback);
    }

    /** Only true and false are booleans: the text "false" is a mistake, never a switch. */
    boolean(key: string, fallback: boolean): boolean {
        const raw = this.stored[key];
        if (isEmpty(raw)) return fallback;
        return typeof raw === "boolean" ? raw : this.#wrong(key, `is ${JSON.stringify(raw)}, which is neither true nor false`, fallback);
    }

    choice<C extends string>(key: string, choices: readonly C[], fallback: C): C {
        const raw = this.stored[key];
        if (isEmpty(raw)) return fallback;
        const found = choices.find((choice) => choice === raw);
        return found ?? this.#wrong(key, `must be one of ${choices.join(", ")}`, fallback);
    }

    list(key: string): readonly unknown[] {
        const raw = this.stored[key];
        if (isEmpty(raw)) return [];
        return Array.isArray(raw) ? raw : this.#wrong(key, "is not a list", []);
    }

    problem(text: string): void {
        this.problems.push(text);
    }

    #wrong<T>(key: string, what: string, fallback: T): T {
        this.problems.push(`${key} ${what}`);
        return fallback;
    }
}

function isEmpty(raw: unknown): boolean {
    return raw === undefined || raw === null || (typeof raw === "string" && raw.trim() === "");
}

function bounds(min: number, max: number): string {
    if (max === Infinity) return `at least ${min}`;
    return min === -Infinity ? `at most ${max}` : `between ${min} and ${max}`;
}

/** One step of a configuration's history: `up` turns a configuration of version `to - 1` into one of version `to`. */
export interface Migration {
    to: number;
    up(stored: StoredConfig): StoredConfig;
}

/** A stored configuration brought up to date by every step after its own version (1 when it has none). */
export function migrate(stored: StoredConfig, steps: readonly Migration[]): StoredConfig {
    const version = Number(stored.version ?? 1) || 1;
    return steps
        .filter((step) => step.to > version)
        .sort((a, b) => a.to - b.to)
        .reduce((config, step) => ({ ...step.up(config), version: step.to }), stored);
}
