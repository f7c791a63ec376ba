import type { Node, NodeAPI, NodeDef } from "node-red";
import { discordChannel, parseWebhook } from "../../lib/alerts/discord";
import { Trouble } from "../../lib/kit/trouble";
import { untouchedPassword } from "../shared/admin";
import { runAlertNode } from "../shared/alert-node";
import { addTestRoute } from "../shared/alert-test";
import type { StoredConfig } from "../shared/settings";
import { parseConfig } from "./config";

interface DiscordCredentials {
    webhook?: string;
}

type DiscordAlertNode = Node<DiscordCredentials>;

export = (RED: NodeAPI): void => {
    function DiscordAlert(this: DiscordAlertNode, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        const parsed = parseWebhook(this.credentials?.webhook ?? "");
        runAlertNode(RED, this, {
            name: "Discord", choices: config, problems: "problem" in parsed ? [parsed.problem, ...problems] : problems,
            open: () => channelOf(parsed, config),
        });
    }
    RED.nodes.registerType<DiscordAlertNode, NodeDef, object, DiscordCredentials>("discord-alert", DiscordAlert, { credentials: { webhook: { type: "password" } } });

    addTestRoute<DiscordAlertNode>(RED, "discord-alert", (fields, deployed) => {
        const { config, problems } = parseConfig(fields);
        if (problems.length > 0) throw new Trouble("config", problems.join("; "));
        // The address is the secret: a stored one leads where it was deployed to, and nowhere else.
        const webhook = fields.webhook === untouchedPassword ? deployed?.credentials?.webhook : fields.webhook;
        return { channel: channelOf(parseWebhook(typeof webhook === "string" ? webhook : ""), config), answer: () => ({}) };
    });
};

function channelOf(parsed: ReturnType<typeof parseWebhook>, { loudFrom }: ReturnType<typeof parseConfig>["config"]): ReturnType<typeof discordChannel> {
    if ("problem" in parsed) throw new Trouble("config", parsed.problem);
    return discordChannel({ webhook: parsed.webhook, loudFrom });
}
