import type { NodeAPI } from "node-red";
import { adminPost, dialogFields } from "../shared/admin";
import { parseConfig } from "./config";
import { openMachines } from "./machines";
import { describePoll } from "./words";

/** The routes behind the dialog's test button and behind the node's own button. */
export function addDialogRoutes(RED: NodeAPI): void {
    adminPost(RED, "gpu-reader/test", "gpu-reader.write", async (body) => {
        const { config, problems } = parseConfig(dialogFields(RED, body));
        const machines = openMachines(RED, config);
        try {
            const wrong = [...problems, ...machines.problems];
            if (wrong.length > 0) return { ok: false, error: wrong.join("; ") };
            const polls = await Promise.all(machines.hosts.map((host) => host.poll(new AbortController().signal)));
            return { ok: true, lines: polls.flatMap(describePoll) };
        } finally {
            machines.close();
        }
    });

    adminPost(RED, "gpu-reader/:id", "gpu-reader.write", (_body, { id }) => {
        const node = typeof id === "string" ? RED.nodes.getNode(id) : null;
        if (node?.type !== "gpu-reader") return { ok: false, error: "deploy the node first" };
        node.receive({});
        return { ok: true };
    });
}
