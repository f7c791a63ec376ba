import { errorCode, errorText, toTrouble, Trouble, type TroubleKind } from "../kit/trouble";

/** What PostgreSQL's codes mean for the person who has to do something. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const sqlStates: readonly [RegExp, TroubleKind, string?][] = [
    [/^28/, "auth", "check user and password, and the server's pg_hba.conf"],
    [/^3D000$/, "config", "create the database, or correct its name"],
    [/^3F000$/, "config", "create the schema, or correct its name"],
    [/^42501$/, "config", "the user needs INSERT and SELECT on the table, and CREATE on the schema where the table does not exist yet"],
    [/^42(P01|703|809|P17)$/, "config", "the table is not as expected, press Test in the store's dialog"],
    [/^53/, "busy"],
    [/^57P0/, "busy"],
    [/^57014$/, "timeout"],
    [/^25006$/, "config", "the server is a read-only replica: use the primary"],
];
const tlsCodes = /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|CERT_HAS_EXPIRED|ERR_TLS_CERT_ALTNAME_INVALID)$/;

/** What pg throws, as a Trouble. Only the message is taken over: details and hints may hold values of rows. */
export function postgresTrouble(error: unknown, subject: string): Trouble {
    if (error instanceof Trouble) return error;
    const code = errorCode(error) ?? "";
    const text = errorText(error);
    const as = (kind: TroubleKind, cure?: string): Trouble => new Trouble(kind, `${subject}: ${text}`, cure, { cause: error });
    const state = sqlStates.find(([pattern]) => pattern.test(code));
    if (state !== undefined) return as(state[1], state[2]);
    if (tlsCodes.test(code)) return as("auth", "enter the file of the certificate authority that signed the server's certificate, and the name that is in it");
    if (/does not support SSL/.test(text)) return as("config", "switch TLS off, or on in the server");
    if (/password must be a string/.test(text)) return new Trouble("auth", `${subject}: the server asks for a password`, "enter it", { cause: error });
    if (/timeout/i.test(text)) return new Trouble("timeout", `${subject}: no answer in time`, undefined, { cause: error });
    if (/terminated|Connection ended/i.test(text)) return new Trouble("closed", `${subject}: connection closed by the server`, undefined, { cause: error });
    return toTrouble(error, subject);
}

/** Whether the server is well and objects to what is in the rows: data exceptions and constraints. */
export function isRefusal(error: unknown): boolean {
    return /^2[23]/.test(errorCode(error) ?? "");
}
