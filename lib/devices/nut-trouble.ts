import { toTrouble, Trouble, type TroubleKind } from "../kit/trouble";

/**
 * Why a UPS can't be read. `data-stale` and `driver-not-connected` are states of a server that answers well: the
 * connection is kept, and whoever reads goes on asking. `no-choice` is a server of several UPSes, and no name. `connection` is all that concerns the way to the server, `tls`
 * what keeps us from securing it, `refused` any other error that the server answers.
 */
export type NutState = "data-stale" | "driver-not-connected" | "unknown-ups" | "no-choice" | "refused" | "tls" | "connection";

/** A Trouble of a NUT server that says which state it is. */
export class NutTrouble extends Trouble {
    constructor(readonly state: NutState, kind: TroubleKind, message: string, cure?: string, options?: ErrorOptions) {
        super(kind, message, cure, options);
    }
}

const cures: Partial<Record<TroubleKind, string>> = {
    refused: "is upsd running, and does its upsd.conf LISTEN on this address?",
    unreachable: "check the address, the network and the machine",
    garbage: "is this the port of upsd (3493)?",
};

/** Anything that went wrong with a connection, with its cure. */
export function connectionTrouble(error: unknown, subject: string): NutTrouble {
    if (error instanceof NutTrouble) return error;
    const { kind, message } = toTrouble(error, subject);
    return new NutTrouble("connection", kind, message.startsWith(subject) ? message : `${subject}: ${message}`, cures[kind], { cause: error });
}

/** What a server's `ERR code` to a question about a UPS means for people. @param known names of the UPSes that the server has */
export function refusal(code: string, ups: string, subject: string, known: readonly string[] = []): NutTrouble {
    const where = `UPS ${ups} on ${subject}`;
    switch (code) {
        case "DATA-STALE":
            return new NutTrouble("data-stale", "failed", `${where}: its driver gives no fresh data (DATA-STALE)`, "check the cable between the UPS and the server, then restart the driver there");
        case "DRIVER-NOT-CONNECTED":
            return new NutTrouble("driver-not-connected", "failed", `${where}: its driver does not run (DRIVER-NOT-CONNECTED)`, "start the driver on the server (upsdrvctl start, or systemctl start nut-driver.target) and see its log");
        case "UNKNOWN-UPS":
            return new NutTrouble("unknown-ups", "config", `${where}: there is no such UPS`, known.length > 0 ? `the server has ${known.slice(0, 10).join(", ")}${known.length > 10 ? " ..." : ""}` : "the server has no UPS at all: see its ups.conf");
        case "ACCESS-DENIED":
        case "USERNAME-REQUIRED":
        case "PASSWORD-REQUIRED":
            return new NutTrouble("refused", "auth", `${where}: not allowed to read (${code})`, "the server must let this machine's address read (a NAS has a list of permitted ones), or wants the right user and password");
        default:
            return new NutTrouble("refused", "failed", `${where}: refused (${code.replace(/[^A-Z0-9-]/g, "").slice(0, 40) || "ERR"})`);
    }
}
