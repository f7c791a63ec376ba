import type { NodeAPI } from "node-red";
import { adminPost } from "../shared/admin";

/** The route behind the node's button: takes a reading now. */
export function addDialogRoutes(RED: NodeAPI): void {
    adminPost(RED, "ups-reader/:id", "ups-reader.write", (_body, { id }) => {
        const node = typeof id === "string" ? RED.nodes.getNode(id) : null;
        if (node?.type !== "ups-reader") return { ok: false, error: "deploy the node first" };
        node.receive({});
        return { ok: true };
    });
}
