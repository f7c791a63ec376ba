import { Trouble, type TroubleKind } from "../kit/trouble";

/**
 * Why a UPS can't be read. `data-stale` and `driver-not-connected` are states of a server that answers well: the
 * connection is kept, and whoever reads goes on asking. `connection` covers all that concerns the way to the server.
 */
export type NutState = "data-stale" | "driver-not-connected" | "unknown-ups" | "refused" | "tls" | "connection";

/** A Trouble of a NUT server that says which state it is. */
export class NutTrouble extends Trouble {
    constructor(readonly state: NutState, kind: TroubleKind, message: string, cure?: string, options?: ErrorOptions) {
        super(kind, message, cure, options);
    }
}
