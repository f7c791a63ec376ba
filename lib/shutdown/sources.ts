import type { Clock } from "../kit/clock";
import { fakeMark, type ShutdownCommand } from "../power/command";

/** What a stream has said last. Times are event times in ms. */
interface Said {
    action: ShutdownCommand["action"];
    /** When it was decided; see ShutdownCommand.at. */
    at: number;
    /** Whether anything followed from it. */
    acted: boolean;
    /** Something may follow from it later. */
    open: boolean;
}

/** As many streams as a classifier keeps. */
const mostStreams = 512;
/** Longest silence of a source that counts as one that speaks, ms. */
const silentMs = 5 * 60_000;

/** What a sequencer hears of each stream: what it said last, and that it speaks at all. */
export class Sources {
    readonly #said = new Map<string, Said>();
    readonly #spoke = new Map<string, number>();

    constructor(readonly clock: Clock) {}

    /**
     * Whether a command says what its stream has said before: a state that comes with every reading is looked at once (but for one
     * that something may follow from later), and so is a change told twice.
     */
    isOld({ stream, action, at }: ShutdownCommand, level: boolean): boolean {
        this.speaks(stream);
        const before = this.#said.get(stream);
        return before?.action === action && (level ? !before.open : before.acted && before.at === at);
    }

    /** @param open it is to be looked at again, as often as it is said */
    hear({ stream, action, at }: ShutdownCommand, acted: boolean, open = false): void {
        keep(this.#said, stream, { action, at, acted, open });
    }

    /** Whether a stream speaks for itself, and has said that its power is lost. */
    isOut(stream: string): boolean {
        return this.#isHeard(stream) && this.#said.get(stream)?.action === "shutdown";
    }

    #isHeard(stream: string): boolean {
        const spoke = this.#spoke.get(stream);
        return spoke !== undefined && Math.abs(this.clock.now() - spoke) <= silentMs;
    }

    /** A stream has a say about its power, and decides nothing. */
    speaks(stream: string): void {
        keep(this.#spoke, stream, this.clock.now());
    }

    /**
     * Whether a device speaks for itself, and has not said that its power is lost.
     * @param simulated asks for a rehearsal: there a simulation of the device counts before the device itself
     */
    isUp(device: string, simulated: boolean): boolean {
        const fake = `${device}${fakeMark}`;
        const stream = simulated && this.#spoke.has(fake) ? fake : device;
        return this.#isHeard(stream) && this.#said.get(stream)?.action !== "shutdown";
    }
}

function keep<V>(map: Map<string, V>, stream: string, value: V): void {
    map.delete(stream);
    map.set(stream, value);
    const [oldest] = map.keys();
    if (map.size > mostStreams && oldest !== undefined) map.delete(oldest);
}
