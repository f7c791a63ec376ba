import { createServer, type Socket } from "node:net";
import { TLSSocket, createSecureContext } from "node:tls";
import { freePort } from "../support/free-port";
import { newAuthority, type Authority } from "./anker-cloud-certificates";

/** Where in a conversation something happens. `end` is the dot that ends a message. */
export type SmtpStage = "greeting" | "ehlo" | "starttls" | "auth" | "mail" | "rcpt" | "data" | "end";

/** What the stand-in does at one stage of one conversation. */
export type SmtpFault =
    | { at: SmtpStage; reply: string }     // says this instead of yes
    | { at: SmtpStage; drop: true }        // breaks the connection
    | { at: SmtpStage; silence: true }     // says nothing more
    | { at: SmtpStage; garbage: true }     // bytes that are no SMTP
    | { at: SmtpStage; flood: true }       // 10 MB of reply without an end
    | { at: SmtpStage; slowMs: number };   // answers rightly, but late

/** A mail that the stand-in has accepted. */
export interface ReceivedMail {
    from: string;
    to: string[];
    /** As it came, dots unstuffed. */
    raw: string;
    headers: Record<string, string>;
    secure: boolean;
    user?: string;
}

export interface SmtpOptions {
    /** TLS from the first byte. */
    implicit?: boolean;
    /** Default true. */
    starttls?: boolean;
    /** Who may send; without it everybody may. */
    login?: { user: string; password: string };
    /** What it says of recipients that it does not take. */
    refuses?: Record<string, string>;
    /** Validity of its certificate; default a year around now. */
    validity?: { from: number; to: number };
}

export interface SmtpSimulator {
    port: number;
    /** The authority that issued its certificate. */
    ca: string;
    mails: ReceivedMail[];
    readonly connections: number;
    /** Logins that were tried, right or wrong. */
    readonly logins: number;
    next(...faults: SmtpFault[]): void;
    always(fault?: SmtpFault): void;
    down(): Promise<void>;
    up(): Promise<void>;
    stop(): Promise<void>;
}

const dayMs = 86_400_000;
let authority: Authority | undefined;

/** A mail server on loopback that speaks SMTP as RFC 5321 has it, with STARTTLS, PLAIN and LOGIN. */
export async function startSmtp({ implicit = false, starttls = true, login, refuses = {}, validity }: SmtpOptions = {}): Promise<SmtpSimulator> {
    authority ??= newAuthority();
    const { certificate, key } = authority.issue("localhost", validity ?? { from: Date.now() - dayMs, to: Date.now() + 365 * dayMs });
    const secureContext = createSecureContext({ cert: certificate, key });
    const mails: ReceivedMail[] = [];
    const sockets = new Set<Socket>();
    const planned: SmtpFault[] = [];
    let standing: SmtpFault | undefined;
    let connections = 0;
    let logins = 0;

    const secured = (socket: Socket): Socket => new TLSSocket(socket, { isServer: true, secureContext }).on("error", () => socket.destroy());

    function converse(plain: Socket): void {
        connections += 1;
        const fault = planned.shift() ?? standing;
        let socket = implicit ? secured(plain) : plain;
        let secure = implicit;
        let user: string | undefined;
        let mail: { from: string; to: string[] } | undefined;
        let waiting = "";
        /** What takes the next lines instead of the commands. */
        let taker: ((line: string) => void) | undefined;
        let mute = false;

        const say = (stage: SmtpStage, reply: string): boolean => {
            if (mute) return false;
            if (fault?.at !== stage) return socket.write(`${reply}\r\n`), true;
            if ("reply" in fault) return socket.write(`${fault.reply}\r\n`), /^[23]/.test(fault.reply);
            if ("slowMs" in fault) {
                setTimeout(() => socket.writable && socket.write(`${reply}\r\n`), fault.slowMs).unref();
                return true;
            }
            mute = true;
            if ("drop" in fault) plain.destroy();
            else if ("garbage" in fault) socket.end("\u0000\u0007 no SMTP here \u00ff\r\n".repeat(20));
            else if ("flood" in fault) flood(socket);
            return false;
        };

        const check = (name: string, password: string): void => {
            logins += 1;
            const right = login !== undefined && name === login.user && password === login.password;
            if (say("auth", right ? "235 2.7.0 Authentication successful" : "535 5.7.8 Authentication credentials invalid") && right) user = name;
        };
        const text = (base64: string): string => Buffer.from(base64, "base64").toString("utf8");
        const ask = (question: string, then: (line: string) => void): void => {
            taker = (line) => {
                taker = undefined;
                then(line);
            };
            socket.write(`334 ${Buffer.from(question).toString("base64")}\r\n`);
        };

        const body = (lines: string[]): void => {
            const raw = lines.map((line) => line.replace(/^\./, "")).join("\r\n");
            if (mail !== undefined && say("end", "250 2.0.0 Ok: queued")) mails.push({ ...mail, raw, headers: headersOf(raw), secure, ...(user !== undefined && { user }) });
            mail = undefined;
        };

        const command = (line: string): void => {
            const [verb = "", rest = ""] = [line.split(" ")[0]?.toUpperCase(), line.split(" ").slice(1).join(" ")];
            const address = /<([^>]*)>/.exec(rest)?.[1] ?? "";
            if (verb === "EHLO") {
                const extensions = ["8BITMIME", "SMTPUTF8", "PIPELINING", ...(starttls && !secure ? ["STARTTLS"] : []), ...(login !== undefined && (secure || !starttls) ? ["AUTH PLAIN LOGIN"] : [])];
                say("ehlo", ["250-localhost", ...extensions.map((name, index) => `250${index === extensions.length - 1 ? " " : "-"}${name}`)].join("\r\n"));
            } else if (verb === "STARTTLS") {
                if (!starttls || secure) return void say("starttls", "502 5.5.1 Command not implemented");
                if (!say("starttls", "220 2.0.0 Ready to start TLS")) return;
                socket.removeAllListeners("data");
                waiting = "";
                secure = true;
                socket = secured(plain);
                socket.on("data", hear);
            } else if (verb === "AUTH") {
                const [method = "", initial = ""] = rest.split(" ");
                if (method.toUpperCase() === "PLAIN") {
                    const [, name = "", password = ""] = text(initial).split("\0");
                    check(name, password);
                } else ask("Username:", (name) => ask("Password:", (password) => check(text(name), text(password))));
            } else if (verb === "MAIL") {
                if (login !== undefined && user === undefined) return void say("mail", "530 5.7.0 Authentication required");
                mail = { from: address, to: [] };
                say("mail", "250 2.1.0 Ok");
            } else if (verb === "RCPT") {
                const refusal = refuses[address];
                if (refusal !== undefined) return void socket.write(`${refusal}\r\n`);
                if (say("rcpt", "250 2.1.5 Ok")) mail?.to.push(address);
            } else if (verb === "DATA") {
                if (mail === undefined || mail.to.length === 0) return void socket.write("554 5.5.1 No valid recipients\r\n");
                const lines: string[] = [];
                if (!say("data", "354 End data with <CR><LF>.<CR><LF>")) return;
                taker = (next) => {
                    if (next !== ".") return void lines.push(next);
                    taker = undefined;
                    body(lines);
                };
            } else if (verb === "RSET" || verb === "NOOP") {
                mail = undefined;
                socket.write("250 2.0.0 Ok\r\n");
            } else if (verb === "QUIT") socket.end("221 2.0.0 Bye\r\n");
            else socket.write("500 5.5.2 Error: command not recognized\r\n");
        };
        const hear = (chunk: Buffer): void => {
            waiting += chunk.toString("utf8");
            for (let end = waiting.indexOf("\r\n"); end >= 0; end = waiting.indexOf("\r\n")) {
                const line = waiting.slice(0, end);
                waiting = waiting.slice(end + 2);
                (taker ?? command)(line);
            }
        };
        socket.on("data", hear);
        say("greeting", "220 localhost ESMTP");
    }

    const server = createServer((socket) => {
        sockets.add(socket);
        socket.on("error", () => socket.destroy());
        socket.on("close", () => sockets.delete(socket));
        converse(socket);
    });
    // Nobody else may have it while nothing listens.
    const port = await freePort();
    const listen = (): Promise<void> => new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, "127.0.0.1", () => {
            server.off("error", reject);
            resolve();
        });
    });
    const down = (): Promise<void> => new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
    });
    await listen();
    return {
        port, ca: authority.certificate, mails,
        get connections() { return connections; },
        get logins() { return logins; },
        next: (...faults) => void planned.push(...faults),
        always: (fault) => {
            standing = fault;
        },
        down,
        up: listen,
        stop: () => (server.listening ? down() : Promise.resolve()),
    };
}

function flood(socket: Socket): void {
    const block = `250-${"x".repeat(1000)}\r\n`.repeat(64);
    let left = 10_000_000;
    const more = (): void => {
        while (left > 0 && socket.writable) {
            left -= block.length;
            if (!socket.write(block)) return void socket.once("drain", more);
        }
    };
    more();
}

/** The headers of a mail, folded lines joined, encoded words decoded. */
function headersOf(raw: string): Record<string, string> {
    const lines = (raw.split("\r\n\r\n")[0] ?? "").replace(/\r\n[ \t]+/g, " ").split("\r\n");
    const decode = (value: string): string => value.replace(/\?=\s+=\?/g, "?==?").replace(/=\?utf-8\?([BQ])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
        (kind.toUpperCase() === "B" ? Buffer.from(word, "base64").toString("utf8") : Buffer.from(word.replaceAll("_", " ").replace(/=([0-9A-F]{2})/g, (__, hex: string) => String.fromCharCode(parseInt(hex, 16))), "latin1").toString("utf8")));
    return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), decode(line.slice(line.indexOf(":") + 1).trim())]));
}
