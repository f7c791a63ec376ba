import type { AnyDevice, Client } from "tplink-smarthome-api";
import { systemClock, type Cancel, type Clock } from "../kit/clock";
import { toTrouble } from "../kit/trouble";
import { newKasaClient } from "./kasa-client";

/** A plug that answered. */
export interface FoundPlug {
    host: string;
    /** Only when it is not 9999. */
    port?: number;
    model: string;
    alias: string;
    /** Whether it measures power. */
    meters: boolean;
}

export interface DiscoveryOptions {
    /** How long to listen for answers, in ms. Default 3000. */
    ms?: number;
    /** Addresses to ask, "192.0.2.255" or "192.0.2.7:9999", instead of the broadcast on the default network. */
    targets?: readonly string[];
    clock?: Clock;
}

let client: Promise<Client> | undefined;
let underWay: Promise<FoundPlug[]> | undefined;

/**
 * Asks the local network for Kasa plugs over UDP. Only plugs that still answer on port 9999 are found. A second call
 * joins the one under way. @throws Trouble when the network refuses the broadcast
 */
export function discoverKasa(options: DiscoveryOptions = {}): Promise<FoundPlug[]> {
    underWay ??= discover(options).finally(() => { underWay = undefined; });
    return underWay;
}

async function discover({ ms = 3000, targets = [], clock = systemClock }: DiscoveryOptions): Promise<FoundPlug[]> {
    client ??= newKasaClient();
    const searching = await client;
    searching.devices.clear();
    const devices = targets.map((target) => {
        const [host = "", port] = target.split(":");
        return { host, port: Number(port ?? 9999) };
    });
    const [first] = devices;
    const found = new Map<string, FoundPlug>();
    const add = (device: AnyDevice): void => {
        const { host, port, model, alias, supportsEmeter: meters } = device;
        found.set(`${host}:${port}`, { host, ...(port !== 9999 && { port }), model, alias, meters });
    };
    let cancel: Cancel = () => undefined;
    try {
        await new Promise<void>((resolve, reject) => {
            cancel = clock.after(ms, resolve);
            searching.on("device-new", add).on("error", (error) => reject(toTrouble(error, "searching for Kasa plugs")));
            // Asked three times, as datagrams get lost on busy Wi-Fi.
            searching.startDiscovery({ discoveryInterval: Math.max(1, ms / 3), breakoutChildren: false, devicesUseDiscoveryPort: true, ...(first && { broadcast: first.host, devices }) });
        });
    } finally {
        cancel();
        searching.stopDiscovery();
        searching.removeAllListeners();
        // A datagram that could not be sent may still report its error.
        searching.on("error", () => undefined);
    }
    return [...found.values()].sort((a, b) => a.alias.localeCompare(b.alias));
}
