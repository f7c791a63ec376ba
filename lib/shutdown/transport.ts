/** How a command ended. */
export type CommandEnd =
    | { end: "exit"; code: number; output: string }
    | { end: "signal"; signal: string; output: string }
    /** The host accepted the command, then the connection was gone: what a successful power-off looks like. `why`: "does not answer any more", where that is known. */
    | { end: "lost"; output: string; why?: string };

/** How long to wait for what a failed program still has to say, ms. */
export const lastWordsMs = 100;

/** @param exit as Node and ssh2 give it: a code, or none and the signal; undefined when nobody told */
export function commandEnd(exit: { code: number | null; signal: string } | undefined, output: string): CommandEnd {
    if (exit === undefined) return { end: "lost", output };
    return exit.code === null ? { end: "signal", signal: exit.signal, output } : { end: "exit", code: exit.code, output };
}

/** How long to wait, after the exit, for the end of an output that is wanted whole, ms: a daemon left behind keeps it open. */
export const wholeOutputMs = 1000;

/** Takes a program's whole output as it comes. False: that was enough, the program is not waited for any more. */
export interface OutputTap {
    stdout(chunk: Buffer): boolean;
    stderr(chunk: Buffer): boolean;
}

/** A way to a host, good for one run: one connection, opened once and again after it was lost. */
export interface Transport {
    /** Does nothing while connected. @throws Trouble */
    connect(): Promise<void>;
    /**
     * Runs a program and acts on its exit, without waiting for a channel or a pipe to close.
     * @param deadlineMs longest time in ms, then "timeout"; the program may go on
     * @param tap gets the whole output; the run then ends with the output, or a second after the exit
     * @throws Trouble: not connected, the host did not accept the command, timeout, garbage (the tap had enough)
     */
    run(argv: readonly string[], deadlineMs: number, tap?: OutputTap): Promise<CommandEnd>;
    /** Lets go of everything at once; what is under way ends with a Trouble of kind "stopped". */
    close(): void;
}

/** What a host is to the runner: whether its account needs sudo, and a fresh way to it. */
export interface HostAccess {
    /** The account is root already. */
    root: boolean;
    /** Where it is, to look whether it is up; undefined for this machine. */
    address?: { host: string; port: number };
    /** Changes with everything that a login depends on: address, account, key, how the host proves itself. */
    way?: string;
    /** Fingerprint of the key by which the host must prove itself, where it is known before the login. */
    hostKey?: string;
    /** The host lets this key run the plan's commands and nothing else; a drill makes sure of it. */
    confined?: true;
    open(): Transport;
}

/** Longest part of a program's output that is kept, bytes; the rest is read and dropped. */
const keptBytes = 4096;

/** Collects the last of what a program writes, however much it writes. */
export class OutputTail {
    #tail = Buffer.alloc(0);

    readonly take = (chunk: Buffer): void => {
        this.#tail = Buffer.concat([this.#tail, chunk.subarray(-keptBytes)]).subarray(-keptBytes);
    };

    /** The last line, printable and at most 200 characters: what an error message of a program usually is. */
    text(): string {
        const lines = this.#tail.toString("utf8").replace(/[^\P{C}\n]/gu, "").split("\n").map((line) => line.trim());
        return lines.filter((line) => line !== "").at(-1)?.slice(0, 200) ?? "";
    }
}
