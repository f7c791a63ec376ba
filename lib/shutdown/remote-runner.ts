import { hangingTool, longestOutput, toolFolders, type CommandLimits } from "../devices/command";
import { HoldOff } from "../devices/hold-off";
import type { ProgramOutput } from "../kit/child-process";
import { systemClock, type Clock } from "../kit/clock";
import { withDeadline } from "../kit/deadline";
import { toTrouble, Trouble } from "../kit/trouble";
import type { HostAccess, Transport } from "./transport";

/**
 * Runs measuring tools on another host. The connection stays open from poll to poll, is shared by commands that run at the same
 * time, and is opened anew after it was lost. A host that refuses us is left alone for a while.
 */
export class RemoteRunner {
    #access: HostAccess | undefined;
    #transport: Transport | undefined;
    #connecting: Promise<void> | undefined;
    /** The host has no timeout(1) that would end a tool which hangs there after we gave it up. */
    #untimed = false;
    readonly #holdOff: HoldOff;

    /** @param access the way to the host as it is set up now; another object means that it was set up anew */
    constructor(readonly name: string, readonly access: () => HostAccess, clock: Clock = systemClock) {
        this.#holdOff = new HoldOff(clock);
    }

    /** A CommandRunner. */
    readonly run = (argv: readonly string[], { deadlineMs, signal }: CommandLimits): Promise<ProgramOutput> =>
        // A little more than the tool itself gets: its own deadline says best what hangs.
        withDeadline({ ms: deadlineMs + 250, subject: this.#subject, signal }, async () => {
            const transport = await this.#connect();
            const output = await this.#capture(transport, argv, deadlineMs);
            if (this.#untimed || !isAboutTimeout(output, argv)) return output;
            this.#untimed = true;
            return this.#capture(transport, argv, deadlineMs);
        });

    close(): void {
        this.#transport?.close();
        this.#transport = undefined;
        this.#access = undefined;
    }

    get #subject(): string {
        return `host ${this.name}`;
    }

    async #connect(): Promise<Transport> {
        const access = this.access();
        if (access !== this.#access) this.close();
        this.#access = access;
        const transport = this.#transport ??= access.open();
        this.#holdOff.check();
        try {
            await (this.#connecting ??= transport.connect().finally(() => { this.#connecting = undefined; }));
            this.#holdOff.succeeded();
            return transport;
        } catch (error) {
            this.#holdOff.failed(toTrouble(error, this.#subject));
            throw error;
        }
    }

    async #capture(transport: Transport, argv: readonly string[], deadlineMs: number): Promise<ProgramOutput> {
        const kept = { stdout: new Kept(), stderr: new Kept() };
        const timed = this.#untimed ? [] : ["timeout", "-s", "KILL", String(Math.ceil(deadlineMs / 1000))];
        const end = await transport.run(["env", `PATH=${toolFolders.join(":")}`, "LC_ALL=C", ...timed, ...argv], deadlineMs, { stdout: kept.stdout.take, stderr: kept.stderr.take })
            .catch((error: unknown) => {
                if (error instanceof Trouble && error.kind === "garbage") throw new Trouble("garbage", `${this.#subject}: ${argv[0]} wrote more than ${longestOutput} bytes`);
                throw hangingTool(error, argv);
            });
        if (end.end === "lost") throw new Trouble("closed", `${this.#subject}: the connection was lost while ${argv[0]} ran`);
        return { code: end.end === "exit" ? end.code : null, stdout: kept.stdout.text(), stderr: kept.stderr.text() };
    }
}

/** Says "no such program" of timeout itself, not of the tool behind it. */
function isAboutTimeout({ code, stderr }: ProgramOutput, [tool = ""]: readonly string[]): boolean {
    return code !== 0 && /\btimeout\b/.test(stderr) && !stderr.includes(tool);
}

/** An output, up to a limit. */
class Kept {
    #chunks: Buffer[] = [];
    #bytes = 0;

    readonly take = (chunk: Buffer): boolean => {
        this.#bytes += chunk.length;
        this.#chunks.push(chunk);
        return this.#bytes <= longestOutput;
    };

    text(): string {
        return Buffer.concat(this.#chunks).toString("utf8");
    }
}
