import type { IncomingMessage } from "node:http";
import { startFaultyApi, type Answer, type ApiFault, type FaultyApi } from "./faulty-api";

export { badGateway, type ApiFault } from "./faulty-api";

/** A message that the stand-in has accepted. */
export interface DiscordMessage {
    content: string;
    embeds: { title?: string; description?: string; color?: number; timestamp?: string }[];
    /** Told without a sound. */
    silent: boolean;
    threadId?: string;
    /** Who is called: always nobody. */
    mentions: unknown;
}

export interface DiscordSimulator extends FaultyApi {
    /** The webhook's address, as Discord shows it. */
    webhook: string;
    messages: DiscordMessage[];
}

const refusal = (status: number, body: Record<string, unknown>, headers: Record<string, string> = {}): ApiFault => ({ kind: "answer", answer: { status, body, headers } });

export const gone = refusal(404, { message: "Unknown Webhook", code: 10015 });
export const wrongToken = refusal(401, { message: "Invalid Webhook Token", code: 50027 });
export const forbidden = refusal(403, { message: "Missing Permissions", code: 50013 });
export const blockedAddress = refusal(403, { message: "internal network error", code: 40333 });
export const unknownChannel = refusal(404, { message: "Unknown Channel", code: 10003 });
export const needsThread = refusal(400, { message: "Webhooks posted to forum channels must have a thread_name or thread_id", code: 220001 });
export const wrongEmbed = refusal(400, { message: "Invalid Form Body", code: 50035, errors: { embeds: { 0: { description: { _errors: [{ code: "BASE_TYPE_MAX_LENGTH", message: "Must be 4096 or fewer in length." }] } } } } });
/** As with a bucket of its own, or `global`. */
export const tooManyRequests = (seconds: number, global = false): ApiFault => refusal(429, { message: "You are being rate limited.", retry_after: seconds, global }, {
    "Retry-After": String(Math.ceil(seconds)), ...(global ? { "X-RateLimit-Global": "true", "X-RateLimit-Scope": "global" } : { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": String(seconds), "X-RateLimit-Scope": "user" }),
});
/** As the network before Discord says it: no JSON. */
export const bannedAddress = (seconds: number): ApiFault => ({ kind: "raw", status: 429, body: "error code: 1015", headers: { "Retry-After": String(seconds) } });

/** A stand-in for Discord's webhooks on loopback, with its limits and its words. @param headers added to every good answer */
export async function startDiscord({ id = "123", token = "webhook-SECRET_token", headers = {} }: { id?: string; token?: string; headers?: Record<string, string> } = {}): Promise<DiscordSimulator> {
    const messages: DiscordMessage[] = [];

    const answer = (request: IncomingMessage, body: string): Answer => {
        const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
        const [, askedId, askedToken] = /^\/api\/v10\/webhooks\/(\d+)\/([\w-]+)$/.exec(pathname) ?? [];
        if (askedId === undefined || request.method !== "POST") return { status: 404, body: { message: "404: Not Found", code: 0 } };
        if (askedId !== id) return { status: 404, body: { message: "Unknown Webhook", code: 10015 } };
        if (askedToken !== token) return { status: 401, body: { message: "Invalid Webhook Token", code: 50027 } };
        const { content = "", embeds = [], flags = 0, allowed_mentions: mentions } = JSON.parse(body) as { content?: string; embeds?: DiscordMessage["embeds"]; flags?: number; allowed_mentions?: unknown };
        const wrong = problemOf(content, embeds);
        if (wrong !== undefined) return wrong;
        const threadId = searchParams.get("thread_id");
        messages.push({ content, embeds, silent: (flags & 4096) !== 0, mentions, ...(threadId !== null && { threadId }) });
        return searchParams.get("wait") === "true" ? { status: 200, body: { id: String(messages.length), content, embeds }, headers } : { status: 204, headers };
    };
    const api = await startFaultyApi({ answer });
    return Object.assign(api, { webhook: `${api.url}/api/webhooks/${id}/${token}`, messages });
}

function problemOf(content: string, embeds: DiscordMessage["embeds"]): Answer | undefined {
    const tooLong = (field: string, most: number): Answer => ({ status: 400, body: { message: "Invalid Form Body", code: 50035, errors: { [field]: { _errors: [{ code: "BASE_TYPE_MAX_LENGTH", message: `Must be ${most} or fewer in length.` }] } } } });
    if (content.length > 2000) return tooLong("content", 2000);
    for (const { title = "", description = "" } of embeds) {
        if (title.length > 256) return tooLong("title", 256);
        if (description.length > 4096) return tooLong("description", 4096);
        if (title.length + description.length > 6000) return tooLong("embeds", 6000);
    }
    const empty = content.trim() === "" && embeds.every(({ title = "", description = "" }) => title.trim() === "" && description.trim() === "");
    return empty ? { status: 400, body: { message: "Cannot send an empty message", code: 50006 } } : undefined;
}
