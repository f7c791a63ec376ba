import { rm } from "node:fs/promises";
import { removeLeftovers, writeAtomic } from "../kit/atomic-file";
import { systemClock, type Clock } from "../kit/clock";
import { checksum, readOwn } from "../kit/own-file";
import { forgetAside, setAside } from "../kit/set-aside";
import { Trouble } from "../kit/trouble";
import { settled, writes } from "../kit/writers";

/** What was found on the disk. */
export type Loaded<T> =
    | { kind: "none" }
    | { kind: "loaded"; value: T }
    /** The file was no valid state: it was moved to `movedTo`, where the disk allowed that, and is not obeyed. */
    | { kind: "set-aside"; movedTo: string };

/**
 * A small JSON document that survives crashes and power cuts. Saves are serialized; while one is being written, only
 * the newest of those waiting is kept. It carries its own checksum: what was changed behind our back is not believed.
 */
export class StateFile<T> {
    #waiting: { value: T; promise: Promise<void> } | undefined;

    constructor(readonly path: string, readonly parse: (value: unknown) => T | undefined, readonly clock: Clock = systemClock) {}

    /**
     * @param signal nobody waits for it any more: what is there by then stays
     * @throws the system's error when the file exists and cannot be read.
     */
    async load(signal?: AbortSignal): Promise<Loaded<T>> {
        await this.settled();
        await removeLeftovers(this.path, this.clock.wall());
        const text = await readOwn(this.path).catch((error: unknown) => {
            if (error instanceof Trouble && error.kind === "garbage") return "";
            throw error;
        });
        if (text === undefined) return { kind: "none" };
        const value = this.#parseText(text);
        if (value !== undefined) return { kind: "loaded", value };
        signal?.throwIfAborted();
        return { kind: "set-aside", movedTo: await setAside(this.path, this.clock.wall()) };
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
        entry.promise = this.#inTurn(() => {
            this.#waiting = undefined;
            return writeAtomic(this.path, `${sealed(JSON.stringify(entry.value))}\n`);
        });
        return entry.promise;
    }

    /** Resolves when no save is under way. */
    settled(): Promise<void> {
        return settled(this.path);
    }

    /** Removes the document, and what was set aside of it, after the saves under way. */
    remove(): Promise<void> {
        return this.#inTurn(async () => {
            await rm(this.path, { force: true });
            await forgetAside(this.path);
        });
    }

    #inTurn(work: () => Promise<void>): Promise<void> {
        return writes(this.path, settled(this.path).then(work));
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
