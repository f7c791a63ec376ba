import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import { freePort } from "../support/free-port";

/**
 * A TP-Link Kasa plug as it behaves on its local port 9999: JSON commands under an XOR autokey cipher, over TCP with a
 * 4-byte length in front, over UDP (discovery) without. Written apart from lib/devices, so that the two check each other.
 */
export interface KasaPlugOptions {
    /** 0 (the default) takes any free port. */
    port?: number;
    alias?: string;
    model?: KasaModel;
    /** W; of the first outlet on a strip. Default 60. */
    watts?: number;
    /** Aliases of a strip's outlets. Default six, "Plug 1" ... */
    outlets?: string[];
    /** Also answer discovery on the UDP port of the same number. */
    udp?: boolean;
}

/** HS110v1 speaks W, V, A, kWh as decimals; the newer ones mW, mV, mA, Wh as whole numbers; the HS103 does not meter. */
export type KasaModel = "KP115" | "KP125" | "EP25" | "HS110v1" | "HS110v2" | "HS300" | "HS103";

/**
 * none · silent: takes requests, never answers · gone: nothing listens · error: refuses every command with an err_code ·
 * closing: hangs up after each reply, as some firmware does · bare: meters, but leaves the power out of the answer.
 */
export type KasaFault = "none" | "silent" | "gone" | "error" | "closing" | "bare";

export interface KasaPlug {
    readonly port: number;
    /** W of the first (or only) outlet. */
    readonly watts: number;
    /** How many requests have been understood, and how many TCP connections were accepted. */
    readonly requests: number;
    readonly connections: number;
    /** @param outlet of a strip, counted from 0; all single plugs have just outlet 0 */
    setWatts(watts: number, outlet?: number): void;
    setRelay(on: boolean, outlet?: number): void;
    setFault(fault: KasaFault): Promise<void>;
    stop(): Promise<void>;
}

interface Outlet {
    alias: string;
    watts: number;
    on: boolean;
    wattHours: number;
    since: number;
}

type Commands = Record<string, Record<string, unknown> | undefined>;

const models: Record<KasaModel, { model: string; hardware: string; firmware: string; meters: boolean; decimals?: true; strip?: true }> = {
    KP115: { model: "KP115(EU)", hardware: "1.0", firmware: "1.0.16", meters: true },
    KP125: { model: "KP125(US)", hardware: "1.0", firmware: "1.0.6", meters: true },
    EP25: { model: "EP25(US)", hardware: "1.0", firmware: "1.0.14", meters: true },
    HS110v1: { model: "HS110(EU)", hardware: "1.0", firmware: "1.2.5", meters: true, decimals: true },
    HS110v2: { model: "HS110(EU)", hardware: "4.0", firmware: "1.0.4", meters: true },
    HS300: { model: "HS300(US)", hardware: "1.0", firmware: "1.0.21", meters: true, strip: true },
    HS103: { model: "HS103(US)", hardware: "2.1", firmware: "1.1.2", meters: false },
};

const volts = 230.5;
const notSupported = { err_code: -1, err_msg: "module not support" };

let made = 0;

export async function startKasaPlug({ port = 0, alias = "Simulated plug", model = "KP115", watts = 60, outlets: names, udp = false }: KasaPlugOptions = {}): Promise<KasaPlug> {
    const kind = models[model];
    made += 1;
    const deviceId = made.toString(16).toUpperCase().padStart(40, "8");
    const mac = `02:00:00:00:${(made >> 8 & 255).toString(16).padStart(2, "0")}:${(made & 255).toString(16).padStart(2, "0")}`.toUpperCase();
    const aliases = kind.strip ? names ?? ["Plug 1", "Plug 2", "Plug 3", "Plug 4", "Plug 5", "Plug 6"] : [alias];
    const outlets = aliases.map((name, index): Outlet => ({ alias: name, watts: index === 0 ? watts : 0, on: true, wattHours: 1200, since: Date.now() }));
    const childId = (index: number): string => `${deviceId}${index.toString(16).padStart(2, "0").toUpperCase()}`;
    let fault: KasaFault = "none";
    let requests = 0;
    let connections = 0;

    const outletAt = (index: number): Outlet => {
        const outlet = outlets[index];
        if (outlet === undefined) throw new Error(`the plug has ${outlets.length} outlet(s), no number ${index}`);
        return outlet;
    };
    const drawn = (outlet: Outlet): number => (outlet.on ? outlet.watts : 0);
    const count = (outlet: Outlet): void => {
        const now = Date.now();
        outlet.wattHours += drawn(outlet) * (now - outlet.since) / 3_600_000;
        outlet.since = now;
    };

    function realtime(outlet: Outlet): Record<string, number> {
        count(outlet);
        const power = drawn(outlet);
        if (fault === "bare") return { voltage_mv: Math.round(volts * 1000), err_code: 0 };
        if (kind.decimals) return { current: power / volts, voltage: volts, power, total: outlet.wattHours / 1000, err_code: 0 };
        return { current_ma: Math.round(power / volts * 1000), voltage_mv: Math.round(volts * 1000), power_mw: Math.round(power * 1000), total_wh: Math.floor(outlet.wattHours), err_code: 0 };
    }

    function sysinfo(shortIds: boolean): Record<string, unknown> {
        const base = { alias, model: kind.model, hw_ver: kind.hardware, sw_ver: kind.firmware, mic_type: "IOT.SMARTPLUGSWITCH", feature: kind.meters ? "TIM:ENE" : "TIM", deviceId, mac, rssi: -49, led_off: 0, err_code: 0 };
        if (!kind.strip) return { ...base, relay_state: outlets[0]?.on ? 1 : 0, on_time: 1000 };
        const children = outlets.map((outlet, index) => ({ id: shortIds ? childId(index).slice(-2) : childId(index), alias: outlet.alias, state: outlet.on ? 1 : 0, on_time: 1000, next_action: { type: -1 } }));
        return { ...base, child_num: children.length, children };
    }

    function obey(commands: Commands, shortIds: boolean): Record<string, unknown> {
        requests += 1;
        const reply: Record<string, unknown> = {};
        const ids = commands.context?.child_ids;
        const index = Array.isArray(ids) ? outlets.findIndex((_, at) => childId(at) === ids[0]) : 0;
        for (const [module, methods] of Object.entries(commands)) {
            if (module === "context") continue;
            if (fault === "error") reply[module] = Object.fromEntries(Object.keys(methods ?? {}).map((method) => [method, { err_code: -3, err_msg: "invalid argument" }]));
            else if (module === "system" && methods?.get_sysinfo !== undefined) reply.system = { get_sysinfo: sysinfo(shortIds) };
            else if (module === "emeter" && methods?.get_realtime !== undefined && kind.meters) reply.emeter = { get_realtime: index < 0 ? { err_code: -14, err_msg: "entry not exist" } : realtime(outletAt(index)) };
            else reply[module] = notSupported;
        }
        return reply;
    }

    const sockets = new Set<Socket>();
    const listen = (at: number): Promise<Server> => new Promise((resolve, reject) => {
        const server = createServer((socket) => {
            connections += 1;
            sockets.add(socket);
            socket.on("close", () => sockets.delete(socket));
            socket.on("error", () => socket.destroy());
            let pending = Buffer.alloc(0);
            socket.on("data", (chunk) => {
                pending = Buffer.concat([pending, chunk]);
                while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
                    const length = pending.readUInt32BE(0);
                    const request = decipher(pending.subarray(4, 4 + length));
                    pending = pending.subarray(4 + length);
                    if (fault === "silent") continue;
                    const reply = encipher(JSON.stringify(obey(JSON.parse(request) as Commands, false)));
                    const header = Buffer.alloc(4);
                    header.writeUInt32BE(reply.length);
                    socket.write(Buffer.concat([header, reply]));
                    if (fault === "closing") socket.end();
                }
            });
        });
        server.once("error", reject);
        server.listen(at, "127.0.0.1", () => resolve(server));
    });
    const hangUp = (server: Server): Promise<void> => new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.resetAndDestroy();
    });

    // Nobody else may have it while nothing listens.
    const bound = port === 0 ? await freePort() : port;
    let server: Server | undefined = await listen(bound);
    const discovery = udp ? await answerDiscovery(bound, (request) => (fault === "none" ? JSON.stringify(obey(JSON.parse(request) as Commands, true)) : undefined)) : undefined;

    return {
        port: bound,
        get watts() { return outletAt(0).watts; },
        get requests() { return requests; },
        get connections() { return connections; },
        setWatts(next, index = 0) {
            count(outletAt(index));
            outletAt(index).watts = next;
        },
        setRelay(on, index = 0) {
            count(outletAt(index));
            outletAt(index).on = on;
        },
        async setFault(next) {
            fault = next;
            if (next === "gone" && server !== undefined) {
                const closing = server;
                server = undefined;
                await hangUp(closing);
            } else if (next !== "gone" && server === undefined) {
                server = await listen(bound);
            }
        },
        async stop() {
            discovery?.close();
            if (server !== undefined) await hangUp(server);
            server = undefined;
        },
    };
}

function answerDiscovery(port: number, answer: (request: string) => string | undefined): Promise<UdpSocket> {
    return new Promise((resolve, reject) => {
        const socket = createSocket("udp4");
        socket.once("error", reject);
        socket.on("message", (message, from) => {
            const reply = answer(decipher(message));
            if (reply !== undefined) socket.send(encipher(reply), from.port, from.address);
        });
        socket.bind(port, "127.0.0.1", () => resolve(socket));
    });
}

/** Each byte is XORed with the byte before it as it stands in the ciphertext, the first one with 171. */
function encipher(text: string): Buffer {
    let key = 171;
    return Buffer.from(Buffer.from(text, "utf8").map((byte) => (key ^= byte)));
}

function decipher(data: Buffer): string {
    let key = 171;
    return Buffer.from(data.map((byte) => {
        const plain = byte ^ key;
        key = byte;
        return plain;
    })).toString("utf8");
}
