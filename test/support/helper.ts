import type { Node, NodeInitializer } from "node-red";
import helper from "node-red-node-test-helper";
import { diskAtRest, ofSlowDisk } from "./disk-at-rest";
import { eventually } from "./eventually";

/** The Node-RED under test: the development dependency, or the installation that RIDETHROUGH_NODE_RED names. */
export const nodeRedPath = require.resolve(process.env.RIDETHROUGH_NODE_RED ?? "node-red");

helper.init(nodeRedPath);

export { eventually } from "./eventually";
export { copyAsKilled, temporaryFolder } from "./temporary-folder";

/** A close within it in ms, on a busy machine too, was held up by nothing: Node-RED itself would wait for 15 s. */
export const closeMs = 10_000;

export interface LoadedFlow {
    node<T extends Node = Node>(id: string): T;
    /** Messages that have reached the helper node `id`, oldest first. */
    received(id: string): FlowMsg[];
    /** What has reached the helper node "errors", but for complaints of a slow disk. */
    errors(): FlowMsg[];
    /** Resolves with the helper node's messages when there are `count` of them. */
    until(id: string, count: number, withinMs?: number): Promise<FlowMsg[]>;
    /** The last status of a node, as it was sent to the editor. */
    status(id: string): { fill?: string; shape?: string; text?: string } | undefined;
    /** Stops the flow and starts it again as a redeploy does. */
    redeploy(): Promise<void>;
    /** Stops the flow for good, and waits for what its nodes still write: a deploy waits for no slow disk. */
    unload(): Promise<void>;
}

/** The texts that were logged as errors since the flow was loaded. */
export function errorsLogged(): string[] {
    const { args } = helper.log() as unknown as { args: [{ level: number; msg: unknown }][] };
    return args.flatMap(([{ level, msg }]) => (level === 20 ? [String(msg)] : []));
}

export interface FlowMsg {
    topic?: string;
    payload?: unknown;
    [key: string]: unknown;
}

export interface FlowNode {
    id: string;
    type: string;
    wires?: string[][];
    [key: string]: unknown;
}

/**
 * Starts `flow` in the test helper's Node-RED with its data in `userDir`. Nodes of type "helper" collect what reaches
 * them. Add {type: "catch"} or {type: "status"} nodes as in a real flow.
 */
export async function loadFlow(initializers: NodeInitializer[], flow: FlowNode[], { userDir, credentials = {} }: { userDir: string; credentials?: Record<string, Record<string, string>> }): Promise<LoadedFlow> {
    helper.settings({ userDir } as never);
    // Node-RED takes a node without a place on the canvas for a config node.
    const placed = flow.map((node) => (node.wires === undefined && node.type !== "helper" ? node : { x: 0, y: 0, ...node }));
    const full = flow.some((node) => node.type === "tab") ? placed : [{ id: "tab", type: "tab", label: "test" }, ...placed.map((node) => ({ z: "tab", ...node }))];
    let boxes: Map<string, FlowMsg[]>;
    const start = async (): Promise<void> => {
        boxes = new Map();
        await helper.load(initializers as never, full as never, credentials as never);
        for (const { id } of full.filter((node) => node.type === "helper")) {
            const box: FlowMsg[] = [];
            boxes.set(id, box);
            helper.getNode(id).on("input", (msg: unknown) => void box.push(msg as FlowMsg));
        }
    };
    await start();
    const received = (id: string): FlowMsg[] => boxes.get(id) ?? [];
    return {
        node: <T extends Node>(id: string) => helper.getNode(id) as unknown as T,
        received,
        errors: () => received("errors").filter(({ payload }) => !ofSlowDisk.test(String(payload))),
        async until(id, count, withinMs = 10_000) {
            await eventually(() => received(id).length >= count, withinMs, () => `${count} messages at ${id}, got ${JSON.stringify(received(id))}`);
            return received(id);
        },
        status(id) {
            // One spy for all nodes.
            const node = helper.getNode(id) as unknown as { status: { args: [{ fill?: string; shape?: string; text?: string }][]; thisValues: unknown[] } };
            const { args, thisValues } = node.status;
            return args.filter((_, index) => thisValues[index] === node).at(-1)?.[0];
        },
        async redeploy() {
            await helper.unload();
            await start();
        },
        async unload() {
            await helper.unload();
            await diskAtRest();
        },
    };
}
