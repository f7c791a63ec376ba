import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startKasaPlug, type KasaPlug } from "../simulators/kasa-plug";
import { startTelegram, type TelegramSimulator } from "../simulators/telegram";
import { repository, type FlowNode } from "./node-red";

export const botToken = "123456789:test-token";

/** A shipped example as it is in the package. */
export function example(name: string): FlowNode[] {
    return JSON.parse(readFileSync(join(repository, "examples", "flows", `${name}.json`), "utf8")) as FlowNode[];
}

/** The node of an example by type and name. */
export function nodeOf(flows: readonly FlowNode[], type: string, name?: string): FlowNode {
    const found = flows.filter((node) => node.type === type && (name === undefined || node.name === name));
    if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} nodes of type ${type}${name === undefined ? "" : ` named ${name}`}`);
    return found[0];
}

/** A plug and a Telegram for examples to talk to. */
export interface Devices {
    plug: KasaPlug;
    telegram: TelegramSimulator;
    stop(): Promise<void>;
}

export async function startDevices(watts = 420): Promise<Devices> {
    const plug = await startKasaPlug({ watts, alias: "Solix output" });
    const telegram = await startTelegram({ token: botToken });
    return { plug, telegram, stop: async () => void (await Promise.all([plug.stop(), telegram.stop()])) };
}

/** An example with the addresses that a person would enter: the plug's and Telegram's, polled once a second. */
export function wired(flows: readonly FlowNode[], { plug, telegram }: Pick<Devices, "plug" | "telegram">): { flows: FlowNode[]; credentials: Record<string, Record<string, string>> } {
    const credentials: Record<string, Record<string, string>> = {};
    const changed = flows.map((node): FlowNode => {
        if (node.type === "plug-reader") return { ...node, plugType: "kasa", host: "127.0.0.1", port: String(plug.port), interval: "1" };
        if (node.type !== "telegram-alert") return node;
        credentials[node.id] = { token: botToken };
        return { ...node, baseUrl: telegram.url, chatId: "456" };
    });
    return { flows: changed, credentials };
}
