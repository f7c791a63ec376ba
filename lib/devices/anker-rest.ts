import { sleep, type Clock } from "../kit/clock";
import { parseJsonReply, requestHttp, type HttpReply } from "../kit/http";
import { toTrouble } from "../kit/trouble";
import { checkHost, type AnkerCloud } from "./anker-cloud";
import { ankerHeaders, type Token } from "./anker-login";
import { refusalOf, type Refusal } from "./anker-refusals";
import { throttleOf } from "./anker-throttle";
import { valueAt } from "./channels";

export interface RestCall {
    cloud: AnkerCloud;
    country: string;
    /** Path below the base: "passport/login". */
    endpoint: string;
    body: unknown;
    token?: Token;
    /** The person who is logged in may not be named in errors. */
    subject: string;
    clock: Clock;
    signal: AbortSignal;
    /** Called when the cloud may have heard of the request. Must not throw. */
    onConnected?: () => void;
}

/** The cloud's answer: its data, or what follows from its refusal and its own words. */
export type RestAnswer = { kind: "data"; data: unknown } | { kind: "refused"; refusal: Refusal; said: string };

const deadlineMs = 15_000;
const againAfterMs = 3000;

/**
 * One request, within the limits of its endpoint; once more when the cloud says that it has trouble of its own.
 * @throws Trouble: network, timeout, garbage; busy when the endpoint must be left alone
 */
export async function callAnker(call: RestCall): Promise<RestAnswer> {
    const first = await callOnce(call);
    if (first.kind === "data" || first.refusal.then !== "again") return first;
    await sleep(againAfterMs, call.clock, call.signal);
    call.signal.throwIfAborted();
    return callOnce(call);
}

async function callOnce({ cloud, country, endpoint, body, token, subject, clock, signal, onConnected }: RestCall): Promise<RestAnswer> {
    const base = cloud.baseUrl(country);
    checkHost(cloud, new URL(base).hostname);
    const throttle = throttleOf(base, clock);
    await throttle.turn(endpoint, signal);
    const reply = await requestHttp(`${base}/${endpoint}`, {
        method: "POST",
        headers: ankerHeaders(country, offsetMs(clock), token),
        body: JSON.stringify(body),
        deadlineMs, subject, signal, clock,
        ...(cloud.ca !== undefined && { ca: cloud.ca }),
        ...(onConnected !== undefined && { onConnected }),
    }).catch((error: unknown) => {
        throw toTrouble(error, subject);
    });
    const answer = answerOf(reply, subject);
    if (answer.kind === "refused" && answer.refusal.kind === "busy" && answer.refusal.then === undefined) throttle.hold(endpoint);
    return answer;
}

function answerOf(reply: HttpReply, subject: string): RestAnswer {
    // The body of a 429 is not the usual envelope, those of 401 and 5xx may be anything.
    if (reply.status === 429 || reply.status === 401 || reply.status === 403) return { kind: "refused", refusal: refusalOf(reply.status, ""), said: "" };
    if (reply.status >= 500) return { kind: "refused", refusal: refusalOf(502, ""), said: "" };
    const envelope = parseJsonReply(reply, subject);
    const code = valueAt(envelope, "code");
    if (code === 0) return { kind: "data", data: valueAt(envelope, "data") };
    const message = valueAt(envelope, "msg");
    const said = typeof message === "string" ? message : "";
    return { kind: "refused", refusal: refusalOf(typeof code === "number" ? code : reply.status, said), said };
}

/** The local time's offset from UTC in ms, east positive. */
export function offsetMs(clock: Clock): number {
    return -new Date(clock.wall()).getTimezoneOffset() * 60_000;
}
