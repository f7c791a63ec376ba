import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "../support/free-port";

/**
 * Stands in front of a good server, whatever it speaks, and spoils what it says.
 *
 * well: passes everything on · refused: nothing listens · black-hole: takes everything, never answers · slow: answers
 * after `delayMs` · garbage: answers with noise · truncated: half the answer, then a clean end · oversized: 10 MB after
 * `oversizedStart` · half-closed: the whole answer, but never an end of the connection · vanish: half the answer, then
 * a reset
 */
export type Behaviour = "well" | "refused" | "black-hole" | "slow" | "garbage" | "truncated" | "oversized" | "half-closed" | "vanish";

export interface FaultyServerOptions {
    /** Port of the good server on 127.0.0.1; not needed for behaviours that have no use for its answer. */
    upstream?: number;
    /** Default 200. */
    delayMs?: number;
    /** What an oversized answer begins with, so that it looks right at first: a header of the protocol. */
    oversizedStart?: Buffer | string;
    port?: number;
}

export interface FaultyServer {
    readonly port: number;
    /** How many connections were accepted, and how many of them the client has not ended yet. */
    readonly connections: number;
    readonly open: number;
    /** Bytes of oversized answers that went out. */
    readonly sent: number;
    /** From the next request on, also on connections that are open. */
    behave(behaviour: Behaviour): Promise<void>;
    stop(): Promise<void>;
}

const oversizedBytes = 10 * 1024 * 1024;

export async function startFaultyServer(behaviour: Behaviour, { upstream = 0, delayMs = 200, oversizedStart = "", port = 0 }: FaultyServerOptions = {}): Promise<FaultyServer> {
    let current = behaviour;
    let connections = 0;
    let sent = 0;
    const sockets = new Set<Socket>();
    const clients = new Set<Socket>();
    const timers = new Set<NodeJS.Timeout>();
    const later = (ms: number, run: () => void): void => {
        const timer = setTimeout(() => {
            timers.delete(timer);
            run();
        }, ms);
        timers.add(timer);
    };
    const track = (socket: Socket): Socket => {
        sockets.add(socket);
        return socket.on("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
    };

    function accept(client: Socket): void {
        connections += 1;
        clients.add(track(client));
        for (const event of ["end", "close"]) client.on(event, () => clients.delete(client));
        // In some protocols the server speaks first.
        let server = upstream > 0 && (current === "well" || current === "slow" || current === "half-closed") ? reach(client) : undefined;
        let late = 0;
        client.on("data", (data) => {
            if (current === "black-hole") return;
            if (current === "garbage") return void client.end(Buffer.from("\u0007\u00ff noise, not an answer \u0000\r\n\r\n".repeat(20)));
            if (current === "oversized") return flood(client);
            const upward = (server ??= reach(client));
            if (current !== "slow" && late === 0) return void upward.write(data);
            late += 1; // also when it is well again: nothing overtakes what is on its way
            later(delayMs, () => {
                late -= 1;
                upward.write(data);
            });
        });
    }

    /** The good server's end of a client's connection. */
    function reach(client: Socket): Socket {
        const server = track(connect({ port: upstream, host: "127.0.0.1", allowHalfOpen: true }));
        client.on("close", () => server.destroy()).on("end", () => server.end());
        server.on("data", (data) => {
            if (current === "truncated") client.end(data.subarray(0, data.length >> 1));
            else if (current === "vanish") client.write(data.subarray(0, data.length >> 1), () => later(10, () => client.resetAndDestroy()));
            else client.write(data);
        });
        server.on("end", () => {
            if (current !== "half-closed") client.end();
        });
        return server;
    }

    function flood(client: Socket): void {
        client.write(oversizedStart);
        const block = Buffer.alloc(64 * 1024, "x");
        let left = oversizedBytes;
        const more = (): void => {
            while (left > 0 && client.writable) {
                left -= block.length;
                sent += block.length;
                if (!client.write(block)) return void client.once("drain", more);
            }
            client.end();
        };
        more();
    }

    const listen = (at: number): Promise<Server> => new Promise((resolve, reject) => {
        const listening = createServer({ allowHalfOpen: true }, accept);
        listening.once("error", reject);
        listening.listen(at, "127.0.0.1", () => resolve(listening));
    });
    const hangUp = (listening: Server): Promise<void> => new Promise((resolve) => {
        listening.close(() => resolve());
        for (const socket of sockets) socket.destroy();
    });

    // Nobody else may have it while nothing listens.
    const bound = port === 0 ? await freePort() : port;
    let server: Server | undefined = await listen(bound);
    const behave = async (next: Behaviour): Promise<void> => {
        current = next;
        if (next === "refused" && server !== undefined) {
            const closing = server;
            server = undefined;
            await hangUp(closing);
        } else if (next !== "refused" && server === undefined) {
            server = await listen(bound);
        }
    };
    await behave(behaviour);

    return {
        port: bound,
        get connections() { return connections; },
        get open() { return clients.size; },
        get sent() { return sent; },
        behave,
        async stop() {
            timers.forEach(clearTimeout);
            if (server !== undefined) await hangUp(server);
            server = undefined;
            for (const socket of sockets) socket.destroy();
        },
    };
}
