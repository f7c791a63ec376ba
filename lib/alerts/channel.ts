import { Trouble, type TroubleKind } from "../kit/trouble";
import type { Alert } from "./alert";
import type { Advice } from "./pace";

/** One message to deliver. */
export interface Outgoing {
    /** The same at every attempt. */
    id: number;
    alert: Alert;
    /** How long it has waited, in ms. */
    delayedMs: number;
    /** How often it was posted. */
    times: number;
    /** Older alerts that were dropped and not told of yet. */
    lost: number;
}

/** A way to people: Telegram, Discord, mail. */
export interface Channel {
    /**
     * Delivers a message: resolves when the service has taken it. Being called again with the same id means that an
     * earlier attempt failed. @throws Refused with advice; anything else means "try again later"
     */
    send(message: Outgoing, signal: AbortSignal): Promise<void>;
}

/** A channel's failure, with what it means for the queue. Holds no secret. */
export class Refused extends Trouble {
    constructor(kind: TroubleKind, message: string, cure: string | undefined, readonly advice: Advice, /** A few words for a status: "token refused (401)". */ readonly short: string) {
        super(kind, message, cure);
    }
}
