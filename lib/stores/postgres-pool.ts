import { Socket } from "node:net";
import type { Pool, QueryResultRow } from "pg";
import { sleep } from "../kit/clock";
import { withDeadline } from "../kit/deadline";
import { redact } from "../kit/redact";

export interface PostgresConnection {
    /** Name, address, or the folder of a Unix socket. */
    host: string;
    port: number;
    database: string;
    user: string;
    password?: string;
    /** `verify`: encrypted, and the server must have a certificate that `ca` (PEM), or a public authority, has signed. */
    tls: "off" | "verify";
    ca?: string;
    /** Longest time in ms for a connection, and for a statement. */
    deadlineMs: number;
    /** How errors name the server. */
    subject: string;
}

/** A server that may be away: connections are made when needed, and every wait has an end. */
export class PostgresPool {
    #pool: Promise<Pool> | undefined;
    #closed = false;
    readonly #sockets = new Set<Socket>();

    constructor(readonly connection: PostgresConnection) {}

    /** @throws what pg throws, or Trouble "timeout" */
    async rows<Row extends QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
        const { deadlineMs, subject, password = "" } = this.connection;
        // pg's own limits come first and give the connection up; this one is for what they do not cover.
        return withDeadline({ ms: deadlineMs * 2 + 1000, subject }, async () => (await (await this.#open()).query<Row>(text, values)).rows).catch((error: unknown) => {
            // A server may say back what it was told.
            if (error instanceof Error) error.message = redact(error.message, password, "password");
            throw error;
        });
    }

    /** Ends the connections, politely for a moment. */
    async close(): Promise<void> {
        this.#closed = true;
        const pool = await this.#pool;
        if (pool !== undefined) await Promise.race([pool.end().catch(() => undefined), sleep(100)]);
        for (const socket of this.#sockets) socket.destroy();
    }

    #open(): Promise<Pool> {
        if (this.#closed) return Promise.reject(new Error("closed"));
        return (this.#pool ??= this.#make());
    }

    async #make(): Promise<Pool> {
        const { Pool } = await import("pg");
        const { host, port, database, user, password, tls, ca, deadlineMs } = this.connection;
        const pool = new Pool({
            host, port, database, user, password: password ?? "",
            ssl: tls === "off" ? false : { rejectUnauthorized: true, ...(ca !== undefined && { ca }) },
            stream: () => this.#socket(),
            // One writes, one reads; a third for a reader while a lost connection has not timed out yet.
            max: 3,
            idleTimeoutMillis: 60_000,
            keepAlive: true,
            connectionTimeoutMillis: deadlineMs,
            query_timeout: deadlineMs + 500,
            statement_timeout: deadlineMs,
            idle_in_transaction_session_timeout: deadlineMs,
            application_name: "ridethrough",
        });
        // Without a listener the death of an idle connection ends Node-RED.
        pool.on("error", () => undefined);
        return pool;
    }

    #socket(): Socket {
        const socket = new Socket();
        this.#sockets.add(socket);
        socket.on("close", () => this.#sockets.delete(socket));
        return socket;
    }
}
