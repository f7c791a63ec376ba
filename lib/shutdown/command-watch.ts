import { systemClock } from "../kit/clock";
import { Trouble } from "../kit/trouble";
import { commandEnd, lastWordsMs, OutputTail, wholeOutputMs, type CommandEnd, type OutputTap } from "./transport";

/** Who hears how a command ended. Only the first word counts. */
export interface CommandEar {
    /** As errors name it. */
    subject: string;
    resolve(end: CommandEnd): void;
    reject(trouble: Trouble): void;
    /** The channel is not needed any more. Called once. */
    letGo(): void;
}

/** Makes the end of a command out of what its channel tells: acts on the exit, after a moment for the last words. */
export class CommandWatch {
    #exit: { code: number | null; signal: string } | undefined;
    #over = false;
    readonly #output = new OutputTail();

    constructor(readonly ear: CommandEar, readonly tap?: OutputTap) {}

    stdout(chunk: Buffer): void {
        this.#take(chunk, this.tap?.stdout);
    }

    stderr(chunk: Buffer): void {
        this.#take(chunk, this.tap?.stderr);
    }

    #take(chunk: Buffer, tap: ((chunk: Buffer) => boolean) | undefined): void {
        if (this.#over) return;
        this.#output.take(chunk);
        if (tap === undefined || tap(chunk)) return;
        this.ear.reject(new Trouble("garbage", `${this.ear.subject}: wrote more than is wanted`));
        this.drop();
    }

    /** @param code none: a signal ended it */
    exited(code: number | null, signal: string): void {
        this.#exit = { code, signal };
        // Output may come behind the status: all of it, or the line that says why.
        if (this.tap !== undefined) systemClock.after(wholeOutputMs, () => this.closed());
        else if (code === 0) this.closed();
        else systemClock.after(lastWordsMs, () => this.closed());
    }

    /**
     * The channel is closed, or what it still has to say is not waited for.
     * @param why the connection was lost, where that is known
     */
    closed(why?: string): void {
        if (this.#over) return;
        const end = commandEnd(this.#exit, this.#output.text());
        this.ear.resolve(end.end === "lost" && why !== undefined ? { ...end, why } : end);
        this.drop();
    }

    /** Nobody waits any more. */
    drop(): void {
        if (this.#over) return;
        this.#over = true;
        this.ear.letGo();
    }
}
