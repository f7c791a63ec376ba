import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "pg";
import { endsWithUs } from "./ends-with-us";
import { freePort } from "./free-port";
import { temporaryFolder } from "./temporary-folder";

const run = promisify(execFile);

/** The programs of the newest PostgreSQL on this machine; undefined where there is none. */
export function postgresPrograms(): string | undefined {
    const root = "/usr/lib/postgresql";
    const versions = existsSync(root) ? readdirSync(root).filter((name) => existsSync(join(root, name, "bin", "initdb"))) : [];
    const newest = versions.sort((a, b) => Number(a) - Number(b)).at(-1);
    return newest === undefined ? undefined : join(root, newest, "bin");
}

/** A PostgreSQL server of our own: data in a temporary folder, one port for its whole life. The server runs as its own child. */
export class TestPostgres {
    #server: ChildProcess | undefined;
    readonly #folder = temporaryFolder();
    /** The server refuses to run as root. */
    readonly #user = process.getuid?.() === 0 ? { uid: idOf("-u"), gid: idOf("-g") } : undefined;
    port = 0;

    /** @param settings lines for postgresql.conf. Trust for everyone, unless `hba` says otherwise. */
    constructor(readonly settings: readonly string[] = [], readonly hba = "host all all 127.0.0.1/32 trust") {}

    get folder(): string {
        return this.#folder.path;
    }
    get data(): string {
        return join(this.#folder.path, "data");
    }
    get pid(): number {
        return this.#server?.pid ?? 0;
    }

    /** Makes the database cluster and starts the server. */
    async create(): Promise<this> {
        const programs = postgresPrograms() ?? "";
        this.port = await freePort();
        mkdirSync(this.data);
        chmodSync(this.#folder.path, 0o755);
        this.own(this.data);
        await run(join(programs, "initdb"), ["-D", this.data, "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C"], { ...this.#user, cwd: "/" });
        writeFileSync(join(this.data, "pg_hba.conf"), `${this.hba}\n`);
        const lines = [`port = ${this.port}`, "listen_addresses = '127.0.0.1'", "unix_socket_directories = ''", "fsync = off", "timezone = 'UTC'", ...this.settings];
        writeFileSync(join(this.data, "postgresql.auto.conf"), `${lines.join("\n")}\n`);
        await this.start();
        return this;
    }

    /** Gives a file to the server's user. */
    own(path: string): void {
        if (this.#user !== undefined) chownSync(path, this.#user.uid, this.#user.gid);
    }

    async start(): Promise<void> {
        this.#server = endsWithUs(spawn(join(postgresPrograms() ?? "", "postgres"), ["-D", this.data], { ...this.#user, cwd: "/", stdio: ["ignore", "ignore", "pipe"] }));
        let said = "";
        this.#server.stderr?.on("data", (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4000)));
        for (const end = performance.now() + 90_000; ;) {
            try {
                return await this.#once("SELECT 1").then(() => undefined);
            } catch (error) {
                if (performance.now() > end || this.#server.exitCode !== null) throw new Error(`PostgreSQL did not start: ${String(error)}\n${said}`);
                await new Promise((resolve) => setTimeout(resolve, 20));
            }
        }
    }

    /** Ends every connection and the server: "fast", or "immediate" as a power cut does. */
    async stop(how: "fast" | "immediate" = "fast"): Promise<void> {
        const server = this.#server;
        if (server === undefined || server.exitCode !== null) return;
        const gone = new Promise((resolve) => server.once("exit", resolve));
        server.kill(how === "fast" ? "SIGINT" : "SIGQUIT");
        await gone;
        this.#server = undefined;
    }

    /** Stops every process of the server in its tracks, or lets them go on: a hung server. */
    freeze(signal: "SIGSTOP" | "SIGCONT"): void {
        for (const pid of [this.pid, ...childrenOf(this.pid)]) {
            try {
                process.kill(pid, signal);
            } catch (error) {
                // A process of the server that ends by itself in this moment.
                if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
            }
        }
    }

    async rows<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
        return (await this.#once(text, values)) as Row[];
    }

    /** As `rows`, in another database. */
    async rowsOf<Row extends object>(database: string, text: string): Promise<Row[]> {
        return (await this.#once(text, [], database)) as Row[];
    }

    async #once(text: string, values: unknown[] = [], database = "postgres"): Promise<object[]> {
        const client = new Client({ host: "127.0.0.1", port: this.port, user: "postgres", database, connectionTimeoutMillis: 30_000 });
        client.on("error", () => undefined);
        try {
            await client.connect();
            return (await client.query(text, values)).rows as object[];
        } finally {
            await client.end().catch(() => undefined);
        }
    }

    async remove(): Promise<void> {
        await this.stop("immediate");
        await this.#folder.remove();
    }
}

function idOf(flag: string): number {
    return Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
}

function childrenOf(pid: number): number[] {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter((text) => text.trim() !== "").map(Number);
}
