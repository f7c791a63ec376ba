import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startKasaPlug } from "../test/simulators/kasa-plug";
import { generateKeyPair, startSshHost, type KeyPair, type SshHost } from "../test/simulators/ssh-host";
import { startTelegram } from "../test/simulators/telegram";
import { startDemoUps, type DemoUps } from "./demo-ups";

/** The hosts of the demo, as the plan of the complete monitor names them. */
export const demoHostNames = ["monitor", "apps", "nas"] as const;

export interface DemoDevices {
    /** Where each device listens, as the demo's flow refers to it: RIDETHROUGH_PLUG_PORT and so on. */
    environment: Record<string, string>;
    telegramUrl: string;
    telegramToken: string;
    /** What the SSH hosts let in. */
    userKey: KeyPair;
    hosts: SshHost[];
    setWatts(watts: number): void;
    ups: Pick<DemoUps, "setMains">;
    stop(): Promise<void>;
}

/** How long a host of the demo takes to stop a service, ms: as long as real ones do. */
const takesMs: Record<string, number> = { promtail: 900, "web-frontend": 2200, "grafana-server": 1400, postgresql: 4200, "nfs-server": 1100 };

/** Starts the demo's devices on free loopback ports. Keys are kept in `keyFolder`, so that pinned host keys stay true. */
export async function startDemoDevices(keyFolder: string): Promise<DemoDevices> {
    const userKey = keptKey(keyFolder, "user");
    const telegramToken = "100000001:demo-token-of-the-stand-in";
    const plug = await startKasaPlug({ alias: "Solix output", model: "KP115", watts: 420 });
    const telegram = await startTelegram({ token: telegramToken });
    const ups = await startDemoUps();
    const hosts: SshHost[] = [];
    for (const name of demoHostNames) {
        const host = await startSshHost({
            name,
            hostKey: keptKey(keyFolder, name).private,
            authorizedKey: userKey.public,
            onCommand: ({ short }) => {
                // A drill asks much and changes nothing.
                if (isOrder(short)) console.log(`  [host ${name}] ${short}`);
            },
        });
        for (const [service, delayMs] of Object.entries(takesMs)) host.setBehaviour({ delayMs }, `sudo -n systemctl stop -- ${service}`);
        hosts.push(host);
    }
    const ports = hosts.flatMap((host): [string, string][] => {
        const prefix = `RIDETHROUGH_${host.name.toUpperCase()}`;
        return [[`${prefix}_PORT`, String(host.port)], [`${prefix}_KEY`, host.hostKey]];
    });
    return {
        environment: { RIDETHROUGH_PLUG_PORT: String(plug.port), RIDETHROUGH_NUT_PORT: String(ups.port), RIDETHROUGH_TELEGRAM_URL: telegram.url, ...Object.fromEntries(ports) },
        telegramUrl: telegram.url,
        telegramToken,
        userKey,
        hosts,
        setWatts: (watts) => plug.setWatts(watts),
        ups,
        async stop() {
            await Promise.all([plug.stop(), ups.stop(), telegram.stop(), ...hosts.map((host) => host.stop())]);
        },
    };
}

function isOrder(command: string): boolean {
    return /^sudo -n (?!-l)/.test(command) || command.includes("systemctl start");
}

function keptKey(folder: string, name: string): KeyPair {
    const path = join(folder, `${name}.json`);
    if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as KeyPair;
    const pair = generateKeyPair();
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, JSON.stringify(pair), { mode: 0o600 });
    return pair;
}
