/** What a decider remembers of each stream it sees. Bounded: the least recently seen stream is forgotten first. */
export class Streams<State> {
    #states = new Map<string, State>();
    #newest: string | undefined;

    /** @param limit the most streams to remember */
    constructor(readonly limit = 512) {}

    get size(): number {
        return this.#states.size;
    }

    get(stream: string): State | undefined {
        return this.#states.get(stream);
    }

    set(stream: string, state: State): void {
        // To the end, unless it stands there already: a map that is always refilled is slow.
        if (stream !== this.#newest) this.#states.delete(stream);
        this.#newest = stream;
        this.#states.set(stream, state);
        if (this.#states.size <= this.limit) return;
        const oldest = this.#states.keys().next();
        if (!oldest.done) this.#states.delete(oldest.value);
    }

    /** All streams with their states, least recently seen first. */
    entries(): IterableIterator<[string, State]> {
        return this.#states.entries();
    }

    /** As a JSON document, least recently seen first. */
    toJSON(): { streams: [string, State][] } {
        return { streams: [...this.#states] };
    }
}

/** Streams from a JSON document; undefined when it is none, or when `parseState` does not believe one of its states. */
export function parseStreams<State>(value: unknown, parseState: (value: unknown) => State | undefined): Streams<State> | undefined {
    const entries = (value as { streams?: unknown } | null | undefined)?.streams;
    if (!Array.isArray(entries)) return undefined;
    const streams = new Streams<State>();
    for (const entry of entries as unknown[]) {
        if (!Array.isArray(entry) || typeof entry[0] !== "string") return undefined;
        const state = parseState(entry[1]);
        if (state === undefined) return undefined;
        streams.set(entry[0], state);
    }
    return streams;
}
