import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { freePort } from "../support/free-port";

/** What an API answers: a status and a JSON body. */
export interface Answer {
    status: number;
    body?: Record<string, unknown>;
    headers?: Record<string, string>;
}

/** What a stand-in for an API does with one request instead of answering it. */
export type ApiFault =
    | { kind: "answer"; answer: Answer }
    | { kind: "raw"; status: number; body: string; headers?: Record<string, string> }  // an answer that is not the API's: a proxy's page, a captive portal
    | { kind: "slow"; ms: number }     // answers rightly, but late
    | { kind: "silence" }              // takes the request and never answers
    | { kind: "garbage" }              // bytes that are no HTTP
    | { kind: "truncated" }            // announces more bytes than it sends
    | { kind: "oversized" }            // 10 MB
    | { kind: "half-closed" }          // ends its side without an answer
    | { kind: "reset" }                // breaks the connection without an answer
    | { kind: "vanish" };              // takes the request, then breaks off in the middle of the answer

export const badGateway: ApiFault = { kind: "raw", status: 502, body: "<html><body><h1>502 Bad Gateway</h1></body></html>" };

/** The part of a stand-in that every API has: its server on loopback, and its faults. */
export interface FaultyApi {
    /** "http://127.0.0.1:40123" */
    url: string;
    /** Requests to the API so far, answered or not. */
    readonly requests: number;
    /** One fault for each of the coming requests, in order. */
    next(...faults: ApiFault[]): void;
    /** The same fault for every request (after those of `next`), until it is called without one. */
    always(fault?: ApiFault): void;
    /** Refuses connections, as a host does on which nothing listens. */
    down(): Promise<void>;
    /** Listens again on the same port. */
    up(): Promise<void>;
    stop(): Promise<void>;
}

export interface FaultyApiOptions {
    /** Default 0: any free one. */
    port?: number;
    answer(request: IncomingMessage, body: string): Answer;
    /** A page for people at `/`. */
    page?(): string;
}

export async function startFaultyApi({ port = 0, answer, page }: FaultyApiOptions): Promise<FaultyApi> {
    const sockets = new Set<Socket>();
    const planned: ApiFault[] = [];
    let standing: ApiFault | undefined;
    let requests = 0;

    const serve = (request: IncomingMessage, response: ServerResponse, body: string): void => {
        if (page !== undefined && request.method === "GET" && request.url === "/") return void response.setHeader("Content-Type", "text/html; charset=utf-8").end(page());
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

    // Nobody else may have it while nothing listens.
    const listening = port === 0 ? await freePort() : port;
    await listen(listening);
    return {
        url: `http://127.0.0.1:${listening}`,
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

function reply(response: ServerResponse, { status, body, headers = {} }: Answer): void {
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(body === undefined ? undefined : JSON.stringify(body));
}

function misbehave(fault: ApiFault, response: ServerResponse, accept: () => Answer): void {
    const { socket } = response;
    switch (fault.kind) {
        case "answer": return reply(response, fault.answer);
        case "raw": return void response.writeHead(fault.status, { "Content-Type": "text/html", ...fault.headers }).end(fault.body);
        case "slow": return void setTimeout(() => reply(response, accept()), fault.ms).unref();
        case "silence": return;
        case "garbage": return void socket?.end("\u0000\u0001 no HTTP here\r\n\r\n");
        case "truncated": return void socket?.end("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"ok\":true,\"resu");
        case "oversized": return void response.writeHead(200, { "Content-Type": "application/json" }).end(`{"ok":true,"result":"${"x".repeat(10_000_000)}"}`);
        case "half-closed": return void socket?.end();
        case "reset": return void socket?.resetAndDestroy();
        case "vanish": {
            const text = JSON.stringify(accept().body ?? {});
            socket?.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text.slice(0, 20)}`);
            return void setTimeout(() => socket?.destroy(), 20).unref();
        }
    }
}
