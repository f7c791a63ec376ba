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
        // The demo's hosts stay up whatever they are told: nobody looks whether they go down.
        case "shutdown-plan":
            return { proof: "0" };
        // No account and perhaps no GPU here: they would only say so, again and again.
        case "solix-reader":
        case "gpu-reader":
            return { d: true };
        default:
            return {};
    }
}

/** The examples of the demo, and what the plan of each is called: as they are shipped, two of them are "My rack". */
const shown: Record<string, string> = { "03 Complete monitor": "Rack on the power station", "05 Dashboard": "", "09 One UPS (NUT)": "Rack on the UPS", "14 Drills and arming": "Rack to drill" };

function examples(): ExampleNode[] {
    return Object.entries(shown).flatMap(([file, plan]) => {
        const nodes = JSON.parse(readFileSync(join(__dirname, "..", "examples", "flows", `${file}.json`), "utf8")) as ExampleNode[];
        return nodes.map((node) => (node.type === "shutdown-plan" ? { ...node, name: plan } : node));
    });
}

/** The examples as they are shipped, with the demo's addresses. */
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
