import { systemClock, type Clock } from "../kit/clock";
import { withDeadline } from "../kit/deadline";
import { redact } from "../kit/redact";
import { errorText, toTrouble, Trouble } from "../kit/trouble";
import { Refused, type Channel } from "./channel";
import { mailOf } from "./email-text";

/** How the way to a mail server is made safe: TLS after STARTTLS, TLS from the first byte, or nothing at all. */
export const mailSecurities = ["starttls", "tls", "none"] as const;
export type MailSecurity = (typeof mailSecurities)[number];

/** Where, as whom and to whom mails are sent. */
export interface MailTarget {
    host: string;
    port: number;
    security: MailSecurity;
    /** Absent where the server takes mails from everybody. */
    login?: { user: string; password: string };
    from: string;
    to: readonly string[];
    /** PEM of the only authorities to believe; default: those of Node. */
    ca?: string;
    /** Tells the mails of this sender from those of another outbox. */
    origin: string;
}

const sendDeadlineMs = 45_000;

/**
 * nodemailer's own defaults are minutes; a dead network must not hold an attempt for so long. All in ms. A server that looks for
 * spam before it says yes has all of the attempt: who hangs up on it sends the mail again and again (RFC 5321, 4.5.3.2.6).
 */
const patience = { dnsTimeout: 5000, connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: sendDeadlineMs };

/** A login that is refused is tried again this much later, in ms: who tries more often is locked out. */
const loginPauseMs = 15 * 60_000;

/** So often one message may be refused before the next has its turn. */
const mostRefusals = 3;

/** Whether a text is a plain address, so that it can carry nothing else into a header or a command. */
export function isMailAddress(text: string): boolean {
    return text.length <= 254 && /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text);
}

/**
 * Sends alerts as mails, one connection each. A mail that is taken for one of several recipients counts as sent.
 * @param onRejected told of each recipient that the server did not take while it took another
 */
export function emailChannel(target: MailTarget, { clock = systemClock, onRejected = () => undefined }: { clock?: Clock; onRejected?: (address: string, why: string) => void } = {}): Channel {
    const { host, port, security, login, from, to, ca, origin } = target;
    const subject = `mail server ${host}:${port}`;
    const password = login?.password ?? "";
    let refusals = { id: 0, count: 0 };

    const post = async (mail: object, signal: AbortSignal): Promise<{ rejectedErrors?: unknown }> => {
        // Loaded with the first mail: who sends none does not pay for it.
        const { createTransport } = await import("nodemailer");
        const transport = createTransport({
            host, port, secure: security === "tls", requireTLS: security === "starttls", ignoreTLS: security === "none",
            ...(login !== undefined && { auth: { user: login.user, pass: login.password } }),
            tls: { minVersion: "TLSv1.2", ...(ca !== undefined && { ca }) }, ...patience, disableFileAccess: true, disableUrlAccess: true,
        });
        return (await transport.sendMail({ ...mail, signal } as object)) as { rejectedErrors?: unknown };
    };

    return {
        async send(message, signal) {
            const mail = {
                from: { name: "Ridethrough", address: from }, to: [...to], envelope: { from, to: [...to] }, ...mailOf(message, from, origin),
                headers: { "Auto-Submitted": "auto-generated" }, ...(message.alert.severity === "critical" && { priority: "high" as const }),
            };
            try {
                const { rejectedErrors } = await withDeadline({ ms: sendDeadlineMs, subject, clock, signal }, (abort) => post(mail, abort));
                for (const rejected of Array.isArray(rejectedErrors) ? rejectedErrors.map((rejection) => factsOf(rejection, password)) : []) onRejected(rejected.recipient, rejected.said);
            } catch (error) {
                const trouble = mailTrouble(error, subject, password);
                if (!(trouble instanceof Refused) || trouble.advice.next !== "discard" || isOfContent(factsOf(error, password))) throw trouble;
                // What is wrong may be the message or the server's mood: the others shall not wait for ever to know it.
                refusals = { id: message.id, count: refusals.id === message.id ? refusals.count + 1 : 1 };
                throw refusals.count >= mostRefusals ? trouble : new Refused(trouble.kind, trouble.message, undefined, { next: "settings" }, trouble.short);
            }
        },
    };
}

/** What nodemailer says of a failure. */
interface MailFacts {
    /** "EAUTH", "ESOCKET" ... */
    code: string;
    /** The system's or TLS's own: "ECONNREFUSED". */
    original: string;
    /** SMTP's reply, 0 without one. */
    reply: number;
    /** The command that it answers: "RCPT TO". */
    command: string;
    said: string;
    recipient: string;
}

/** @param password is not in what was said, whoever has said it back */
function factsOf(error: unknown, password: string): MailFacts {
    const raw = (typeof error === "object" && error !== null ? error : {}) as Record<string, unknown>;
    const text = (key: string): string => (typeof raw[key] === "string" ? raw[key] : "");
    return {
        code: text("code"), original: text("originalCode"), reply: typeof raw.responseCode === "number" ? raw.responseCode : 0, command: text("command"),
        said: redact((text("response") || errorText(error)).replace(/\s+/g, " ").trim(), password, "password").slice(0, 200), recipient: text("recipient"),
    };
}

/** Whether a refusal is of what the mail holds (RFC 3463: 5.6.x; too long: 5.3.4, 5.2.3, 552), so that it will never be taken. */
function isOfContent({ reply, said }: MailFacts): boolean {
    return reply === 552 || /\b5\.(6\.\d+|3\.4|2\.3)\b/.test(said);
}

/** A failure of nodemailer, with what it means for the queue. 4xx is for now, 5xx for good (RFC 5321, 4.2.1). */
function mailTrouble(error: unknown, subject: string, password: string): Trouble {
    if (error instanceof Trouble) return error;
    const { code, original, reply, command, said } = factsOf(error, password);
    const refused = (kind: "auth" | "config" | "busy" | "failed", advice: Refused["advice"], short: string, cure?: string): Refused =>
        new Refused(kind, `${subject}: ${said}`, cure, advice, reply === 0 ? short : `${short} (${reply})`);

    if (reply >= 400 && reply < 500) return refused("busy", { next: "retry" }, "put off");
    if (code === "EAUTH") return refused("auth", { next: "settings", ms: loginPauseMs }, "login refused", "check user and password in this node (many services want an app password); tried again every 15 minutes, what waits is kept");
    if (code === "ETLS" && command === "STARTTLS") return refused("config", { next: "settings" }, "no STARTTLS", "choose TLS (port 465) if the server offers that; nothing is ever sent unencrypted instead");
    if (/CERT|SELF_SIGNED|UNABLE_TO_/.test(original)) return refused("auth", { next: "settings" }, "certificate refused", "name the server as its certificate does, or give this node the file of your own authority");
    if (/^(EPROTO|ERR_SSL_)/.test(original)) return refused("config", { next: "settings" }, "no TLS on this port", "choose STARTTLS (port 587), or TLS with port 465");
    if (reply >= 500) {
        if (command === "MAIL FROM") return refused("config", { next: "settings" }, reply === 530 ? "login wanted" : "sender refused", "check the sender and the login in this node; what waits is kept");
        if (command === "RCPT TO" || code === "EENVELOPE") return refused("config", { next: "settings" }, "recipients refused", "check the recipients in this node; what waits is kept");
        if (command === "DATA") return refused("failed", { next: "discard" }, "mail refused");
        return refused("failed", { next: "retry" }, "server refuses");
    }
    if (code === "EPROTOCOL") return new Trouble("garbage", `${subject}: the answer is not SMTP`);
    // New errors: the first one's fields hold the conversation.
    const trouble = toTrouble(Object.assign(new Error(said), { code: original || undefined }), subject);
    const kind = { ECONNECTION: "closed", ETIMEDOUT: "timeout", EDNS: "unreachable" }[code] as Trouble["kind"] | undefined;
    return trouble.kind === "failed" && kind !== undefined ? new Trouble(kind, `${subject}: ${said}`) : trouble;
}
