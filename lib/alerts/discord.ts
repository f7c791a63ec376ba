import { sleep, systemClock, type Clock } from "../kit/clock";
import { parseJsonReply, requestHttp, type HttpReply } from "../kit/http";
import { redact } from "../kit/redact";
import { errorText, toTrouble, Trouble } from "../kit/trouble";
import { isAtLeast, type Severity } from "./alert";
import { Refused, type Channel } from "./channel";
import { discordPieces, type DiscordPiece } from "./discord-text";
import { piecewise } from "./piecewise";
import { isSafe } from "./safe-address";

/** A webhook of a Discord channel. All of its address is a secret: who has it can write there. */
export interface Webhook {
    /** "https://discord.com/api/v10/webhooks/ID/TOKEN" */
    url: string;
    token: string;
    /** A thread of the channel, from `?thread_id=` of the address. */
    threadId?: string;
}

export interface DiscordTarget {
    webhook: Webhook;
    /** Alerts below it arrive silently; default warning. */
    loudFrom?: Severity;
}

const requestDeadlineMs = 10_000;
/** Longest answer in bytes that is believed. */
const longestAnswer = 100_000;
/** "Arrives without a sound": the flag SUPPRESS_NOTIFICATIONS of a message. */
const silentFlag = 1 << 12;
/** Longest pause in ms before a message that Discord has asked for with the one before. */
const longestPauseMs = 10_000;

/** A webhook's address as Discord shows it, or what is wrong with it. It never appears in the problem. */
export function parseWebhook(text: string): { webhook: Webhook } | { problem: string } {
    if (text.trim() === "") return { problem: "no webhook" };
    const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
    const found = /^(.*\/api)(?:\/v\d+)?\/webhooks\/(\d+)\/([\w-]+)\/?$/.exec(url?.pathname ?? "");
    const threadId = url?.searchParams.get("thread_id") ?? "";
    if (url === undefined || found === null || url.username !== "" || !/^\d*$/.test(threadId)) return { problem: "that is no webhook: it looks like https://discord.com/api/webhooks/123/ABC" };
    if (!isSafe(url)) return { problem: "the webhook must begin with https:// (http:// only for this machine)" };
    const [, api = "", id = "", token = ""] = found;
    // Without a version Discord answers in the words of an old one, in which some seconds are milliseconds.
    return { webhook: { url: `${url.origin}${api}/v10/webhooks/${id}/${token}`, token, ...(threadId !== "" && { threadId }) } };
}

/**
 * Sends alerts through a webhook, framed in S3's colours. A message whose frame is refused is sent again as bare text.
 * @see https://docs.discord.com/developers/resources/webhook#execute-webhook
 */
export function discordChannel({ webhook, loudFrom = "warning" }: DiscordTarget, clock: Clock = systemClock): Channel {
    const sendPieces = piecewise<DiscordPiece>();
    const address = `${webhook.url}?wait=true${webhook.threadId === undefined ? "" : `&thread_id=${webhook.threadId}`}`;
    let notBefore = -Infinity;

    const call = async (message: object, signal: AbortSignal): Promise<HttpReply> => {
        // Discord says when its room is used up: waiting a moment now spares a refusal.
        const pauseMs = Math.min(notBefore - clock.monotonic(), longestPauseMs);
        if (pauseMs > 0) await sleep(pauseMs, clock, signal);
        try {
            const reply = await requestHttp(address, {
                method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ...message, allowed_mentions: { parse: [] } }),
                deadlineMs: requestDeadlineMs, subject: "Discord", maxBytes: longestAnswer, signal, clock,
            });
            const resetMs = Number(reply.headers["x-ratelimit-reset-after"]) * 1000;
            if (reply.headers["x-ratelimit-remaining"] === "0" && resetMs > 0) notBefore = clock.monotonic() + resetMs;
            return reply;
        } catch (error) {
            const { kind, message: said } = toTrouble(error, "Discord");
            // A new error: the first one's cause could hold the address.
            throw new Trouble(kind, redact(said, webhook.token));
        }
    };

    const sendPiece = async ({ embed, plain }: DiscordPiece, flags: object, signal: AbortSignal): Promise<void> => {
        const verdict = judge(await call({ embeds: [embed], ...flags }, signal), webhook.token);
        if (verdict === "taken") return;
        if (!("unframed" in verdict)) throw verdict.error;
        for (const content of plain) {
            const bare = judge(await call({ content, ...flags }, signal), webhook.token);
            if (bare !== "taken") throw bare.error;
        }
    };

    return {
        send(message, signal) {
            const flags = isAtLeast(message.alert.severity, loudFrom) ? {} : { flags: silentFlag };
            return sendPieces(message.id, () => discordPieces(message), (piece) => sendPiece(piece, flags, signal));
        },
    };
}

type Verdict = "taken" | { error: Refused } | { error: Refused; unframed: true };

/** What is wrong with this message, and no other: a field is wrong or too long, nothing is in it, a filter of words or of links has caught it. */
const ofTheMessage: ReadonlySet<number> = new Set([50035, 50006, 20009, 200000, 240000]);

const newWebhook = "make a new webhook in the settings of the Discord channel, and copy its address into this node; what waits is kept and sent then";

/** What an answer of Discord means. Codes: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json */
function judge(reply: HttpReply, token: string): Verdict {
    const { status } = reply;
    if (status === 204) return "taken";
    const answer = answerOf(reply);
    if (status === 200 && typeof answer.id === "string") return "taken";
    const code = typeof answer.code === "number" ? answer.code : 0;
    const said = redact(typeof answer.message === "string" ? errorText([answer.message, firstError(answer.errors)].filter(Boolean).join(": ")) : `HTTP ${status}`, token).slice(0, 200);
    const refused = (kind: "auth" | "config" | "busy" | "failed", advice: Refused["advice"], short: string, cure?: string): { error: Refused } =>
        ({ error: new Refused(kind, `Discord: ${said} (${status})`, cure, advice, `${short} (${status})`) });

    if (status === 429) return refused("busy", waitOf(reply, answer.retry_after), "asked to wait");
    // Deleted for good, or never there: to ask again would never help, and Discord bans who goes on asking.
    if (status === 401 || (status === 404 && code === 10015)) return refused("auth", { next: "settings", ms: Infinity }, status === 401 ? "webhook refused" : "webhook is gone", newWebhook);
    // 40333: the network before Discord blocks this address for a while.
    if (status === 403 && code !== 40333) return refused("config", { next: "settings" }, "webhook refused", newWebhook);
    if (status === 404) return refused("config", { next: "settings" }, "thread not found", "check the thread in the webhook's address; what waits is kept and sent then");
    // 413: too long.
    if (status === 413 || (status === 400 && ofTheMessage.has(code))) return { ...refused("failed", { next: "discard" }, "message refused"), unframed: true };
    if (status === 400) return refused("config", { next: "settings" }, "channel refused", "check the channel of this webhook: one of threads needs ?thread_id= in the address, an open thread, and room");
    return refused("failed", { next: "retry" }, status >= 500 ? "server error" : "odd answer");
}

/** When to come back: what the body or a header says, in s; else as the outbox likes. */
function waitOf({ headers }: HttpReply, retryAfter: unknown): Refused["advice"] {
    const seconds = [retryAfter, headers["retry-after"], headers["x-ratelimit-reset-after"]].map(Number).find((number) => Number.isFinite(number) && number > 0);
    return seconds === undefined ? { next: "retry" } : { next: "wait", ms: Math.ceil(seconds * 1000) };
}

/** The first message in Discord's tree of wrong fields. */
function firstError(errors: unknown, depth = 0): string | undefined {
    if (typeof errors !== "object" || errors === null || depth > 8) return undefined;
    if ("message" in errors && typeof errors.message === "string") return errors.message;
    return Object.values(errors).map((inner) => firstError(inner, depth + 1)).find((text) => text !== undefined);
}

/** The fields of an answer; empty for a server or a proxy in trouble. @throws Trouble for anything else that is not Discord */
function answerOf(reply: HttpReply): Record<string, unknown> {
    const answer = ((): unknown => {
        try {
            return parseJsonReply(reply, "Discord");
        } catch {
            return undefined; // the page of a proxy; told apart below by the status
        }
    })();
    if (typeof answer === "object" && answer !== null && ("id" in answer || "message" in answer)) return answer as Record<string, unknown>;
    if (reply.status === 429 || reply.status >= 500) return {};
    throw new Trouble("garbage", `Discord: the answer (HTTP ${reply.status}) is not Discord's`, "a proxy or a login page may be in between");
}
