import * as http from "node:http";
import * as https from "node:https";
import { systemClock, type Clock } from "./clock";
import { addressMs, withDeadline } from "./deadline";
import { toTrouble, Trouble } from "./trouble";

export interface HttpRequest {
    method?: string;
    headers?: Record<string, string>;
    body?: string;
    /** Longest time in ms from the call to the last byte. */
    deadlineMs: number;
    /** What the errors name, never the URL (which may hold a secret): "plug 192.0.2.5". */
    subject: string;
    /** Longest body in bytes; a longer one is garbage. Default 1 MiB. */
    maxBytes?: number;
    /** PEM of the only authorities to believe; default: those of Node. */
    ca?: string;
    signal?: AbortSignal;
    clock?: Clock;
    /** Called when the connection stands: before that the other side has heard nothing of the request. Must not throw. */
    onConnected?: () => void;
}

export interface HttpReply {
    status: number;
    headers: http.IncomingHttpHeaders;
    text: string;
}

/**
 * One HTTP request on a connection of its own, closed afterwards. Redirects are not followed. Any status resolves.
 * @throws Trouble: refused, unreachable, timeout, closed (also a body cut short), garbage (no HTTP, body too long), stopped,
 * config (no http or https URL, a header that HTTP does not allow).
 */
export function requestHttp(url: string, { method = "GET", headers = {}, body, deadlineMs, subject, maxBytes = 1 << 20, ca, signal, clock = systemClock, onConnected }: HttpRequest): Promise<HttpReply> {
    return withDeadline({ ms: deadlineMs, subject, clock, ...(signal && { signal }) }, (abort) => new Promise<HttpReply>((resolve, reject) => {
        const fail = (error: unknown): void => reject(httpTrouble(error, subject));
        const target = httpUrl(url, subject);
        const length = body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
        // Node's types don't know it.
        const patience = { autoSelectFamilyAttemptTimeout: addressMs(deadlineMs) };
        const request = openRequest(target, { method, headers: { ...headers, ...length }, agent: false, signal: abort, ...patience, ...(ca !== undefined && { ca }) }, subject);
        request.on("response", (reply) => {
            const chunks: Buffer[] = [];
            let bytes = 0;
            reply.on("data", (chunk: Buffer) => {
                bytes += chunk.length;
                if (bytes > maxBytes) {
                    fail(new Trouble("garbage", `${subject}: answer longer than ${maxBytes} bytes`));
                    request.destroy();
                } else {
                    chunks.push(chunk);
                }
            });
            reply.on("error", fail);
            reply.on("end", () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text: Buffer.concat(chunks).toString("utf8") }));
        });
        request.on("upgrade", (_reply, socket) => {
            fail(new Trouble("garbage", `${subject}: the answer switches to another protocol`));
            socket.destroy();
        });
        request.on("error", fail);
        if (onConnected !== undefined) request.on("socket", (socket) => void socket.once(target.protocol === "https:" ? "secureConnect" : "connect", onConnected));
        request.end(body);
    }));
}

function httpUrl(url: string, subject: string): URL {
    const target = URL.canParse(url) ? new URL(url) : undefined;
    if (target?.protocol !== "http:" && target?.protocol !== "https:") throw new Trouble("config", `${subject}: the address is not an http or https URL`);
    return target;
}

function openRequest(target: URL, options: https.RequestOptions, subject: string): http.ClientRequest {
    try {
        return (target.protocol === "https:" ? https : http).request(target, options);
    } catch (error) {
        // Node refuses at once what HTTP can't carry: a line break in a header, a space in the method.
        throw new Trouble("config", `${subject}: a header or the method holds characters that HTTP does not allow`, undefined, { cause: error });
    }
}

function httpTrouble(error: unknown, subject: string): Trouble {
    const code = (error as NodeJS.ErrnoException | undefined)?.code;
    if (code?.startsWith("HPE_")) return new Trouble("garbage", `${subject}: the answer is not HTTP`, undefined, { cause: error });
    return toTrouble(error, subject);
}

/** The JSON value of a reply. @throws Trouble of kind "garbage" when it is none. */
export function parseJsonReply(reply: HttpReply, subject: string): unknown {
    try {
        return JSON.parse(reply.text);
    } catch (error) {
        throw new Trouble("garbage", `${subject}: the answer is not JSON`, undefined, { cause: error });
    }
}
