import { rename, rm } from "node:fs/promises";
import { removeLeftovers, writeAtomic } from "../kit/atomic-file";
import { systemClock, type Clock } from "../kit/clock";
import { checksum, readOwn } from "../kit/own-file";
import { Trouble } from "../kit/trouble";

/** What was found on the disk. */
export type Loaded<T> =
    | { kind: "none" }
    | { kind: "loaded"; value: T }
    /** The file was no valid state: it was moved to `movedTo` and is not obeyed. */
    | { kind: "set-aside"; movedTo: string };

/**
 * A small JSON document that survives crashes and power cuts. Saves are serialized; while one is being written, only
 * the newest of those waiting is kept. It carries its own checksum: what was changed behind our back is not believed.
 */
export class StateFile<T> {
    #waiting: { value: T; promise: Promise<void> } | undefined;
    #writing: Promise<void> = Promise.resolve();

    constructor(readonly path: string, readonly parse: (value: unknown) => T | undefined, readonly clock: Clock = systemClock) {}

    /** @throws the system's error when the file exists and cannot be read. */
    async load(): Promise<Loaded<T>> {
        await removeLeftovers(this.path, this.clock.wall());
        const text = await readOwn(this.path).catch((error: unknown) => {
            if (error instanceof Trouble && error.kind === "garbage") return "";
            throw error;
        });
        if (text === undefined) return { kind: "none" };
        const value = this.#parseText(text);
        if (value !== undefined) return { kind: "loaded", value };
        const movedTo = `${this.path}.bad-${this.clock.wall()}`;
        await rename(this.path, movedTo);
        return { kind: "set-aside", movedTo };
    }

    /** Resolves when `value`, or a newer one, is on the disk. @throws the system's error (ENOSPC, EROFS ...). */
    save(value: T): Promise<void> {
        if (this.#waiting !== undefined) {
            this.#waiting.value = value;
            return this.#waiting.promise;
        }
        // Put into words when its turn comes: of many saves in a row only some are written.
        const entry = { value, promise: Promise.resolve() };
        this.#waiting = entry;
        entry.promise = this.#writing.then(() => {
            this.#waiting = undefined;
            return writeAtomic(this.path, `${sealed(JSON.stringify(entry.value))}\n`);
        });
        this.#writing = entry.promise.catch(() => undefined);
        return entry.promise;
    }

    /** Resolves when no save is under way. */
    async settled(): Promise<void> {
        await this.#writing;
    }

    /** Removes the document after the saves under way. */
    async remove(): Promise<void> {
        await this.settled();
        await rm(this.path, { force: true });
    }

    #parseText(text: string): T | undefined {
        try {
            const document: unknown = JSON.parse(text);
            if (typeof document !== "object" || document === null || !(seal in document)) return this.parse(document);
            const { [seal]: mark, ...value } = document;
            return mark === checksum(JSON.stringify(value)) ? this.parse(value) : undefined;
        } catch {
            return undefined;
        }
    }
}

/** Documents of older versions have none. */
const seal = "checksum";

function sealed(document: string): string {
    return document.startsWith("{") && document !== "{}" ? `{"${seal}":"${checksum(document)}",${document.slice(1)}` : document;
}
