import type { IncomingMessage } from "node:http";
import { startFaultyApi, type Answer, type ApiFault, type FaultyApi } from "./faulty-api";
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

export { badGateway } from "./faulty-api";

/** What the stand-in does with one request instead of answering it; `error`: an error in the API's own words. */
export type Fault = { kind: "error"; status: number; description: string; parameters?: Record<string, unknown> } | ApiFault;

export const tooManyRequests = (seconds: number): Fault =>
    ({ kind: "error", status: 429, description: `Too Many Requests: retry after ${seconds}`, parameters: { retry_after: seconds } });
export const unauthorized: Fault = { kind: "error", status: 401, description: "Unauthorized" };
export const blocked: Fault = { kind: "error", status: 403, description: "Forbidden: bot was blocked by the user" };
export const chatNotFound: Fault = { kind: "error", status: 400, description: "Bad Request: chat not found" };
export const movedTo = (chat: number): Fault =>
    ({ kind: "error", status: 400, description: "Bad Request: group chat was upgraded to a supergroup chat", parameters: { migrate_to_chat_id: chat } });

export interface TelegramSimulator extends Omit<FaultyApi, "next" | "always"> {
    messages: SentMessage[];
    next(...faults: Fault[]): void;
    always(fault?: Fault): void;
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

    const api = await startFaultyApi({ port, answer, page: () => page(messages) });
    const { next, always } = api;
    return Object.assign(api, {
        messages,
        next: (...faults: Fault[]) => next(...faults.map(asApiFault)),
        always: (fault?: Fault) => always(fault && asApiFault(fault)),
    });
}

function error(status: number, description: string, parameters?: Record<string, unknown>): Answer {
    return { status, body: { ok: false, error_code: status, description, ...(parameters && { parameters }) } };
}

function asApiFault(fault: Fault): ApiFault {
    return fault.kind === "error" ? { kind: "answer", answer: error(fault.status, fault.description, fault.parameters) } : fault;
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
