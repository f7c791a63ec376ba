/**
 * What can go wrong with something outside this process, in the words that a status or a message needs.
 * `config` means that a person has to change a setting first; every other kind may heal by itself.
 */
export type TroubleKind =
    | "refused"      // the host is there, nothing listens
    | "unreachable"  // no route, no such name, host down
    | "timeout"      // no answer within our deadline
    | "closed"       // the peer hung up in the middle
    | "garbage"      // the answer is not what the protocol says
    | "auth"         // the peer does not accept our credentials, or we do not accept its identity
    | "busy"         // the peer asks us to come back later
    | "config"       // a setting is missing or wrong
    | "disk"         // this machine's own storage fails
    | "stopped"      // we stopped it ourselves (deploy, cancel)
    | "failed";      // the peer understood and said no

/** An error written for the person at 3 a.m.: what failed, on what, and, where known, the cure. */
export class Trouble extends Error {
    override readonly name = "Trouble";
    constructor(
        readonly kind: TroubleKind,
        message: string,
        /** A sentence that says what to do about it. */
        readonly cure?: string,
        options?: ErrorOptions,
    ) {
        super(cure === undefined ? message : `${message}: ${cure}`, options);
    }
    /** Catch nodes show this: the sentence alone. */
    override toString(): string {
        return this.message;
    }
}

const kindsByCode: Record<string, TroubleKind> = {
    ECONNREFUSED: "refused",
    EHOSTUNREACH: "unreachable", ENETUNREACH: "unreachable", EHOSTDOWN: "unreachable", ENETDOWN: "unreachable",
    ENOTFOUND: "unreachable", EAI_AGAIN: "unreachable", EADDRNOTAVAIL: "unreachable", ENONET: "unreachable",
    ETIMEDOUT: "timeout", ESOCKETTIMEDOUT: "timeout",
    ECONNRESET: "closed", EPIPE: "closed", ECONNABORTED: "closed",
    ENOSPC: "disk", EROFS: "disk", EACCES: "disk", EIO: "disk", EDQUOT: "disk", EMFILE: "disk", ENFILE: "disk", ENOENT: "disk", EPERM: "disk",
};

const wordsByKind: Record<TroubleKind, string> = {
    refused: "connection refused", unreachable: "not reachable", timeout: "no answer in time", closed: "connection closed by the other side",
    garbage: "answer not understood", auth: "not accepted", busy: "asked to wait", config: "not configured", disk: "storage failed", stopped: "stopped", failed: "failed",
};

/** The system's code ("ECONNREFUSED") of an error, also where it hides in `cause` or in an AggregateError. */
export function errorCode(error: unknown, depth = 0): string | undefined {
    if (typeof error !== "object" || error === null || depth > 8) return undefined;
    const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
    if (typeof code === "string") return code;
    return errorCode(Array.isArray(errors) ? errors[0] : cause, depth + 1);
}

/** Any thrown thing as a Trouble that names its subject ("plug 192.0.2.5", "host nas"). A Trouble passes unchanged. */
export function toTrouble(error: unknown, subject: string): Trouble {
    if (error instanceof Trouble) return error;
    const code = errorCode(error);
    const kind = code === undefined ? "failed" : (kindsByCode[code] ?? "failed");
    const detail = kind === "failed" ? errorText(error) : `${wordsByKind[kind]}${code === undefined ? "" : ` (${code})`}`;
    return new Trouble(kind, `${subject}: ${detail}`, undefined, { cause: error });
}

/**
 * The message of any thrown thing, on one line and never empty. Never throws, since it runs where an error is handled,
 * and never prints a foreign object as a whole, since that may hold a secret.
 */
export function errorText(error: unknown): string {
    try {
        const said: unknown = typeof error === "object" && error !== null ? ((error as { message?: unknown }).message ?? errorCode(error)) : error;
        const text = typeof said === "object" || said === undefined ? "" : String(said);
        return text.replace(/\s+/g, " ").trim() || "unknown error";
    } catch {
        return "unknown error";
    }
}
