import { sleep, type Clock } from "../kit/clock";
import { Trouble } from "../kit/trouble";

/** Anker's limit since February 2025 is 10 to 12 requests a minute for each endpoint (ha-anker-solix issues 214 and 227). */
const perMinute = 10;
const minuteMs = 60_000;
/** After a 429 the endpoint is left alone for longer than the cloud's own minute. */
const holdMs = 65_000;
const gapMs = 300;

/** Keeps our requests below the cloud's limits. One for a server, since the limits are not ours to start anew on a deploy. */
export class Throttle {
    #sent = new Map<string, number[]>();
    #held = new Map<string, number>();
    #next = 0;

    constructor(readonly clock: Clock) {}

    /** Waits for the gap between two requests. @throws Trouble of kind "busy" when the endpoint must be left alone */
    async turn(endpoint: string, signal: AbortSignal): Promise<void> {
        const now = this.clock.monotonic();
        const recent = (this.#sent.get(endpoint) ?? []).filter((at) => at > now - minuteMs);
        const free = Math.max(this.#held.get(endpoint) ?? 0, recent.length < perMinute ? 0 : (recent[0] ?? 0) + minuteMs);
        if (free > now) throw new Trouble("busy", `Anker cloud: asked to wait, next request in ${Math.ceil((free - now) / 1000)} s`);
        this.#sent.set(endpoint, [...recent, now]);
        const mine = Math.max(now, this.#next);
        this.#next = mine + gapMs;
        if (mine > now) await sleep(mine - now, this.clock, signal);
    }

    /** The cloud has said "too many requests". */
    hold(endpoint: string): void {
        this.#held.set(endpoint, this.clock.monotonic() + holdMs);
    }
}

const throttles = new WeakMap<Clock, Map<string, Throttle>>();

/** The throttle of a server, one for the whole process. */
export function throttleOf(baseUrl: string, clock: Clock): Throttle {
    const known = throttles.get(clock) ?? new Map<string, Throttle>();
    throttles.set(clock, known);
    const found = known.get(baseUrl) ?? new Throttle(clock);
    known.set(baseUrl, found);
    return found;
}
