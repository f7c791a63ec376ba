import type { NodeAPI, NodeDef } from "node-red";
import type { PowerHost, PowerHostNode } from "../power-host/access";
import { parseConfig as parseHost } from "../power-host/config";
import { previewPlan } from "../../lib/shutdown/steps";
import { planText } from "../../lib/shutdown/run-texts";
import { adminPost, dialogFields } from "../shared/admin";
import type { StoredConfig } from "../shared/settings";
import { addCatalogueRoute } from "./catalogue-route";
import { parseConfig } from "./config";
import { addDrillRoutes } from "./drill-routes";
import { openDrills, type DrilledPlanNode } from "./drills";
import { planResolver, resolvePlan } from "./resolve";
import { addTargetKitRoute } from "./target-kit-routes";

export = (RED: NodeAPI): void => {
    const find = (id: string): PowerHost | undefined => {
        const node = RED.nodes.getNode(id) as PowerHostNode | null | undefined;
        return node?.type === "power-host" ? node.powerHost : undefined;
    };

    function ShutdownPlan(this: DrilledPlanNode, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        this.resolve = planResolver(config, problems, find);
        this.drills = openDrills(RED, this, config.evidenceDays * 24 * 3_600_000);
    }
    RED.nodes.registerType("shutdown-plan", ShutdownPlan);
    addCatalogueRoute(RED);
    addDrillRoutes(RED);
    addTargetKitRoute(RED);

    // The dialog brings the hosts as the editor knows them, since they may not be deployed yet.
    adminPost(RED, "shutdown-plan/preview", "shutdown-plan.write", (body) => {
        const { config, problems } = parseConfig(dialogFields(RED, body));
        const edited = new Map((Array.isArray(body.powerHosts) ? body.powerHosts : []).flatMap((entry: unknown): [string, PowerHost][] => {
            const { id, ...stored } = dialogFields(RED, (typeof entry === "object" && entry !== null ? entry : {}) as Record<string, unknown>);
            const { name, local } = parseHost(stored).config;
            // A key that is stored does not come with the dialog: the address counts all the same.
            const address = !local && typeof stored.host === "string" && stored.host !== "" ? { host: stored.host, port: Number(stored.port) || 22 } : undefined;
            return typeof id === "string" ? [[id, { name, local, ...(address && { address }), problems: [], access: { root: false, open: () => { throw new Error("a preview opens nothing"); } } }]] : [];
        }));
        const deployed = RED.nodes.getNode(String(body.id)) as DrilledPlanNode | null | undefined;
        const usualMs = deployed?.type === "shutdown-plan" ? deployed.usualMs : undefined;
        const resolved = resolvePlan(config, problems, (id) => edited.get(id) ?? find(id), usualMs);
        return { ok: true, problems: resolved.problems, lints: resolved.lints, ...(resolved.plan && { text: planText(resolved.plan), steps: previewPlan(resolved.plan, usualMs) }) };
    });
};
