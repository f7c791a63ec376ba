import { systemClock, type Clock } from "../kit/clock";
import { Trouble } from "../kit/trouble";

/** The variables of a UPS by name, "battery.charge" to "100", as the server says them. One that has no value is absent. */
export type NutVariables = ReadonlyMap<string, string>;

/** A UPS of a server. */
export interface NutUps {
    name: string;
    description: string;
}

/** Whether the server accepts the configured user and password; reading works without. */
export type NutCredentials =
    | { state: "none" | "unchecked" | "accepted" }
    | { state: "refused"; trouble: Trouble };

/** How to reach a NUT server. */
export interface NutServerOptions {
    host: string;
    port: number;
    tls: NutTls;
    /** Never in a log, a status or an error. */
    login?: { user: string; password: string };
    clock?: Clock;
    random?: () => number;
    /** Longest wait for a connection and for each answer, ms, default 5000. */
    deadlineMs?: number;
}

/** Either no TLS, or nothing without it. `ca`: PEM of the authorities, default the public ones. `pin`: SHA-256 of the one certificate that is accepted. */
export type NutTls = { mode: "off" } | { mode: "required"; ca?: string; pin?: string };

/**
 * One connection to a NUT server (upsd), shared by all that read from it. Connects on the first read after `join`.
 * Every method rejects with a NutTrouble (see its `state`), or with a Trouble of kind "stopped" when `signal` aborts.
 */
export class NutServer {
    readonly subject: string;
    constructor(readonly options: NutServerOptions) {
        this.subject = `NUT server ${options.host}:${options.port}`;
        void systemClock;
    }

    /** Counts a reader in; the returned function counts it out. The connection is closed when nobody is left. */
    join(): () => void {
        return () => undefined;
    }

    /** The variables of a UPS now. While the server can't be reached and the next attempt is not due, rejects at once with why. */
    read(_ups: string, _signal: AbortSignal): Promise<NutVariables> {
        return Promise.reject(new Trouble("failed", "not built yet"));
    }

    /** The UPSes of the server. */
    listUps(_signal: AbortSignal): Promise<NutUps[]> {
        return Promise.reject(new Trouble("failed", "not built yet"));
    }

    /** What the server says to user and password: checked once for each connection, and again every 15 minutes. */
    get credentials(): NutCredentials {
        return { state: this.options.login === undefined ? "none" : "unchecked" };
    }

    /** Calls `heard` on each change of `credentials`; the returned function ends that. */
    onCredentials(_heard: (credentials: NutCredentials) => void): () => void {
        return () => undefined;
    }

    /** Ends the connection at once, and whatever waits for it, with a Trouble of kind "stopped". */
    close(): void {}
}
