import { createRequire } from "node:module";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import { dirname, join } from "node:path";
import type { EventEmitter } from "node:events";

/** The parts of an embedded Node-RED that are used here; node-red brings no types of its own. */
interface Runtime {
    init(server: Server, settings: object): void;
    start(): Promise<void>;
    stop(): Promise<void>;
    events: EventEmitter;
    httpAdmin: unknown;
    httpNode: unknown;
}
interface WebApp {
    (...args: unknown[]): void;
    use(path: string, app: unknown): void;
}

export interface DemoNodeRed {
    /** "http://127.0.0.1:1880/" */
    url: string;
    stop(): Promise<void>;
}

export interface DemoNodeRedOptions {
    folder: string;
    port: number;
    /** Written on the first start only: what people change in the editor stays. */
    flow: object[];
    credentials: Record<string, Record<string, string>>;
}

/** What the demo's editor is called, by which it is known. */
export const headerTitle = "Ridethrough demo";

const repository = join(__dirname, "..");
const load = createRequire(__filename);

/** Starts Node-RED on 127.0.0.1 with a private user directory that knows this package and the dashboard. */
export async function startNodeRed({ folder, port, flow, credentials }: DemoNodeRedOptions): Promise<DemoNodeRed> {
    const server = await listen(port);
    prepare(folder, flow, credentials);
    // Neither has types for embedding; express is the one that Node-RED itself uses.
    const RED = load("node-red") as Runtime;
    const express = createRequire(load.resolve("node-red"))("express") as () => WebApp;
    const app = express();
    RED.init(server, {
        uiHost: "127.0.0.1", uiPort: server.address(), userDir: folder, flowFile: "flows.json", credentialSecret: false,
        httpAdminRoot: "/", httpNodeRoot: "/",
        telemetry: { enabled: false, updateNotification: false },
        editorTheme: { tours: false, projects: { enabled: false }, palette: { catalogues: [] }, page: { title: "Ridethrough" }, header: { title: headerTitle } },
        externalModules: { palette: { allowInstall: false }, modules: { allowInstall: false } },
        logging: { console: { level: "warn", metrics: false, audit: false } },
    });
    app.use("/", RED.httpAdmin);
    app.use("/", RED.httpNode);
    // A browser tab left open from last time asks at once: it shall not see a half-started editor.
    let ready = false;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
        if (ready) app(request, response);
        else response.writeHead(503, { "Retry-After": "1" }).end("Node-RED is starting");
    });
    const started = once(RED.events, "flows:started");
    await RED.start();
    await started;
    ready = true;
    return {
        url: `http://127.0.0.1:${port}/`,
        async stop() {
            await RED.stop();
            server.closeAllConnections();
            await new Promise((resolve) => server.close(resolve));
        },
    };
}

async function listen(port: number): Promise<Server> {
    const server = createServer();
    server.listen(port, "127.0.0.1");
    try {
        await once(server, "listening");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
        throw new Error(`Port ${port} is in use, perhaps by another Node-RED. Choose another one:  PORT=${port + 1} npm start`);
    }
    return server;
}

function prepare(folder: string, flow: object[], credentials: DemoNodeRedOptions["credentials"]): void {
    const modules = { "@ridethrough/node-red": repository, "@flowfuse/node-red-dashboard": join(repository, "node_modules", "@flowfuse", "node-red-dashboard") };
    for (const [name, target] of Object.entries(modules)) {
        const link = join(folder, "node_modules", name);
        mkdirSync(dirname(link), { recursive: true });
        if (!existsSync(link)) symlinkSync(target, link, "junction");
    }
    const dependencies = Object.fromEntries(Object.keys(modules).map((name) => [name, "*"]));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "ridethrough-demo", private: true, version: "0.0.0", dependencies }, null, 2));
    if (existsSync(join(folder, "flows.json"))) return;
    writeFileSync(join(folder, "flows.json"), JSON.stringify(flow, null, 2));
    writeFileSync(join(folder, "flows_cred.json"), JSON.stringify(credentials, null, 2), { mode: 0o600 });
}
