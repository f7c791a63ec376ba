import { once } from "node:events";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Node, NodeRedApp } from "node-red";
import { makeUserDir, nodeRedFolder, type FlowMsg, type FlowNode } from "../test/support/node-red";
import { temporaryFolder } from "../test/support/temporary-folder";

/** A Node-RED within this process, with the built package as a person installs it and the nodes of nodes.cjs. */
export interface Runtime {
    /** Replaces all flows and resolves when they have started. */
    deploy(flows: FlowNode[], credentials?: Record<string, Record<string, string>>): Promise<void>;
    /** Hands a message to a node, as a wire does. */
    send(id: string, msg: FlowMsg): void;
    /** Calls `hear` for each message that reaches a node of the flow that is deployed. */
    listen(id: string, hear: (msg: FlowMsg) => void): void;
    stop(): Promise<void>;
}

/** What the types leave out of node-red's own module. */
interface Inside {
    nodes: { getNode(id: string): Node | null };
    runtime: { flows: { setFlows(request: { flows: { flows: FlowNode[]; credentials: object }; deploymentType: string }): Promise<unknown> } };
}

export async function startRuntime(): Promise<Runtime> {
    const userDir = temporaryFolder();
    makeUserDir(userDir.path);
    // The tests' tap would be part of what is measured.
    rmSync(join(userDir.path, "nodes", "tap.js"));
    copyFileSync(join(__dirname, "nodes.cjs"), join(userDir.path, "nodes", "bench.js"));
    writeFileSync(join(userDir.path, "nodes", "bench.html"), "");

    const RED = createRequire(__filename)(nodeRedFolder) as NodeRedApp & Inside;
    const server = createServer();
    RED.init(server, {
        userDir: userDir.path, uiPort: 0, uiHost: "127.0.0.1", httpAdminRoot: "/red", httpNodeRoot: "/", flowFile: "flows.json", credentialSecret: false, disableEditor: true,
        telemetry: { enabled: false, updateNotification: false }, externalModules: { palette: { allowInstall: false } }, logging: { console: { level: "error", metrics: false, audit: false } },
    } as never);
    const started = once(RED.events, "flows:started");
    await RED.start();
    await started;

    const node = (id: string): Node => {
        const found = RED.nodes.getNode(id);
        if (found === null) throw new Error(`no node ${id}`);
        return found;
    };
    return {
        async deploy(flows, credentials = {}) {
            const again = once(RED.events, "flows:started");
            const placed = flows.map((each) => (each.wires === undefined ? each : { x: 0, y: 0, z: "tab", ...each }));
            await RED.runtime.flows.setFlows({ flows: { flows: [{ id: "tab", type: "tab", label: "bench" }, ...placed], credentials }, deploymentType: "full" });
            await again;
        },
        send: (id, msg) => node(id).receive(msg as never),
        listen: (id, hear) => void node(id).on("input", (msg, _send, done) => {
            hear(msg as FlowMsg);
            done();
        }),
        async stop() {
            await RED.stop();
            server.close();
            await userDir.remove();
        },
    };
}
