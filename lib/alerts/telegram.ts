import { systemClock, type Clock } from "../kit/clock";
import { parseJsonReply, requestHttp, type HttpReply } from "../kit/http";
import { redact } from "../kit/redact";
import { errorText, toTrouble, Trouble } from "../kit/trouble";
import { isAtLeast, type Severity } from "./alert";
import { Refused, type Channel } from "./channel";
import { piecewise } from "./piecewise";
import { isSafe } from "./safe-address";
import { splitText } from "./split-text";
import { telegramPieces, type Piece } from "./telegram-text";

/** Where and as whom a message is sent. */
export interface TelegramTarget {
    /** "https://api.telegram.org"; no slash at the end. */
    baseUrl: string;
    /** The bot's secret; it is part of the URL and must never be in a text. */
    token: string;
    /** A number (negative for groups), or "@name" of a channel. */
    chatId: string;
    /** A topic of a forum group. */
    threadId?: number;
    /** Alerts below it arrive silently; default warning. */
    loudFrom?: Severity;
}

export const officialBaseUrl = "https://api.telegram.org";

/** Longest time in ms for one request, S0's 10 s. */
const requestDeadlineMs = 10_000;

/** Longest answer in bytes that is believed: the real ones have about 500. */
const longestAnswer = 100_000;

/** The base URL of a Bot API server, or what is wrong with it. Only https carries a token over a network. */
export function parseBaseUrl(text: string): { baseUrl: string } | { problem: string } {
    if (text.trim() === "") return { baseUrl: officialBaseUrl };
    let url: URL;
    try {
        url = new URL(text.trim());
    } catch {
        return { problem: "the server address is not a URL" };
    }
    if (!isSafe(url)) return { problem: "the server address must begin with https:// (http:// only for this machine)" };
    if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return { problem: "the server address must be no more than a host and a path" };
    return { baseUrl: `${url.origin}${url.pathname}`.replace(/\/+$/, "") };
}

/** Whether a text looks like a bot's token: "123456:ABC-DEF...". */
export function isToken(text: string): boolean {
    return /^\d+:[\w-]+$/.test(text);
}

/**
 * Sends alerts with the Bot API's sendMessage. A message that the server cannot parse is sent again without markup, one
 * that is too long in halves; a group that became a supergroup is followed.
 * @param onMoved told the new chat id of such a group
 */
export function telegramChannel(target: TelegramTarget, { clock = systemClock, onMoved = () => undefined }: { clock?: Clock; onMoved?: (chatId: string) => void } = {}): Channel {
    let chatId = target.chatId;
    const sendPieces = piecewise<Piece>();

    const call = async (text: string, html: boolean, silent: boolean, signal: AbortSignal): Promise<HttpReply> => {
        const body = JSON.stringify({
            chat_id: chatId,
            // The General topic is number 1 in links, but only reached without a number.
            ...(target.threadId !== undefined && target.threadId !== 1 && { message_thread_id: target.threadId }),
            text,
            ...(html && { parse_mode: "HTML" }),
            link_preview_options: { is_disabled: true },
            ...(silent && { disable_notification: true }),
        });
        try {
            return await requestHttp(`${target.baseUrl}/bot${target.token}/sendMessage`, {
                method: "POST", headers: { "Content-Type": "application/json" }, body, deadlineMs: requestDeadlineMs, subject: "Telegram", maxBytes: longestAnswer, signal, clock,
            });
        } catch (error) {
            const { kind, message } = toTrouble(error, "Telegram");
            // A new error: the first one's cause could hold the URL.
            throw new Trouble(kind, redact(message, target.token));
        }
    };

    const sendPiece = async (piece: Piece, silent: boolean, signal: AbortSignal, html = true): Promise<void> => {
        const reply = await call(html ? piece.html : piece.plain, html, silent, signal);
        const verdict = judge(reply, target.token);
        if (verdict === "taken") return;
        if ("movedTo" in verdict && verdict.movedTo !== chatId) {
            chatId = verdict.movedTo;
            onMoved(chatId);
            return sendPiece(piece, silent, signal, html);
        }
        if ("unparsed" in verdict && html) return sendPiece(piece, silent, signal, false);
        if ("tooLong" in verdict && piece.plain.length > 200) {
            for (const plain of splitText(piece.plain, Math.ceil(piece.plain.length / 2))) await sendPiece({ html: plain, plain }, silent, signal, false);
            return;
        }
        throw verdict.error;
    };

    return {
        send(message, signal) {
            const silent = !isAtLeast(message.alert.severity, target.loudFrom ?? "warning");
            return sendPieces(message.id, () => telegramPieces(message), (piece) => sendPiece(piece, silent, signal));
        },
    };
}

type Verdict = "taken" | { error: Refused } | { error: Refused; movedTo: string } | { error: Refused; unparsed: true } | { error: Refused; tooLong: true };

/** What an answer of the Bot API means. Its error texts and parameters: tdlib/telegram-bot-api. */
function judge(reply: HttpReply, token: string): Verdict {
    const { ok, error_code: code, description, parameters } = answerOf(reply);
    if (reply.status === 200 && ok === true) return "taken";
    const status = typeof code === "number" ? code : reply.status;
    const said = redact(typeof description === "string" ? errorText(description) : `HTTP ${reply.status}`, token).slice(0, 200);
    const refused = (kind: "auth" | "config" | "busy" | "failed", advice: Refused["advice"], short: string, cure?: string): Refused =>
        new Refused(kind, `Telegram: ${said} (${status})`, cure, advice, `${short} (${status})`);
    const { retry_after: retryAfter, migrate_to_chat_id: movedTo } = (parameters ?? {}) as { retry_after?: unknown; migrate_to_chat_id?: unknown };

    if (status === 429) {
        const seconds = Number(retryAfter ?? reply.headers["retry-after"]);
        const wait = Number.isFinite(seconds) && seconds > 0 ? { next: "wait" as const, ms: seconds * 1000 } : { next: "retry" as const };
        return { error: refused("busy", wait, "asked to wait") };
    }
    if (status === 401 || status === 404) {
        return { error: refused("auth", { next: "settings" }, "token refused", "copy the bot's token from @BotFather into this node; what waits is kept and sent then") };
    }
    if (status === 403) {
        return { error: refused("config", { next: "settings" }, "chat refused", "open the chat with the bot and press Start, or add the bot to the group; what waits is kept and sent then") };
    }
    if (status === 400) {
        if (movedTo !== undefined) return { movedTo: String(movedTo), error: refused("config", { next: "settings" }, "group has moved", `set the chat id to ${String(movedTo)}`) };
        const discard = (): Refused => refused("failed", { next: "discard" }, "message refused");
        if (/can't parse entities/i.test(said)) return { unparsed: true, error: discard() };
        if (/too[ _]long/i.test(said)) return { tooLong: true, error: discard() };
        if (/text is empty|must be non-empty|encoded in utf-8/i.test(said)) return { error: discard() };
        return { error: refused("config", { next: "settings" }, "chat refused", "check the chat id and the topic in this node; what waits is kept and sent then") };
    }
    return { error: refused("failed", { next: "retry" }, reply.status >= 500 ? "server error" : "odd answer") };
}

/** The fields of an answer; empty for a server or a proxy in trouble. @throws Trouble for anything else that is no Bot API */
function answerOf(reply: HttpReply): Record<string, unknown> {
    const answer = ((): unknown => {
        try {
            return parseJsonReply(reply, "Telegram");
        } catch {
            return undefined; // the page of a proxy; told apart below by the status
        }
    })();
    if (typeof answer === "object" && answer !== null && "ok" in answer && typeof answer.ok === "boolean") return answer as Record<string, unknown>;
    if (reply.status === 429 || reply.status >= 500) return {};
    throw new Trouble("garbage", `Telegram: the answer (HTTP ${reply.status}) is not the Bot API's`, "a proxy or a login page may be in between, or the server address is wrong");
}
