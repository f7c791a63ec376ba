import type { NodeAPI } from "node-red";
import { NutServer, type NutServerOptions } from "../../lib/devices/nut-client";
import { systemClock } from "../../lib/kit/clock";
import { withDeadline } from "../../lib/kit/deadline";
import { errorText, Trouble } from "../../lib/kit/trouble";
import { adminPost, dialogFields, untouchedPassword, type AdminAnswer } from "../shared/admin";
import { parseConfig } from "./config";
import { addressOf, type NutServerNode } from "./server";

const deadlineMs = 20_000;
/** The test reads so many UPSes; the names of the others are all it says. */
const mostRead = 20;

/** The routes behind the server's test button and the reader's list of UPSes. */
export function addDialogRoutes(RED: NodeAPI): void {
    const deployed = (id: unknown): NutServerNode | undefined => {
        const node = typeof id === "string" ? (RED.nodes.getNode(id) as NutServerNode | null) : null;
        return node?.type === "nut-server" ? node : undefined;
    };

    adminPost(RED, "nut-server/:id/upses", "nut-server.write", (_body, { id }) => {
        const node = deployed(id);
        if (node === undefined) return { ok: false, error: "deploy first: only the deployed server is asked" };
        if (node.server === undefined) return { ok: false, error: node.problems.join("; ") };
        return asking(node.server.options, async (server, signal) => ({ ok: true, upses: await server.listUps(signal) }));
    });

    adminPost(RED, "nut-server/test", "nut-server.write", async (body) => {
        const fields = dialogFields(RED, body);
        const text = (value: unknown): string => (typeof value === "string" ? value : "");
        const node = deployed(body.id);
        const untouched = fields.password === untouchedPassword;
        const { config, problems } = parseConfig(fields, { user: text(fields.user), password: untouched ? (node?.credentials?.password ?? "") : text(fields.password) });
        if (problems.length > 0) return { ok: false, error: problems.join("; ") };
        // The stored password goes to no server but the one that it was deployed for, and not in the clear where that was with TLS.
        if (untouched && node?.address !== addressOf(config)) return { ok: false, error: "type the password again: the stored one is only sent to the deployed server" };
        return asking(config, test);
    });
}

/** Asks on a connection of its own: the readers' may be waiting for its next attempt, and would say what was true a minute ago. */
async function asking(options: NutServerOptions, work: (server: NutServer, signal: AbortSignal) => Promise<AdminAnswer>): Promise<AdminAnswer> {
    const server = new NutServer(options);
    try {
        return await withDeadline({ ms: deadlineMs, subject: "NUT server", clock: systemClock }, (signal) => work(server, signal));
    } finally {
        server.close();
    }
}

/** What the server has, says of each UPS, and of user and password. */
async function test(server: NutServer, signal: AbortSignal): Promise<AdminAnswer> {
    const upses = await server.listUps(signal);
    const [first] = upses;
    const credentials = first === undefined ? server.credentials : await server.checkCredentials(first.name, signal);
    const found: object[] = [];
    for (const [index, ups] of upses.entries()) {
        if (index >= mostRead) found.push(ups);
        else try {
            const variables = await server.read(ups.name, signal);
            found.push({ ...ups, status: variables.get("ups.status") ?? "", charge: variables.get("battery.charge") });
        } catch (error) {
            if (error instanceof Trouble && error.kind === "stopped") throw error;
            found.push({ ...ups, error: errorText(error) });
        }
    }
    return { ok: true, upses: found, credentials: credentials.state, ...(credentials.state === "refused" && { refused: credentials.trouble.message }) };
}
