import type { Node, NodeAPI } from "node-red";
import type { FlowMessage } from "./wire";

/** While flows start, and only then. */
const starting = new WeakMap<object, Promise<void>>();

/** Resolves when the flows that are starting have started. Asked for in a constructor: later it would be the next start. */
export function started({ events }: NodeAPI): Promise<void> {
    const known = starting.get(events);
    if (known !== undefined) return known;
    const next = new Promise<void>((resolve) => {
        events.once("flows:started", () => {
            starting.delete(events);
            resolve();
        });
    });
    starting.set(events, next);
    return next;
}

/** Tells people of something that lies with the node, not with a message: it reaches Catch, and says `topic` there. */
export type Tell = (text: string) => void;

/**
 * For constructors, and what they begin: Catch nodes, and what stands behind them, hear nothing before all flows have started, so
 * that what is to be told waits for that.
 */
export function teller(RED: NodeAPI, node: Node, topic: string): Tell {
    let ready = false;
    const start = started(RED).then(() => (ready = true));
    const say: Tell = (text) => node.error(text, { topic, payload: text } as FlowMessage);
    return (text) => (ready ? say(text) : void start.then(() => say(text)));
}

/**
 * Lets errors of a config node reach the Catch nodes of all that use it. Node-RED looks for those in `users`, and leaves it to
 * the node to say who they are.
 */
export function heardByUsers(RED: NodeAPI, node: Node): void {
    const users = (): Record<string, Node> => {
        const found: Record<string, Node> = {};
        RED.nodes.eachNode(({ id, ...fields }) => {
            // Another config node is on no tab, and no Catch hears it.
            const user = fields.z && Object.values(fields).includes(node.id) ? (RED.nodes.getNode(id) as Node | null) : null;
            if (user) found[id] = user;
        });
        return found;
    };
    Object.defineProperty(node, "users", { get: users, configurable: true });
}
