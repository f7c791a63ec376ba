import type { Node, NodeAPI } from "node-red";
import { alertText, isAtLeast, type Alert } from "../../lib/alerts/alert";
import { Refused, type Channel } from "../../lib/alerts/channel";
import { alertFrom } from "../../lib/alerts/messages";
import { Outbox, type OutboxEvents } from "../../lib/alerts/outbox";
import { outboxFile } from "../../lib/alerts/outbox-file";
import { queueLimits } from "../../lib/alerts/queue";
import { systemClock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import { writes } from "../../lib/kit/writers";
import type { AlertChoices } from "./alert-settings";
import { clockTime, hinderedStatus, type Hindrance } from "./alert-status";
import { OutageReport } from "./outage-report";
import { ServiceLife } from "./service-life";
import { StatusLight } from "./status";
import { dataPath } from "./storage";
import { teller } from "./telling";
import { background, onClose, onInput, type FlowMessage } from "./wire";

/** What an alert node tells people through. */
export interface AlertService {
    /** As logs and errors name it: "Telegram". */
    name: string;
    choices: AlertChoices;
    /** What is missing or wrong; with any, nothing is sent. */
    problems: string[];
    /** Called when nothing is missing. `forget`: removes what the channel keeps on the disk. */
    open(): Channel & { forget?(): Promise<void> };
}

/** The whole life of an alert node: messages become alerts, wait in an outbox on the disk, and go out through the service's channel. */
export function runAlertNode(RED: NodeAPI, node: Node, { name, choices, problems, open }: AlertService): void {
    const light = new StatusLight(node);
    const path = dataPath(RED, node, ".outbox");
    const file = outboxFile(path);
    const life = new ServiceLife(RED, node);
    const alertOf = (msg: FlowMessage): Alert | undefined => {
        const telling = alertFrom(msg, { label: choices.sourceLabel, steps: choices.steps }, systemClock.now());
        if ("error" in telling) throw new Trouble("garbage", `nothing sent: ${telling.error}`);
        return telling.alert;
    };
    const isWanted = ({ severity }: Alert): boolean => isAtLeast(severity, choices.minimumSeverity);

    if (problems.length > 0) {
        light.show("error", problems.join("; "));
        onInput(node, (msg, send) => {
            const alert = alertOf(msg);
            if (alert === undefined || !isWanted(alert)) return;
            send([null, told(alert)]);
            node.warn(`${name} not configured. Alert: ${alertText(alert)}`);
            throw new Trouble("config", `alert not sent: ${problems.join("; ")}`);
        });
        onClose(node, async (removed) => void (removed && await Promise.all([file.remove(), life.forget()])));
        return;
    }

    const channel = open();
    const network = new OutageReport(node);
    const settings = new OutageReport(node);
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

    const dropWords = { full: "the queue is full", old: "it waited for a week", refused: `${name} will never take it` };
    const tell = teller(RED, node, "alerts");
    const events: OutboxEvents<FlowMessage> = {
        delivered: (alert, delivery, carry) => {
            hindrance = undefined;
            network.over();
            settings.over();
            idle = `sent ${clockTime(systemClock.wall(), 5)}`;
            show();
            node.send(Object.assign(carry ?? messageOf(alert), { alert, delivery }));
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
            if (why === "refused") node.error(text, carry ?? messageOf(alert));
            else node.warn(text);
        },
        disk: (trouble) => {
            if (trouble === undefined) node.log("alerts are kept on the disk again");
            else tell(`waiting alerts are only in memory and would not survive a restart: ${trouble.message}`);
        },
        loaded: (waiting, copiedTo) => {
            if (copiedTo !== undefined) tell(`the file of waiting alerts was damaged: a copy is kept as ${copiedTo}, what could be read is sent, and the rest may have told something that nobody hears now`);
            if (waiting > 0) node.log(`${waiting} alerts from before the restart are waiting`);
            show();
        },
    };
    const outbox = new Outbox<FlowMessage>({ file, channel, events, limits: { ...queueLimits, blipMs: choices.blipSeconds * 1000 } });

    const tellStart = async (): Promise<void> => {
        if (!choices.service) return life.forget();
        const start = await life.begin();
        if (start !== undefined && isWanted(start)) await outbox.post(start);
    };
    let starting = Promise.resolve();
    background(node, () => (starting = tellStart()));

    onInput(node, async (msg, send) => {
        const alert = alertOf(msg);
        if (alert === undefined) return;
        const wanted = isWanted(alert);
        if (!wanted && alert.closes === undefined) return;
        const isNews = wanted ? !(await outbox.post(alert, msg)).repeat : await outbox.finish(alert, msg);
        if (isNews) send([null, told(alert)]);
        if (wanted && !isNews && outbox.waiting === 0) light.show("ok", "same again: not sent");
        else show();
    });

    const close = async (removed: boolean): Promise<void> => {
        await starting.catch(() => undefined); // told by `background`
        if (removed && outbox.waiting > 0) node.warn(`removed with ${outbox.waiting} alerts that were not sent yet`);
        await Promise.all([
            removed ? outbox.remove() : outbox.close(),
            choices.service ? life.end(removed) : undefined,
            removed ? channel.forget?.() : undefined,
        ]);
    };
    // What is still to be told, and what has been, is known when all of it is over.
    onClose(node, (removed) => writes(path, close(removed)));
}

/** What output 2 says of an alert, for screens on the spot: they shall know also while the network is away. */
function told(alert: Alert): FlowMessage {
    return { ...messageOf(alert), alert };
}

/** The message of an alert from before a restart: only the alert was kept. */
function messageOf(alert: Alert): FlowMessage {
    return { topic: alert.key, payload: alertText(alert) };
}
