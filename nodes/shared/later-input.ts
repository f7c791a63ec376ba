import type { Node } from "node-red";
import { systemClock, type Cancel } from "../../lib/kit/clock";
import { errorText, Trouble } from "../../lib/kit/trouble";
import { onClose, type FlowMessage, type Send } from "./wire";

/** A message that was taken in a moment ago. */
export interface Taken {
    /** A copy of the first level: whoever sent the message may put something else into it meanwhile. */
    msg: FlowMessage;
    send: Send;
    /** Event time in ms at which it came. */
    at: number;
}

/** So many messages at once; then others have their turn. */
const atOnce = 50;

/**
 * As onInput, for a node that is in no hurry: messages are only noted as they come, and dealt with `laterMs` later, in
 * order, so that those who decide on the same message come first. Each is done when its promise is. What has been noted is dealt
 * with before the node closes.
 */
export function onInputLater(node: Node, laterMs: number, handle: (taken: Taken) => Promise<void>): void {
    const waiting: (Taken & { done: (error?: Error) => void })[] = [];
    let cancel: Cancel | undefined;

    const deal = (most: number): void => {
        const now = waiting.splice(0, most);
        cancel = waiting.length > 0 ? soon(() => deal(atOnce)) : undefined;
        for (const { done, ...taken } of now) {
            Promise.resolve()
                .then(() => handle(taken))
                .then(() => done(), (cause: unknown) => done(cause instanceof Error ? cause : new Trouble("failed", errorText(cause))))
                .catch((cause: unknown) => node.warn(errorText(cause)));
        }
    };
    node.on("input", (msg, send, done) => {
        waiting.push({ msg: { ...msg }, send: send as Send, at: systemClock.now(), done });
        cancel ??= systemClock.after(laterMs, () => deal(atOnce));
    });
    onClose(node, () => {
        cancel?.();
        deal(waiting.length);
    });
}

function soon(run: () => void): Cancel {
    const immediate = setImmediate(run);
    return () => clearImmediate(immediate);
}
