import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DemoDevices } from "./demo-devices";

interface ExampleNode {
    id: string;
    type: string;
    name?: string;
    [key: string]: unknown;
}

/** What the demo sets in the shipped examples: addresses, as variables, because the ports change from start to start. */
function demoSettings(node: ExampleNode): Record<string, unknown> {
    switch (node.type) {
        case "plug-reader":
            return { plugType: "kasa", host: "127.0.0.1", port: "${RIDETHROUGH_PLUG_PORT}", interval: "2", deadline: "2" };
        case "nut-server":
            return { host: "127.0.0.1", port: "${RIDETHROUGH_NUT_PORT}" };
        case "telegram-alert":
            return { chatId: "1", baseUrl: "${RIDETHROUGH_TELEGRAM_URL}" };
        case "power-host": {
            const prefix = `RIDETHROUGH_${String(node.name).toUpperCase()}`;
            return { host: "127.0.0.1", port: `\${${prefix}_PORT}`, hostKey: `\${${prefix}_KEY}` };
        }
        // No account and perhaps no GPU here: they would only say so, again and again.
        case "solix-reader":
        case "gpu-reader":
            return { d: true };
        default:
            return {};
    }
}

function examples(): ExampleNode[] {
    return ["03 Complete monitor.json", "05 Dashboard.json", "09 One UPS (NUT).json"].flatMap((file) =>
        JSON.parse(readFileSync(join(__dirname, "..", "examples", "flows", file), "utf8")) as ExampleNode[]);
}

/** The examples "Complete monitor", "Dashboard" and "One UPS" as they are shipped, with the demo's addresses. */
export function demoFlow(): ExampleNode[] {
    return examples().filter((node) => node.type !== "global-config").map((node) => ({ ...node, ...demoSettings(node) }));
}

/** The demo's secrets, as Node-RED's credential file holds them. */
export function demoCredentials({ telegramToken, userKey }: Pick<DemoDevices, "telegramToken" | "userKey">): Record<string, Record<string, string>> {
    const secrets: Record<string, Record<string, string>> = { "telegram-alert": { token: telegramToken }, "power-host": { privateKey: userKey.private } };
    return Object.fromEntries(examples().flatMap((node) => {
        const own = secrets[node.type];
        return own === undefined ? [] : [[node.id, own]];
    }));
}
