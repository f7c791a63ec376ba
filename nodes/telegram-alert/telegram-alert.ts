import type { NodeAPI, NodeDef } from "node-red";
import { alertText, severities, type Alert } from "../../lib/alerts/alert";
import { Refused } from "../../lib/alerts/channel";
import { alertFrom } from "../../lib/alerts/messages";
import { Outbox, type OutboxEvents } from "../../lib/alerts/outbox";
import { outboxFile } from "../../lib/alerts/outbox-file";
import { isToken } from "../../lib/alerts/telegram";
import { systemClock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import { OutageReport } from "../shared/outage-report";
import type { StoredConfig } from "../shared/settings";
import { StatusLight } from "../shared/status";
import { dataPath } from "../shared/storage";
import { onClose, onInput, type FlowMessage } from "../shared/wire";
import { parseConfig } from "./config";
import { MovedChat } from "./moved-chat";
import { clockTime, hinderedStatus, type Hindrance } from "./status-text";
import { addTestRoute, type TelegramAlertNode, type TelegramCredentials } from "./test-route";

const dropWords = { full: "the queue is full", old: "it waited for a week", refused: "Telegram will never take it" } as const;

export = (RED: NodeAPI): void => {
    function TelegramAlert(this: TelegramAlertNode, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        const token = this.credentials?.token?.trim() ?? "";
        if (!isToken(token)) problems.unshift(token === "" ? "no bot token" : "that is not a bot token: it looks like 123456:ABC-DEF");
        const light = new StatusLight(this);
        const file = outboxFile(dataPath(RED, this, ".outbox"));
        this.server = config.baseUrl;

        /** What a message has to tell, if it is loud enough. */
        const tellingOf = (msg: FlowMessage): Alert | undefined => {
            const telling = alertFrom(msg, { label: config.sourceLabel, steps: config.steps }, systemClock.now());
            if ("error" in telling) throw new Trouble("garbage", `nothing sent: ${telling.error}`);
            const { alert } = telling;
            return alert && severities.indexOf(alert.severity) >= severities.indexOf(config.minimumSeverity) ? alert : undefined;
        };

        if (problems.length > 0) {
            light.show("error", problems.join("; "));
            onInput(this, (msg, send) => {
                const alert = tellingOf(msg);
                if (alert === undefined) return;
                send([null, told(alert)]);
                this.warn(`Telegram not configured. Alert: ${alertText(alert)}`);
                throw new Trouble("config", `alert not sent: ${problems.join("; ")}`);
            });
            onClose(this, (removed) => (removed ? file.remove() : undefined));
            return;
        }

        const chat = new MovedChat(RED, this, { ...config, token });
        const network = new OutageReport(this);
        const settings = new OutageReport(this);
        let hindrance: Hindrance | undefined;

        let idle = "ready";
        const show = (): void => {
            const { waiting } = outbox;
            if (waiting === 0) light.show("ok", idle);
            else if (hindrance === undefined) light.show("working", "sending");
            else {
                const { mood, text } = hinderedStatus(hindrance, waiting);
                light.show(mood, text);
            }
        };

        const events: OutboxEvents<FlowMessage> = {
            delivered: (alert, delivery, carry) => {
                hindrance = undefined;
                network.over();
                settings.over();
                idle = `sent ${clockTime(systemClock.wall(), 5)}`;
                show();
                this.send(Object.assign(carry ?? messageOf(alert), { alert, delivery }));
            },
            failed: (trouble, retryInMs, alert, carry) => {
                if (trouble instanceof Refused && trouble.advice.next === "discard") return; // told by `dropped`
                hindrance = { trouble, nextAt: systemClock.wall() + retryInMs };
                // "The network is away" and "the token is wrong" are two outages, also when one follows the other.
                const needsPerson = trouble instanceof Refused && trouble.advice.next === "settings";
                (needsPerson ? settings : network).failed(trouble, carry ?? messageOf(alert));
                show();
            },
            dropped: (alert, why, carry) => {
                const text = `alert given up, because ${dropWords[why]}: ${alertText(alert)}`;
                if (why === "refused") this.error(text, carry ?? messageOf(alert));
                else this.warn(text);
            },
            disk: (trouble) => {
                if (trouble === undefined) this.log("alerts are kept on the disk again");
                else this.error(`waiting alerts are only in memory and would not survive a restart: ${trouble.message}`, {});
            },
            loaded: (waiting, copiedTo) => {
                if (copiedTo !== undefined) this.warn(`the file of waiting alerts was damaged: a copy is kept as ${copiedTo}, what could be read is sent`);
                if (waiting > 0) this.log(`${waiting} alerts from before the restart are waiting`);
                show();
            },
        };
        const outbox = new Outbox<FlowMessage>({ file, channel: chat, events });

        onInput(this, async (msg, send) => {
            const alert = tellingOf(msg);
            if (alert === undefined) return;
            const { repeat } = await outbox.post(alert, msg);
            if (!repeat) send([null, told(alert)]);
            if (repeat && outbox.waiting === 0) light.show("ok", "same again: not sent");
            else show();
        });

        onClose(this, async (removed) => {
            if (removed && outbox.waiting > 0) this.warn(`removed with ${outbox.waiting} alerts that were not sent yet`);
            await (removed ? Promise.all([outbox.remove(), chat.forget()]) : outbox.close());
        });
    }
    RED.nodes.registerType<TelegramAlertNode, NodeDef, object, TelegramCredentials>("telegram-alert", TelegramAlert, { credentials: { token: { type: "password" } } });
    addTestRoute(RED);
};

/** What output 2 says of an alert, for screens on the spot: they shall know also while the network is away. */
function told(alert: Alert): FlowMessage {
    return { ...messageOf(alert), alert };
}

/** The message of an alert from before a restart: only the alert was kept. */
function messageOf(alert: Alert): FlowMessage {
    return { topic: alert.key, payload: alertText(alert) };
}
