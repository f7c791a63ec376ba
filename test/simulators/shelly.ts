import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A Shelly on loopback HTTP. Models: plug-s (Gen1, basic auth), em3 (Gen1, three phases), shelly1 (Gen1, does not
 * meter), plus-plug (Gen2), plus-2pm (Gen2, two channels), pro-3em (three phases), pro-em50 (two clamps and a relay),
 * pm-mini (Gen3), plus-1 (Gen2, does not meter).
 */
export type ShellyModel = "plug-s" | "em3" | "shelly1" | "plus-plug" | "plus-2pm" | "pro-3em" | "pro-em50" | "pm-mini" | "plus-1";

export interface ShellyOptions {
    model?: ShellyModel;
    watts?: number;
    /** Asks for this password; none: open. */
    password?: string;
    /** Generation 2 and later: 1 takes any nonce and count; 2 has the nonce rules of firmware 2.0.0. */
    firmware?: 1 | 2;
    port?: number;
}

/** none · invalid: Gen1 measurements with is_valid false, Gen2 powers null · error: HTTP 500 · locked: HTTP 429 to everything but /shelly */
export type ShellyFault = "none" | "invalid" | "error" | "locked";

export interface Shelly {
    readonly port: number;
    /** The HTTP status of every answer but those to /shelly, oldest first. */
    readonly answers: readonly number[];
    /** How often it was asked who it is. */
    readonly introductions: number;
    /** The `nc` of each authorized request, oldest first. */
    readonly counts: readonly string[];
    setWatts(watts: number): void;
    setRelay(on: boolean): void;
    setPassword(password: string | undefined): void;
    setFault(fault: ShellyFault): void;
    /** As a restart of the device does. */
    forgetNonces(): void;
    /** Lets all nonces grow old, as an hour does. */
    expireNonces(): void;
    stop(): Promise<void>;
}

interface State {
    watts: number;
    on: boolean;
    invalid: boolean;
}

/** How many wrong answers firmware 2 bears before it answers 429. */
const patience = 5;

export async function startShelly({ model = "plus-plug", watts = 60, password, firmware = 2, port = 0 }: ShellyOptions = {}): Promise<Shelly> {
    const state: State = { watts, on: true, invalid: false };
    const { generation, status } = models[model];
    const id = `shelly${model.replace("-", "")}-02000000abcd`;
    const nonces = new Map<string, { expired: boolean; count: number }>();
    const answers: number[] = [];
    const counts: string[] = [];
    let secret = password;
    let fault: ShellyFault = "none";
    let wrong = 0;
    let introductions = 0;

    const about = (): unknown => (generation === 1
        ? { type: "SHPLG-S", mac: "02000000ABCD", auth: secret !== undefined, fw: "20230913-112531/v1.14.0" }
        : { name: null, id, mac: "02000000ABCD", model: "SIM-1", gen: generation, ver: firmware === 2 ? "2.0.0" : "1.6.1", auth_en: secret !== undefined, auth_domain: secret === undefined ? null : id });

    function challenge(stale: boolean): string {
        const nonce = firmware === 2 ? `${randomBytes(20).toString("base64url")}==` : String(nonces.size + 1_700_000_000);
        nonces.set(nonce, { expired: false, count: 0 });
        return `Digest qop="auth", realm="${id}", nonce="${nonce}", algorithm=SHA-256${stale ? ", stale=true" : ""}`;
    }

    /** The status to refuse with, or undefined to let the request pass. */
    function refuse(request: IncomingMessage): { status: number; header?: string } | undefined {
        const authorization = request.headers.authorization;
        if (secret === undefined) return undefined;
        if (generation === 1) {
            const right = `Basic ${Buffer.from(`admin:${secret}`).toString("base64")}`;
            return authorization === right ? undefined : { status: 401, header: 'Basic realm="SHPLG-S"' };
        }
        if (wrong >= patience && firmware === 2) return { status: 429 };
        if (authorization === undefined) return { status: 401, header: challenge(false) };
        const given = Object.fromEntries([...authorization.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)].map(([, name, quoted, plain]) => [name, quoted ?? plain ?? ""]));
        const { nonce = "", nc = "", cnonce = "", response, uri = "" } = given;
        const known = nonces.get(nonce);
        if (known === undefined || (firmware === 2 && known.expired)) return { status: 401, header: challenge(firmware === 2) };
        const ha1 = sha256(`admin:${id}:${secret}`);
        const expected = sha256(`${ha1}:${nonce}:${nc}:${cnonce}:auth:${sha256(`${request.method ?? ""}:${uri}`)}`);
        const count = /^[0-9a-f]{8}$/.test(nc) ? parseInt(nc, 16) : 0;
        if (firmware === 2 && count !== known.count + 1) return { status: 401, header: challenge(false) };
        known.count = count;
        if (response !== expected || uri !== request.url) {
            wrong += 1;
            return { status: 401, header: challenge(false) };
        }
        wrong = 0;
        return undefined;
    }

    const server = createServer((request: IncomingMessage, response: ServerResponse) => {
        const path = (request.url ?? "").split("?")[0];
        const send = (code: number, body: unknown, headers: Record<string, string> = {}): void => {
            if (path !== "/shelly") answers.push(code);
            response.writeHead(code, { "Content-Type": "application/json", ...headers });
            response.end(JSON.stringify(body));
        };
        if (path === "/shelly") {
            introductions += 1;
            return send(200, about());
        }
        const [, count] = /\bnc=(\w+)/.exec(request.headers.authorization ?? "") ?? [];
        if (count !== undefined) counts.push(count);
        if (fault === "locked") return send(429, { code: 429, message: "Too many requests" });
        const refusal = refuse(request);
        if (refusal !== undefined) return send(refusal.status, {}, refusal.header === undefined ? {} : { "WWW-Authenticate": refusal.header });
        if (fault === "error") return send(500, {});
        if (path === (generation === 1 ? "/status" : "/rpc/Shelly.GetStatus")) return send(200, status({ ...state, invalid: fault === "invalid" }));
        send(404, {});
    });
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));

    return {
        port: (server.address() as AddressInfo).port,
        answers,
        counts,
        get introductions() { return introductions; },
        setWatts(next) { state.watts = next; },
        setRelay(on) { state.on = on; },
        setPassword(next) { secret = next; },
        setFault(next) {
            fault = next;
            wrong = 0;
        },
        forgetNonces() { nonces.clear(); },
        expireNonces() { nonces.forEach((nonce) => void (nonce.expired = true)); },
        stop() {
            server.closeAllConnections();
            return new Promise((resolve) => server.close(() => resolve()));
        },
    };
}

const sys = { sys: { uptime: 1000, unixtime: 1_762_082_640 }, wifi: { status: "got ip", rssi: -60 } };

function switchStatus(id: number, { watts, on, invalid }: State): unknown {
    const power = on ? watts : 0;
    return { id, source: "init", output: on, apower: invalid ? null : power, voltage: 231.2, freq: 50, current: power / 231.2, pf: 1, aenergy: { total: 18440.297, by_minute: [0, 0, 0], minute_ts: 1_762_082_640 }, ret_aenergy: { total: 40, by_minute: [0, 0, 0], minute_ts: 1_762_082_640 }, temperature: { tC: 38.1, tF: 100.6 } };
}

function meter({ watts, on, invalid }: State): unknown {
    return { power: on ? watts : 0, overpower: 0, is_valid: !invalid, timestamp: 1_739_294_619, counters: [0, 0, 0], total: 18013 };
}

function clamp(power: number, invalid: boolean): unknown {
    return { power, pf: 0.9, current: Math.abs(power) / 230, voltage: 230, is_valid: !invalid, total: 1234.5, total_returned: 0 };
}

const models: Record<ShellyModel, { generation: 1 | 2 | 3; status: (state: State) => Record<string, unknown> }> = {
    "plug-s": { generation: 1, status: (state) => ({ relays: [{ ison: state.on, overpower: false }], meters: [meter(state)], temperature: 41.2, overtemperature: false, uptime: 1000 }) },
    em3: { generation: 1, status: ({ watts, invalid }) => ({ relays: [{ ison: false }], emeters: [clamp(watts / 2, false), clamp(watts / 4, invalid), clamp(watts / 4, false)], total_power: watts, uptime: 1000 }) },
    shelly1: { generation: 1, status: () => ({ relays: [{ ison: true }], meters: [{ power: 0, is_valid: true }], uptime: 1000 }) },
    "plus-plug": { generation: 2, status: (state) => ({ ble: {}, "switch:0": switchStatus(0, state), ...sys }) },
    "plus-2pm": { generation: 2, status: (state) => ({ "input:0": { id: 0, state: false }, "switch:0": switchStatus(0, state), "switch:1": switchStatus(1, { ...state, watts: state.watts / 10 }), ...sys }) },
    "pro-3em": {
        generation: 2,
        status: ({ watts, invalid }) => ({
            "em:0": { id: 0, ...phase("a", watts / 2), ...phase("b", invalid ? null : watts / 4), ...phase("c", watts / 4), n_current: null, total_current: watts / 230, total_act_power: invalid ? null : watts, total_aprt_power: watts, user_calibrated_phase: [] },
            "emdata:0": { id: 0, a_total_act_energy: 300.5, b_total_act_energy: 200, c_total_act_energy: 100, total_act: 600.5, total_act_ret: 0 },
            ...sys,
        }),
    },
    "pro-em50": {
        generation: 2,
        status: ({ watts, invalid, on }) => ({
            "em1:0": { id: 0, current: 2.6, voltage: 234.9, act_power: invalid ? null : watts, aprt_power: watts, pf: 0.9, freq: 50, calibration: "factory" },
            "em1:1": { id: 1, current: 1, voltage: 234.9, act_power: -watts / 2, aprt_power: watts, pf: -1, freq: 50, calibration: "factory" },
            "em1data:0": { id: 0, total_act_energy: 120.5, total_act_ret_energy: 0 },
            "em1data:1": { id: 1, total_act_energy: 10, total_act_ret_energy: 80.25 },
            "switch:0": { id: 0, source: "init", output: on, temperature: { tC: 40, tF: 104 } },
            ...sys,
        }),
    },
    "pm-mini": { generation: 3, status: ({ watts, invalid }) => ({ "pm1:0": { id: 0, voltage: 229.9, current: watts / 229.9, apower: invalid ? null : watts, freq: 50, aenergy: { total: 10, by_minute: [0, 0, 0], minute_ts: 0 } }, ...sys }) },
    "plus-1": { generation: 2, status: ({ on }) => ({ "switch:0": { id: 0, source: "init", output: on, temperature: { tC: 40, tF: 104 } }, ...sys }) },
};

function phase(name: string, power: number | null): Record<string, unknown> {
    return { [`${name}_current`]: 1, [`${name}_voltage`]: 227, [`${name}_act_power`]: power, [`${name}_aprt_power`]: power, [`${name}_pf`]: 0.99, [`${name}_freq`]: 49.9 };
}

function sha256(text: string): string {
    return createHash("sha256").update(text).digest("hex");
}
