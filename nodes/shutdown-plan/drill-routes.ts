import type { NodeAPI } from "node-red";
import { formatDuration } from "../../lib/kit/duration";
import { adminPost } from "../shared/admin";
import type { DrilledHost } from "./drilled-host";
import type { DrilledPlanNode } from "./drills";

/** The routes behind the dialog's drills. They know the plan that is deployed, not the one that is being edited. */
export function addDrillRoutes(RED: NodeAPI): void {
    const deployed = (id: unknown): DrilledPlanNode => {
        const node = typeof id === "string" ? (RED.nodes.getNode(id) as DrilledPlanNode | null | undefined) : undefined;
        if (node?.type !== "shutdown-plan" || node.drills === undefined) throw new Error("deploy the plan first");
        return node;
    };
    const hostsOf = (node: DrilledPlanNode): DrilledHost[] => node.drills.standings().map(({ ageMs, drilledAt: _when, ...host }) => ({ ...host, ...(ageMs !== undefined && { age: formatDuration(ageMs) }) }));

    adminPost(RED, "shutdown-plan/:id/evidence", "shutdown-plan.read", async (_body, { id }) => {
        const node = deployed(id);
        await node.drills.ready;
        return { ok: true, hosts: hostsOf(node), problems: node.resolve().problems };
    });

    adminPost(RED, "shutdown-plan/:id/drill", "shutdown-plan.write", async ({ host }, { id }) => {
        if (host !== undefined && typeof host !== "string") return { ok: false, error: "host is not a name" };
        const node = deployed(id);
        const drill = await node.drills.drill(host === undefined ? undefined : [host]);
        return { ok: true, drill, hosts: hostsOf(node) };
    });
}
