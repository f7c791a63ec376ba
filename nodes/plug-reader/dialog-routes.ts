import type { Node, NodeAPI } from "node-red";
import { discoverKasa } from "../../lib/devices/kasa-discovery";
import { openPlug } from "../../lib/devices/plugs";
import { systemClock } from "../../lib/kit/clock";
import { adminPost, dialogFields, untouchedPassword } from "../shared/admin";
import { parseConfig, type PlugReaderConfig } from "./config";
import { describeReading } from "./words";

export interface PlugCredentials {
    user?: string;
    password?: string;
}

export interface PlugReaderNode extends Node<PlugCredentials> {
    /** Where the deployed node reads. */
    address: Pick<PlugReaderConfig, "host" | "port">;
}

/** The routes behind the dialog's search and test buttons and behind the node's own button. */
export function addDialogRoutes(RED: NodeAPI): void {
    const reader = (id: unknown): PlugReaderNode | undefined => {
        const node = typeof id === "string" ? (RED.nodes.getNode(id) as PlugReaderNode | null) : null;
        return node?.type === "plug-reader" ? node : undefined;
    };

    adminPost(RED, "plug-reader/discover", "plug-reader.read", async () => {
        const { ridethroughDiscovery: targets } = RED.settings as { ridethroughDiscovery?: unknown };
        return { ok: true, plugs: await discoverKasa(Array.isArray(targets) ? { targets: targets.map(String) } : {}) };
    });

    adminPost(RED, "plug-reader/test", "plug-reader.write", async (body) => {
        const { config, problems } = parseConfig(dialogFields(RED, body));
        if (problems.length > 0) return { ok: false, error: problems.join("; ") };
        const credentials = credentialsOf(body, config, reader(body.id));
        if (credentials === undefined) return { ok: false, error: "type the password again: the stored one is only sent to the deployed address" };
        const plug = openPlug(config.type, { ...config, ...credentials, clock: systemClock });
        try {
            const readings = await plug.read(new AbortController().signal);
            return { ok: true, lines: readings.map(describeReading) };
        } finally {
            await plug.close();
        }
    });

    adminPost(RED, "plug-reader/:id", "plug-reader.write", (_body, { id }) => {
        const node = reader(id);
        if (node === undefined) return { ok: false, error: "deploy the node first" };
        node.receive({});
        return { ok: true };
    });
}

/** The dialog's login. The stored password goes to no address but the one that it was deployed for. */
function credentialsOf({ user, password }: Record<string, unknown>, { host, port }: PlugReaderConfig, deployed: PlugReaderNode | undefined): Required<PlugCredentials> | undefined {
    const name = typeof user === "string" ? user : "";
    if (password !== untouchedPassword) return { user: name, password: typeof password === "string" ? password : "" };
    if (deployed?.address.host !== host || deployed.address.port !== port) return undefined;
    return { user: name, password: deployed.credentials?.password ?? "" };
}
