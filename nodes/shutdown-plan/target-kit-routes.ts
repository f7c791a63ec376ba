import { userInfo } from "node:os";
import type { NodeAPI } from "node-red";
import { publicKeyOf } from "../../lib/shutdown/public-key";
import { targetKit, type TargetKit } from "../../lib/shutdown/target-kit";
import type { PowerHost, PowerHostNode } from "../power-host/access";
import { parseConfig as parseHost } from "../power-host/config";
import { adminPost, dialogFields } from "../shared/admin";
import { parseConfig } from "./config";
import { resolvePlan } from "./resolve";

/** What the dialog shows for one host. This machine has no SSH, and so no key to confine. */
export type TargetKitAnswer = Pick<TargetKit, "sudoers"> & Partial<Pick<TargetKit, "forcedCommand" | "authorizedKeys">> & { host: string; user: string };

/**
 * POST shutdown-plan/target-kit: the files that let this plan, as it stands in the dialog, do its steps on one host and
 * nothing else. Takes what the preview takes, and `host`, the id of a power host of the plan.
 */
export function addTargetKitRoute(RED: NodeAPI): void {
    const deployed = (id: string): PowerHostNode | undefined => {
        const node = RED.nodes.getNode(id) as PowerHostNode | null | undefined;
        return node?.type === "power-host" ? node : undefined;
    };

    adminPost(RED, "shutdown-plan/target-kit", "shutdown-plan.write", (body) => {
        const { config, problems } = parseConfig(dialogFields(RED, body));
        const edited = new Map((Array.isArray(body.powerHosts) ? body.powerHosts : []).flatMap((entry: unknown): [string, Record<string, unknown>][] => {
            const { id, ...stored } = dialogFields(RED, (typeof entry === "object" && entry !== null ? entry : {}) as Record<string, unknown>);
            return typeof id === "string" ? [[id, stored]] : [];
        }));
        const hostOf = (id: string): PowerHost | undefined => {
            const stored = edited.get(id);
            if (stored === undefined) return deployed(id)?.powerHost;
            const { name, local } = parseHost(stored).config;
            return { name, local, problems: [], access: { root: false, open: () => { throw new Error("a kit opens nothing"); } } };
        };
        const { plan, problems: wrong } = resolvePlan(config, problems, hostOf);
        if (plan === undefined) return { ok: false, error: wrong.join("; ") };
        const id = typeof body.host === "string" ? body.host : "";
        const host = plan.hosts.find(({ name }) => name === hostOf(id)?.name);
        if (host === undefined) return { ok: false, error: "this host is not in the plan" };
        const user = host.local ? userInfo().username : userOf({ ...storedConfig(RED, id), ...edited.get(id) });
        if (user === undefined) return { ok: false, error: `${host.name}: no user to log in with` };
        const { privateKey, passphrase } = deployed(id)?.credentials ?? {};
        const publicKey = privateKey === undefined ? undefined : publicKeyOf(privateKey, passphrase);
        const kit = targetKit(host, { user, root: host.local ? process.getuid?.() === 0 : user === "root", ...(publicKey !== undefined && { publicKey }) });
        const answer: TargetKitAnswer = { host: host.name, user, sudoers: kit.sudoers, ...(!host.local && { forcedCommand: kit.forcedCommand, authorizedKeys: kit.authorizedKeys }) };
        return { ok: true, ...answer };
    });
}

/** A node's settings as they are deployed. */
function storedConfig(RED: NodeAPI, id: string): Record<string, unknown> {
    let found: Record<string, unknown> = {};
    RED.nodes.eachNode((node) => {
        if (node.id === id) found = dialogFields(RED, { ...node });
    });
    return found;
}

function userOf(stored: Record<string, unknown>): string | undefined {
    const user = typeof stored.user === "string" ? stored.user.trim() : "";
    return /^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/.test(user) ? user : undefined;
}
