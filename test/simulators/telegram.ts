import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { escapeHtml, parseTelegramHtml, parseTelegramMarkdown, type ParsedHtml } from "./telegram-html";

/** A message that the stand-in has accepted. */
export interface SentMessage {
    message_id: number;
    chat_id: string;
    thread_id?: number;
    /** What the reader sees: entities parsed, tags gone. */
    text: string;
    /** The text as it came. */
    raw: string;
    /** Told without a sound. */
    silent: boolean;
    /** Wall time in ms. */
    at: number;
    /** For a web page: only harmless tags left. */
    safe: string;
}

/** What the stand-in does with one request instead of answering it. */
export type Fault =
    | { kind: "error"; status: number; description: string; parameters?: Record<string, unknown> }
    | { kind: "raw"; status: number; body: string }  // an answer that is no Bot API: a proxy's page, a captive portal
    | { kind: "slow"; ms: number }     // answers rightly, but late
    | { kind: "silence" }              // takes the request and never answers
    | { kind: "garbage" }              // bytes that are no HTTP
    | { kind: "truncated" }            // announces more bytes than it sends
    | { kind: "oversized" }            // 10 MB
    | { kind: "half-closed" }          // ends its side without an answer
    | { kind: "reset" }                // breaks the connection without an answer
    | { kind: "vanish" };              // takes the message, then breaks off in the middle of the answer

export const tooManyRequests = (seconds: number): Fault =>
    ({ kind: "error", status: 429, description: `Too Many Requests: retry after ${seconds}`, parameters: { retry_after: seconds } });
export const unauthorized: Fault = { kind: "error", status: 401, description: "Unauthorized" };
export const blocked: Fault = { kind: "error", status: 403, description: "Forbidden: bot was blocked by the user" };
export const chatNotFound: Fault = { kind: "error", status: 400, description: "Bad Request: chat not found" };
export const badGateway: Fault = { kind: "raw", status: 502, body: "<html><body><h1>502 Bad Gateway</h1></body></html>" };
export const movedTo = (chat: number): Fault =>
    ({ kind: "error", status: 400, description: "Bad Request: group chat was upgraded to a supergroup chat", parameters: { migrate_to_chat_id: chat } });

export interface TelegramSimulator {
    /** The base URL to configure: "http://127.0.0.1:40123". */
    url: string;
    messages: SentMessage[];
    /** Requests for sendMessage so far, answered or not. */
    readonly requests: number;
    /** One fault for each of the coming requests, in order. */
    next(...faults: Fault[]): void;
    /** The same fault for every request (after those of `next`), until it is called without one. */
    always(fault?: Fault): void;
    /** Refuses connections, as a host does on which nothing listens. */
    down(): Promise<void>;
    /** Listens again on the same port. */
    up(): Promise<void>;
    stop(): Promise<void>;
}

export interface TelegramOptions {
    /** Default 0: any free one. */
    port?: number;
    /** The one token that is accepted; without it every token that looks like one is. */
    token?: string;
    /** The chats that exist; without it all do. */
    chats?: (string | number)[];
    onMessage?: (message: SentMessage) => void;
}

/** Longest text of a message after its entities were parsed. */
const longestText = 4096;

/**
 * A stand-in for the Telegram Bot API on loopback: `sendMessage` with the checks, the limits and the words of the real
 * one, and a page at `/` that shows the messages.
 */
export async function startTelegram({ port = 0, token, chats, onMessage }: TelegramOptions = {}): Promise<TelegramSimulator> {
    const messages: SentMessage[] = [];
    const sockets = new Set<Socket>();
    const planned: Fault[] = [];
    let standing: Fault | undefined;
    let requests = 0;

    const take = (body: Record<string, unknown>): Answer => {
        const chat = String(body.chat_id ?? "");
        if (chat === "") return error(400, "Bad Request: chat_id is empty");
        if (!/^(-?\d+|@\w+)$/.test(chat) || (chats !== undefined && !chats.map(String).includes(chat))) return error(400, "Bad Request: chat not found");
        const raw = typeof body.text === "string" ? body.text : "";
        const parsed = parseText(raw, body.parse_mode);
        if (!parsed.ok) return error(400, parsed.description);
        if (parsed.text.trim() === "") return error(400, "Bad Request: message text is empty");
        if (parsed.text.length > longestText) return error(400, "Bad Request: message is too long");
        const thread = body.message_thread_id === undefined ? undefined : Number(body.message_thread_id);
        if (thread === 1) return error(400, "Bad Request: message thread not found");
        const message: SentMessage = {
            message_id: messages.length + 1, chat_id: chat, ...(thread !== undefined && { thread_id: thread }),
            text: parsed.text.trim(), raw, silent: body.disable_notification === true || body.disable_notification === "true", at: Date.now(), safe: parsed.safe,
        };
        messages.push(message);
        onMessage?.(message);
        const result = { message_id: message.message_id, chat: { id: Number(chat) || chat, type: "private" }, date: Math.floor(message.at / 1000), text: message.text };
        return { status: 200, body: { ok: true, result } };
    };

    const answer = (request: IncomingMessage, body: string): Answer => {
        const [, given = "", method = ""] = /^\/bot([^/]*)\/(\w+)$/.exec(request.url ?? "") ?? [];
        if (!/^\d+:[\w-]+$/.test(given)) return error(404, "Not Found");
        if (token !== undefined && given !== token) return error(401, "Unauthorized");
        if (method.toLowerCase() !== "sendmessage") return error(404, "Not Found: method not found");
        const fields = parseBody(request.headers["content-type"] ?? "", body);
        return fields === undefined ? error(400, "Bad Request: can't parse JSON object") : take(fields);
    };

    const serve = (request: IncomingMessage, response: ServerResponse, body: string): void => {
        if (request.method === "GET" && request.url === "/") return void response.setHeader("Content-Type", "text/html; charset=utf-8").end(page(messages));
        requests += 1;
        const fault = planned.shift() ?? standing;
        if (fault === undefined) return reply(response, answer(request, body));
        misbehave(fault, response, () => answer(request, body));
    };

    const server = createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("error", () => undefined);
        request.on("end", () => serve(request, response, Buffer.concat(chunks).toString("utf8")));
    });
    server.on("connection", (socket) => {
        sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => sockets.delete(socket));
    });
    const listen = (at: number): Promise<void> => new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(at, "127.0.0.1", () => {
            server.off("error", reject);
            resolve();
        });
    });
    const down = (): Promise<void> => new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
    });

    await listen(port);
    const listening = (server.address() as AddressInfo).port;
    return {
        url: `http://127.0.0.1:${listening}`,
        messages,
        get requests() {
            return requests;
        },
        next: (...faults) => void planned.push(...faults),
        always: (fault) => {
            standing = fault;
        },
        down,
        up: () => listen(listening),
        stop: () => (server.listening ? down() : Promise.resolve()),
    };
}

interface Answer {
    status: number;
    body: Record<string, unknown>;
}

function error(status: number, description: string, parameters?: Record<string, unknown>): Answer {
    return { status, body: { ok: false, error_code: status, description, ...(parameters && { parameters }) } };
}

function reply(response: ServerResponse, { status, body }: Answer): void {
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

function parseText(text: string, mode: unknown): ParsedHtml {
    if (mode === undefined || mode === "") return { ok: true, text, safe: escapeHtml(text) };
    if (mode === "HTML") return parseTelegramHtml(text);
    if (mode === "Markdown") return parseTelegramMarkdown(text);
    return { ok: false, description: "Bad Request: unsupported parse_mode" };
}

function parseBody(type: string, body: string): Record<string, unknown> | undefined {
    if (!type.startsWith("application/json")) return Object.fromEntries(new URLSearchParams(body));
    try {
        const value: unknown = JSON.parse(body);
        return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
    } catch {
        return undefined;
    }
}

function misbehave(fault: Fault, response: ServerResponse, accept: () => Answer): void {
    const { socket } = response;
    switch (fault.kind) {
        case "error": return reply(response, error(fault.status, fault.description, fault.parameters));
        case "raw": return void response.writeHead(fault.status, { "Content-Type": "text/html" }).end(fault.body);
        case "slow": return void setTimeout(() => reply(response, accept()), fault.ms).unref();
        case "silence": return;
        case "garbage": return void socket?.end("\u0000\u0001 no HTTP here\r\n\r\n");
        case "truncated": return void socket?.end("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"ok\":true,\"resu");
        case "oversized": return void response.writeHead(200, { "Content-Type": "application/json" }).end(`{"ok":true,"result":"${"x".repeat(10_000_000)}"}`);
        case "half-closed": return void socket?.end();
        case "reset": return void socket?.resetAndDestroy();
        case "vanish": {
            const text = JSON.stringify(accept().body);
            socket?.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text.slice(0, 20)}`);
            return void setTimeout(() => socket?.destroy(), 20).unref();
        }
    }
}

function page(messages: SentMessage[]): string {
    const items = messages.slice(-100).reverse().map(({ at, silent, chat_id, safe }) =>
        `<li><p>${safe}</p><small>${new Date(at).toTimeString().slice(0, 8)} to chat ${escapeHtml(chat_id)}${silent ? ", silently" : ""}</small></li>`);
    return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="2"><title>Stand-in for Telegram (${messages.length})</title><style>
:root { color-scheme: light dark; } body { font: 16px/1.4 system-ui, sans-serif; max-width: 34rem; margin: 0 auto; padding: 1rem; }
ul { list-style: none; padding: 0; } li { border: 1px solid #8886; border-radius: 12px; padding: .6rem .9rem; margin: .6rem 0; }
p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; } small { opacity: .7; }
</style></head><body><h1>Telegram, as it would arrive</h1><ul>${items.join("") || "<li>Nothing sent yet.</li>"}</ul></body></html>`;
}
