import type { NodeAPI } from "node-red";
import { systemClock } from "../../lib/kit/clock";
import { parseQuery } from "../../lib/stores/timeline-ask";
import { adminPost, dialogFields, untouchedPassword } from "../shared/admin";
import { dataPath } from "../shared/storage";
import { parseConfig, type TimelineCredentials } from "./config";
import { addressOf, openStore, type TimelineStoreNode } from "./timeline";

/** The route behind the dialog's test button, and the one that charts ask. */
export function addDialogRoutes(RED: NodeAPI): void {
    const deployed = (id: unknown): TimelineStoreNode | undefined => {
        const node = typeof id === "string" ? (RED.nodes.getNode(id) as TimelineStoreNode | null) : null;
        return node?.type === "timeline-store" ? node : undefined;
    };

    adminPost(RED, "timeline-store/test", "timeline-store.write", async (body) => {
        const fields = dialogFields(RED, body);
        const node = deployed(body.id);
        const typed = credentialsIn(fields);
        const { config, problems } = parseConfig(fields, typed ?? { user: String(fields.user ?? ""), password: "" });
        if (problems.length > 0) return { ok: false, error: problems.join("; ") };
        // The stored password goes to no server but the one that it was deployed for.
        if (typed === undefined && config.place.kind === "postgres") {
            if (node?.address !== addressOf(config)) return { ok: false, error: "type the password again: the stored one is only sent to the deployed server" };
            config.place.password = node.credentials?.password ?? "";
        }
        const id = typeof body.id === "string" ? body.id : "new";
        const store = openStore(config, dataPath(RED, { id, type: "timeline-store" }, ".timeline"), () => undefined);
        try {
            return { ok: true, text: await store.check() };
        } finally {
            await store.close();
        }
    });

    adminPost(RED, "timeline-store/:id/query", "timeline-store.read", async (body, { id }) => {
        const timeline = deployed(id)?.timeline;
        if (timeline === undefined) return { ok: false, error: "there is no such store, or its settings are wrong" };
        const parsed = parseQuery(body, systemClock.now());
        if ("error" in parsed) return { ok: false, error: parsed.error };
        return { ok: true, series: await timeline.query(parsed.query) };
    });
}

/** The dialog's login; undefined when the password is the stored one. */
function credentialsIn({ user, password }: Record<string, unknown>): TimelineCredentials | undefined {
    return password === untouchedPassword ? undefined : { user: typeof user === "string" ? user : "", password: typeof password === "string" ? password : "" };
}
