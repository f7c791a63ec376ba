import { spawn, type ChildProcess } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { diskAtRest, ofSlowDisk } from "./disk-at-rest";
import { endsWithUs } from "./ends-with-us";
import { eventually } from "./eventually";
import { temporaryFolder } from "./temporary-folder";

/*
 * A whole, real Node-RED in a process of its own, with this package linked into a private user directory. A test file
 * may run as many as it wants, side by side with its simulators; a crash ends the child and not the tests, and a test
 * may kill it. It ends by itself when the process of the tests goes away.
 *
 *     const red = await startNodeRed();
 *     await red.deploy(flows);
 *     await red.inject("0123456789abcdef");
 *     const [msg] = await red.until("fedcba9876543210", 1);
 *     await red.stop();
 */

export const repository = resolve(__dirname, "../..");

export interface FlowNode {
    id: string;
    type: string;
    [key: string]: unknown;
}

export interface FlowMsg {
    topic?: string;
    payload?: unknown;
    [key: string]: unknown;
}

export interface Status {
    fill?: string;
    shape?: string;
    text?: string;
}

/** One line of Node-RED's log. `level` as in Node-RED: 20 error, 30 warn, 40 info, 50 debug, 60 trace. */
export interface LogLine {
    level: number;
    text: string;
    id?: string;
    type?: string;
}

/** What a process holds after a garbage collection. */
export interface Holds {
    /** Timers, sockets and so on by kind, as process.getActiveResourcesInfo names them. */
    resources: Record<string, number>;
    /** Listeners on Node-RED's events, on the process and on the web server. */
    listeners: number;
    /** Its wall clock, ms since the epoch. */
    wall: number;
    /** Node-RED's node objects in memory, those of earlier deploys included. */
    nodes: number;
    /** Open file descriptors. */
    descriptors: number;
    heapUsed: number;
}

export interface NodeRedOptions {
    /** Kept by the caller, for restarts; without it a folder that `stop` removes. */
    userDir?: string;
    /** Links Dashboard 2.0 too. */
    dashboard?: boolean;
    /** Links this package (default), or leaves the user directory's packages as they are. */
    linked?: boolean;
    /** Further entries of settings.js. */
    settings?: Record<string, unknown>;
    env?: Record<string, string>;
    /** Put before the command: ["ip", "netns", "exec", "name"]. */
    prefix?: string[];
    /** Whether messages are recorded; off where memory is measured. See also `record`. */
    tap?: boolean;
    /** Where the editor and its API live, so that absolute addresses break. Default "/red". */
    adminRoot?: string;
}

export interface Deploy {
    credentials?: Record<string, Record<string, string>>;
    type?: "full" | "nodes" | "flows" | "reload";
}

/** Where the Node-RED under test is installed: the development dependency, or what RIDETHROUGH_NODE_RED names. */
export const nodeRedFolder = dirname(require.resolve(`${process.env.RIDETHROUGH_NODE_RED ?? "node-red"}/package.json`));

/** Makes a user directory as a person has it after `npm install` of this package. */
export function makeUserDir(userDir: string, { dashboard = false, linked = true, settings = {}, adminRoot = "/red" }: NodeRedOptions = {}): void {
    mkdirSync(join(userDir, "nodes"), { recursive: true });
    copyFileSync(join(__dirname, "tap.cjs"), join(userDir, "nodes", "tap.js"));
    writeFileSync(join(userDir, "nodes", "tap.html"), "");
    if (linked) {
        if (!existsSync(join(repository, "dist"))) throw new Error("dist/ is missing: run `node scripts/build.mjs` first");
        const packages = [["@ridethrough/node-red", repository], ...(dashboard ? [["@flowfuse/node-red-dashboard", join(repository, "node_modules/@flowfuse/node-red-dashboard")]] : [])] as [string, string][];
        for (const [name, target] of packages) {
            const link = join(userDir, "node_modules", name);
            mkdirSync(dirname(link), { recursive: true });
            if (!existsSync(link)) symlinkSync(target, link, "dir");
        }
        writeFileSync(join(userDir, "package.json"), JSON.stringify({ name: "user-dir", version: "0.0.0", private: true, dependencies: Object.fromEntries(packages.map(([name]) => [name, "*"])) }));
    }
    const all = {
        lang: "en-US", uiHost: "127.0.0.1", uiPort: 0, httpAdminRoot: adminRoot, httpNodeRoot: "/", flowFile: "flows.json", credentialSecret: false,
        telemetry: { enabled: false, updateNotification: false }, editorTheme: { tours: false, projects: { enabled: false }, palette: { catalogues: [] } },
        externalModules: { palette: { allowInstall: false }, modules: { allowInstall: false } }, ...settings,
    };
    writeFileSync(join(userDir, "settings.js"), `const text = (msg) => (msg instanceof Error ? msg.message : typeof msg === "string" ? msg : JSON.stringify(msg) ?? "");
module.exports = { ...${JSON.stringify(all)}, logging: {
    console: { level: "off" },
    tap: { level: "trace", metrics: false, audit: false, handler: () => ({ level, msg, id, type }) => process.connected && !globalThis.ridethroughQuiet && process.send({ kind: "log", line: { level, text: text(msg), id, type } }, () => undefined) },
} };\n`);
}

export class NodeRed {
    readonly log: LogLine[] = [];
    /** Resolves when the process has ended, with its exit code or signal. */
    readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
    /** What the process itself printed: crashes. */
    output = "";
    #port = 0;
    #started = 0;
    #ended = false;
    #asked = 0;
    #received = new Map<string, FlowMsg[]>();
    #statuses = new Map<string, Status[]>();
    #answers = new Map<number, (answer: unknown, error?: string) => void>();

    constructor(readonly child: ChildProcess, readonly userDir: string, readonly adminRoot: string, readonly cleanUp: () => Promise<void>) {
        for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
        child.on("message", (event) => this.#hear(event as Heard));
        this.exited = new Promise((resolve) => child.once("exit", (code, signal) => {
            this.#ended = true;
            resolve({ code, signal });
        }));
    }

    /** "http://127.0.0.1:PORT", where HTTP nodes and the dashboard answer. */
    get origin(): string {
        return `http://127.0.0.1:${this.#port}`;
    }
    /** The editor and its API. */
    get url(): string {
        return `${this.origin}${this.adminRoot === "/" ? "" : this.adminRoot}`;
    }
    get ended(): boolean {
        return this.#ended;
    }
    /** Messages that have reached the node, oldest first. */
    received(id: string): FlowMsg[] {
        return this.#received.get(id) ?? [];
    }
    /** The last status of a node, and all of them since the start. */
    status(id: string): Status | undefined {
        return this.statuses(id).at(-1);
    }
    statuses(id: string): Status[] {
        return this.#statuses.get(id) ?? [];
    }
    /** The texts that were logged as errors, but for those of a slow disk. */
    errors(): string[] {
        return this.log.filter(({ level, text }) => level <= 20 && !ofSlowDisk.test(text)).map(({ text }) => text);
    }
    /** Resolves with the messages that reached the node when there are `count` of them. */
    async until(id: string, count: number, withinMs = 45_000): Promise<FlowMsg[]> {
        await this.eventually(() => this.received(id).length >= count, withinMs, () => `${count} messages at ${id}, got ${this.received(id).length}: ${JSON.stringify(this.received(id).at(-1))?.slice(0, 500)}`);
        return this.received(id);
    }
    /** Waits until `holds`; fails at once, with what was printed, when Node-RED has ended. */
    async eventually(holds: () => boolean, withinMs = 45_000, wanted: () => string = () => "condition"): Promise<void> {
        await eventually(() => this.#ended || holds(), withinMs, () => `${wanted()}; errors: ${this.errors().slice(-3).join(" | ") || "none"}`);
        if (!holds()) throw new Error(`Node-RED has ended while waiting for ${wanted()}\n${this.output}`);
    }
    /** Forgets the messages recorded so far. */
    forget(): void {
        this.#received.clear();
    }

    /** A request to the editor's API, relative to its root. It is made inside the process, which may be in another network. */
    async request(path: string, { method = "GET", body, headers = {} }: { method?: string; body?: unknown; headers?: Record<string, string> } = {}): Promise<Response> {
        const init = { method, headers: { "content-type": "application/json", ...headers }, ...(body !== undefined && { body: JSON.stringify(body) }) };
        const reply = (await this.#ask("fetch", { url: `${this.url}/${path}`, init })) as { status: number; headers: [string, string][]; text: string };
        return new Response(reply.status === 204 ? null : reply.text, { status: reply.status, headers: reply.headers });
    }
    /** Deploys as the editor does, and resolves when the flows have started. */
    async deploy(flows: FlowNode[], { credentials = {}, type = "full" }: Deploy = {}): Promise<void> {
        const before = this.#started;
        const reply = await this.request("flows", { method: "POST", body: { flows, credentials }, headers: { "Node-RED-API-Version": "v2", "Node-RED-Deployment-Type": type } });
        if (!reply.ok) throw new Error(`deploy: ${reply.status} ${await reply.text()}`);
        await this.eventually(() => this.#started > before, 60_000, () => `the flows to start; log: ${this.log.slice(-5).map(({ text }) => text).join(" | ")}`);
    }
    /** Presses the button of an inject node. */
    async inject(id: string): Promise<void> {
        const reply = await this.request(`inject/${id}`, { method: "POST", body: {} });
        if (!reply.ok) throw new Error(`inject ${id}: ${reply.status}`);
    }
    /** Every route of the editor's web server ("admin") and of the flows' own ("node"), those of Node-RED's own nodes among them. */
    routes(): Promise<{ app: "admin" | "node"; path: string; method: string }[]> {
        return this.#ask("routes") as Promise<{ app: "admin" | "node"; path: string; method: string }[]>;
    }
    holds(): Promise<Holds> {
        return this.#ask("holds") as Promise<Holds>;
    }
    /** Resolves when what was begun to be saved is saved: a process that is ended knows it when it starts again. */
    diskAtRest(): Promise<void> {
        return diskAtRest(async () => (await this.#ask("isWriting")) === true);
    }
    /** Whether messages and log are recorded. */
    record(on: boolean): Promise<unknown> {
        return this.#ask("tap", { on });
    }

    /** Ends Node-RED as a service manager does, and removes its own user directory. */
    async stop(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
        const end = await this.kill("SIGTERM");
        await this.cleanUp();
        return end;
    }
    async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
        if (!this.#ended) this.child.kill(signal);
        const force = setTimeout(() => this.child.kill("SIGKILL"), 40_000);
        const end = await this.exited;
        clearTimeout(force);
        return end;
    }

    /** Resolves when the web server listens and the stored flows have started. */
    async ready(): Promise<this> {
        await this.eventually(() => this.#port > 0 && this.#started > 0, 120_000, () => `Node-RED to start; printed: ${this.output}`);
        return this;
    }

    #ask(kind: string, more: object = {}): Promise<unknown> {
        const ask = (this.#asked += 1);
        return new Promise((resolve, reject) => {
            this.#answers.set(ask, (answer, error) => (error === undefined ? resolve(answer) : reject(new Error(error))));
            void this.exited.then(() => reject(new Error(`Node-RED has ended\n${this.output}`)));
            this.child.send({ ask, question: { kind, ...more } });
        });
    }
    #hear(event: Heard): void {
        if (event.kind === "listening") this.#port = event.port;
        else if (event.kind === "started") this.#started += 1;
        else if (event.kind === "log") this.log.push(event.line);
        else if (event.kind === "status") this.#statuses.set(event.id, [...this.statuses(event.id), event.status]);
        else if (event.kind === "received") this.#received.set(event.id, [...this.received(event.id), event.msg]);
        else {
            this.#answers.get(event.ask)?.(event.answer, event.error);
            this.#answers.delete(event.ask);
        }
    }
}

type Heard =
    | { kind: "listening"; port: number }
    | { kind: "started" }
    | { kind: "log"; line: LogLine }
    | { kind: "status"; id: string; status: Status }
    | { kind: "received"; id: string; msg: FlowMsg }
    | { kind: "answer"; ask: number; answer?: unknown; error?: string };

/** Starts Node-RED and waits until the flows stored in its user directory have started. */
export async function startNodeRed(options: NodeRedOptions = {}): Promise<NodeRed> {
    const own = options.userDir === undefined ? temporaryFolder() : undefined;
    const userDir = options.userDir ?? own?.path ?? "";
    try {
        makeUserDir(userDir, options);
    } catch (error) {
        await own?.remove();
        throw error;
    }
    const command = [...(options.prefix ?? []), process.execPath, "--expose-gc", "--disable-warning=ExperimentalWarning", join(nodeRedFolder, "red.js"), "--userDir", userDir];
    const child = endsWithUs(spawn(command[0] ?? "", command.slice(1), {
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        env: { ...process.env, NODE_ENV: "production", RIDETHROUGH_TAP: options.tap === false ? "0" : "1", ...options.env },
    }));
    const red = new NodeRed(child, userDir, options.adminRoot ?? "/red", async () => own?.remove());
    try {
        return await red.ready();
    } catch (error) {
        await red.kill();
        await own?.remove();
        throw error;
    }
}
