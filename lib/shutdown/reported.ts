/** The names that hosts report to have stopped, step by step: from every attempt and every life of the run. */
export class Reported {
    readonly #names = new Map<string, readonly string[]>();

    /** In the order in which they were first reported. */
    of(step: string): readonly string[] {
        return this.#names.get(step) ?? [];
    }

    /** @returns those that were not known */
    add(step: string, names: readonly string[]): string[] {
        const known = this.of(step);
        const fresh = [...new Set(names)].filter((name) => !known.includes(name));
        if (fresh.length > 0) this.#names.set(step, [...known, ...fresh]);
        return fresh;
    }
}
