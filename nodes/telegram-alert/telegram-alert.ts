import type { Node, NodeAPI, NodeDef } from "node-red";
import { isToken, telegramChannel } from "../../lib/alerts/telegram";
import { Trouble } from "../../lib/kit/trouble";
import { untouchedPassword } from "../shared/admin";
import { runAlertNode } from "../shared/alert-node";
import { addTestRoute } from "../shared/alert-test";
import type { StoredConfig } from "../shared/settings";
import { parseConfig } from "./config";
import { MovedChat } from "./moved-chat";

interface TelegramCredentials {
    token?: string;
}

interface TelegramAlertNode extends Node<TelegramCredentials> {
    /** The server that the deployed node talks to. */
    server: string;
}

export = (RED: NodeAPI): void => {
    function TelegramAlert(this: TelegramAlertNode, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        const token = this.credentials?.token?.trim() ?? "";
        this.server = config.baseUrl;
        runAlertNode(RED, this, { name: "Telegram", choices: config, problems: [...tokenProblems(token), ...problems], open: () => new MovedChat(RED, this, { ...config, token }) });
    }
    RED.nodes.registerType<TelegramAlertNode, NodeDef, object, TelegramCredentials>("telegram-alert", TelegramAlert, { credentials: { token: { type: "password" } } });

    addTestRoute<TelegramAlertNode>(RED, "telegram-alert", (fields, deployed) => {
        const { config, problems } = parseConfig(fields);
        if (problems.length > 0) throw new Trouble("config", problems.join("; "));
        const stored = fields.token === untouchedPassword;
        // The stored token goes to no server but the one that it was deployed for.
        if (stored && deployed?.server !== config.baseUrl) throw new Trouble("config", "type the bot token again: the stored one is only sent to the deployed server");
        const token = (stored ? deployed?.credentials?.token : typeof fields.token === "string" ? fields.token : "")?.trim() ?? "";
        const [problem] = tokenProblems(token);
        if (problem !== undefined) throw new Trouble("config", problem);
        let chatId = config.chatId;
        return { channel: telegramChannel({ ...config, token }, { onMoved: (moved) => (chatId = moved) }), answer: () => ({ chatId }) };
    });
};

function tokenProblems(token: string): string[] {
    if (token === "") return ["no bot token"];
    return isToken(token) ? [] : ["that is not a bot token: it looks like 123456:ABC-DEF"];
}
