import type { Node, NodeMessage } from "node-red";
import { systemClock, type Cancel, type Clock } from "../../lib/kit/clock";
import { atNextTick } from "../../lib/kit/ticks";
import { errorText, Trouble } from "../../lib/kit/trouble";

/** A message as it travels through a flow. Foreign properties are kept. */
export interface FlowMessage extends NodeMessage {
    reading?: unknown;
}

/** Sends to the first output, or to each output by position (null: nothing there). */
export type Send = (msg: FlowMessage | (FlowMessage | FlowMessage[] | null)[]) => void;

/**
 * The one way a node takes messages. Whatever `handle` throws or rejects with reaches done(err), and so Catch; nothing
 * can reach the process. Exactly one done per message, at once where `handle` has nothing to wait for.
 */
export function onInput(node: Node, handle: (msg: FlowMessage, send: Send) => void | Promise<void>): void {
    node.on("input", (msg, send, done) => {
        let pending: void | Promise<void>;
        try {
            pending = handle(msg as FlowMessage, send as Send);
        } catch (cause) {
            return finish(node, done, asError(cause));
        }
        if (pending instanceof Promise) pending.then(() => finish(node, done), (cause: unknown) => finish(node, done, asError(cause)));
        else finish(node, done);
    });
}

function finish(node: Node, done: (error?: Error) => void, error?: Error): void {
    try {
        done(error);
    } catch (cause) {
        node.warn(errorText(cause));
    }
}

/** The longest that a node may hold up a deploy, in ms. */
const closeCapMs = 900;

/**
 * The one way a node lets go of what it holds. A deploy goes on as soon as `release` is done, fails, or has taken too
 * long. `removed` is true when the node was deleted or disabled, false on a redeploy or a stop.
 */
export function onClose(node: Node, release: (removed: boolean) => void | Promise<void>, clock: Clock = systemClock): void {
    node.on("close", (removed: boolean, done: () => void) => {
        let open = true;
        const finish = (problem?: string): void => {
            if (!open) return;
            open = false;
            cancel();
            if (problem !== undefined) node.warn(problem);
            done();
        };
        const cancel = clock.after(closeCapMs, () => finish("closing took too long: went on without waiting"));
        Promise.resolve()
            .then(() => release(removed))
            .then(() => finish(), (cause: unknown) => finish(`closing failed: ${errorText(cause)}`));
    });
}

/** A repeating piece of work. */
export interface Loop {
    /** Starts a round at once, or joins the one under way. Rejects with what the round threw. */
    now(): Promise<void>;
    stop(): void;
}

/**
 * Repeats `tick` every `intervalMs` until the node closes. Rounds never overlap: a round that takes longer than the
 * interval puts the next one off. A round that throws reaches Catch and the loop goes on.
 * @param intervalMs a function is asked after each round
 * @param firstMs delay in ms before the first round, default 0
 * @param together rounds of all loops that say so begin at whole multiples of their intervals, so that one wake-up of the process serves them
 * all: for work so small that waking costs more. The second round then comes early
 */
export function every(node: Node, intervalMs: number | (() => number), tick: () => void | Promise<void>, { clock = systemClock, firstMs = 0, together = false }: { clock?: Clock; firstMs?: number; together?: boolean } = {}): Loop {
    const interval = typeof intervalMs === "number" ? () => intervalMs : intervalMs;
    let stopped = false;
    let round: Promise<void> | undefined;
    let cancel: Cancel = () => undefined;
    const run = (): Promise<void> => {
        if (round !== undefined) return round;
        const started = clock.monotonic();
        const mine = Promise.resolve().then(tick).finally(() => {
            round = undefined;
            if (!stopped) {
                cancel();
                cancel = together ? atNextTick(clock, started, interval(), scheduled) : clock.after(Math.max(0, started + interval() - clock.monotonic()), scheduled);
            }
        });
        round = mine;
        return mine;
    };
    const scheduled = (): void => background(node, run);
    const loop: Loop = {
        now: () => (stopped ? Promise.resolve() : run()),
        stop() {
            stopped = true;
            cancel();
        },
    };
    node.on("close", () => loop.stop());
    cancel = clock.after(firstMs, scheduled);
    return loop;
}

/** Work that nobody waits for (timers, events of a connection): what it throws reaches Catch, never the process. */
export function background(node: Node, work: () => void | Promise<void>): void {
    Promise.resolve().then(work).catch((cause: unknown) => node.error(errorText(cause), {} as NodeMessage));
}

function asError(cause: unknown): Error {
    return cause instanceof Error ? cause : new Trouble("failed", errorText(cause));
}
