import type { Node, NodeAPI } from "node-red";
import { isToken, telegramChannel } from "../../lib/alerts/telegram";
import { systemClock } from "../../lib/kit/clock";
import { adminPost, dialogFields, untouchedPassword } from "../shared/admin";
import { parseConfig } from "./config";

export interface TelegramCredentials {
    token?: string;
}

export interface TelegramAlertNode extends Node<TelegramCredentials> {
    /** The server that the deployed node talks to. */
    server: string;
}

/** The route behind the dialog's "send a test message" button. */
export function addTestRoute(RED: NodeAPI): void {
    adminPost(RED, "telegram-alert/test", "telegram-alert.write", async (body) => {
        const fields = dialogFields(RED, body);
        const { config, problems } = parseConfig(fields);
        if (problems.length > 0) return { ok: false, error: problems.join("; ") };
        const deployed = typeof body.id === "string" ? (RED.nodes.getNode(body.id) as TelegramAlertNode | null) : null;
        const stored = fields.token === untouchedPassword;
        // The stored token goes to no server but the one that it was deployed for.
        if (stored && (deployed?.type !== "telegram-alert" || deployed.server !== config.baseUrl)) {
            return { ok: false, error: "type the bot token again: the stored one is only sent to the deployed server" };
        }
        const token = (stored ? deployed?.credentials?.token : typeof fields.token === "string" ? fields.token : "")?.trim() ?? "";
        if (!isToken(token)) return { ok: false, error: token === "" ? "no bot token" : "that is not a bot token: it looks like 123456:ABC-DEF" };
        let chatId = config.chatId;
        const channel = telegramChannel({ ...config, token }, { onMoved: (moved) => (chatId = moved) });
        const alert = { severity: "warning" as const, symbol: "✅", title: "Ridethrough", detail: "This is a test. Alerts will arrive here.", text: "", at: systemClock.now(), key: "test" };
        await channel.send({ id: 1, alert, delayedMs: 0, times: 1, lost: 0 }, new AbortController().signal);
        return { ok: true, chatId };
    });
}
