import { fork } from "node:child_process";
import { startKasaPlug } from "../test/simulators/kasa-plug";
import { generateKeyPair, startSshHost } from "../test/simulators/ssh-host";

/*
 * Simulated devices in a process of their own, so that their work is not measured as ours:
 *
 *     const plugs = await startPlugs(200);
 *     ...
 *     await plugs.stop();
 */

export interface Devices<Device> {
    devices: Device[];
    stop(): Promise<void>;
}

export interface SshDevice {
    port: number;
    /** Public line of its key. */
    hostKey: string;
}

/** What a host takes for its commands, one after the other, ms. */
export const hostServices = ["web", "database"];
export const serviceStopMs = 1000;

/** Kasa plugs; a device is its port. */
export function startPlugs(count: number): Promise<Devices<number>> {
    return start("plugs", count);
}

/** SSH hosts that any key may log in to; each service takes `serviceStopMs` to stop. */
export function startHosts(count: number): Promise<Devices<SshDevice>> {
    return start("hosts", count);
}

const kinds = {
    plugs: async (count: number): Promise<number[]> => {
        const plugs = await Promise.all(Array.from({ length: count }, (_, index) => startKasaPlug({ watts: 300 + index, alias: `Plug ${index}` })));
        // A load that never stands still, as real ones.
        setInterval(() => plugs.forEach((plug, index) => plug.setWatts(300 + index + Math.random() * 10)), 1000);
        return plugs.map(({ port }) => port);
    },
    hosts: async (count: number): Promise<SshDevice[]> => {
        const { private: hostKey } = generateKeyPair();
        const hosts = await Promise.all(Array.from({ length: count }, (_, index) => startSshHost({ name: `host${index}`, hostKey })));
        for (const host of hosts) host.setBehaviour({ delayMs: serviceStopMs }, "systemctl stop");
        return hosts.map(({ port, hostKey: key }) => ({ port, hostKey: key }));
    },
};
type Kind = keyof typeof kinds;

async function start<Device>(kind: Kind, count: number): Promise<Devices<Device>> {
    const child = fork(__filename, [kind, String(count)], { execArgv: ["--import", "tsx"] });
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const devices = await new Promise<Device[]>((resolve, reject) => {
        child.once("message", (told) => resolve(told as Device[]));
        child.once("exit", (code) => reject(new Error(`the simulated ${kind} ended with ${code}`)));
    });
    return {
        devices,
        async stop() {
            child.disconnect();
            await exited;
        },
    };
}

/** In the child. It ends with its parent. */
if (require.main === module) {
    const [kind = "plugs", count = "1"] = process.argv.slice(2);
    process.on("disconnect", () => process.exit(0));
    void kinds[kind as Kind](Number(count)).then((devices) => process.send?.(devices));
}
