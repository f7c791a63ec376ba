import type { Node, NodeAPI } from "node-red";
import type { Alert } from "../../lib/alerts/alert";
import type { Channel } from "../../lib/alerts/channel";
import { systemClock } from "../../lib/kit/clock";
import { adminPost, dialogFields } from "./admin";

/** A channel to try, with what the answer says of where it leads. */
export interface Trial {
    channel: Channel;
    answer(): Record<string, unknown>;
}

/**
 * The route behind a dialog's "send a test message" button. `open` makes a channel of the dialog's fields; what it throws
 * is shown. @param open `deployed`: the node whose dialog it is, once it is deployed
 */
export function addTestRoute<Deployed extends Node>(RED: NodeAPI, type: string, open: (fields: Record<string, unknown>, deployed: Deployed | undefined) => Trial): void {
    adminPost(RED, `${type}/test`, `${type}.write`, async (body) => {
        const fields = dialogFields(RED, body);
        const node = typeof body.id === "string" ? (RED.nodes.getNode(body.id) as Deployed | null) : null;
        const { channel, answer } = open(fields, node?.type === type ? node : undefined);
        const alert: Alert = { severity: "warning", symbol: "✅", good: true, title: "Ridethrough", detail: "This is a test. Alerts will arrive here.", text: "", at: systemClock.now(), key: "test" };
        await channel.send({ id: 1, alert, delayedMs: 0, times: 1, lost: 0 }, new AbortController().signal);
        return { ok: true, ...answer() };
    });
}
