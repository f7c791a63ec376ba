import type { AnyDevice, Client, Sysinfo } from "tplink-smarthome-api";
import { errorText, Trouble } from "../kit/trouble";
import { slug, type Reading } from "../power/reading";
import { toReadings, valueAt, type Channel } from "./channels";
import { kasaClient } from "./kasa-client";
import { KasaSession } from "./kasa-session";
import { subjectOf, type PlugOptions, type PowerSource } from "./power-source";

const defaultPort = 9999;

/**
 * TP-Link Kasa plugs and strips on their local port 9999: HS110, KP115, KP125, EP25 (hardware 1), HS300. The package
 * tplink-smarthome-api knows the models, commands, error codes and the two ways in which they count power; the wire is
 * ours (see KasaSession). Nothing but the connection is kept from poll to poll, so an exchanged or renamed plug is
 * noticed at once.
 */
export class KasaPlug implements PowerSource {
    readonly #session: KasaSession;
    /** The last poll found a plug with one outlet: sysinfo and power then come with one request. */
    #single = false;

    constructor(readonly options: PlugOptions) {
        const { host, port = defaultPort, clock } = options;
        this.#session = new KasaSession(host, port, subjectOf(options), clock);
    }

    async read(signal: AbortSignal): Promise<Reading[]> {
        const { device, channels, clock } = this.options;
        try {
            const measured = await measure(await kasaClient(), this.#session, this.#single, signal);
            this.#session.rest();
            this.#single = measured.length === 1;
            return toReadings(measured, { device, source: "kasa", at: clock.now(), only: channels });
        } catch (error) {
            this.#session.close();
            this.#single = false;
            throw kasaTrouble(error, this.#session);
        }
    }

    close(): Promise<void> {
        this.#session.close();
        return Promise.resolve();
    }
}

const askSysinfo = '{"system":{"get_sysinfo":{}}}';
const askBoth = '{"system":{"get_sysinfo":{}},"emeter":{"get_realtime":{}}}';

async function measure(client: Client, session: KasaSession, single: boolean, signal: AbortSignal): Promise<Channel[]> {
    const { host, port } = session;
    /** The library's device, its requests sent over our session. */
    const overOurWire = <D extends AnyDevice>(device: D): D => {
        device.send = (payload) => session.ask(typeof payload === "string" ? payload : JSON.stringify(payload), signal);
        return device;
    };
    const reply: unknown = JSON.parse(await session.ask(single ? askBoth : askSysinfo, signal));
    const sysInfo = valueAt(reply, "system", "get_sysinfo") as Sysinfo | undefined;
    const errCode = valueAt(sysInfo, "err_code");
    if (typeof errCode === "number" && errCode !== 0) throw new Trouble("failed", `${session.subject}: refused the request (err_code ${errCode}, ${String(valueAt(sysInfo, "err_msg"))})`);
    if (sysInfo === undefined) throw new Trouble("garbage", `${session.subject}: the answer has no device information`);
    const device = overOurWire(client.getDeviceFromSysInfo(sysInfo, { host, port }));
    if (!device.supportsEmeter) throw new Trouble("config", `${session.subject}: the model ${device.model} does not measure power`, "use a metering plug such as KP115, KP125, EP25, HS110 or HS300");
    if (!("children" in device) || device.children.size === 0) {
        const emeter = valueAt(reply, "emeter");
        if (emeter !== undefined) device.send = () => Promise.resolve(JSON.stringify({ emeter }));
        return [{ id: "", names: [device.alias], ...(await energy(device)) }];
    }
    const channels: Channel[] = [];
    const children = [...device.children.values()];
    for (const [index, { id: childId, alias }] of children.entries()) {
        const child = overOurWire(client.getPlug({ host, port, sysInfo: device.sysInfo, childId }));
        channels.push({ id: outletId(children, index), names: [String(index + 1), alias, childId], ...(await energy(child)) });
    }
    return channels;
}

/** Name of a strip's outlet: its alias when that is clear, else its number as printed on the strip. */
function outletId(outlets: readonly { alias: string }[], index: number): string {
    const ids = outlets.map(({ alias }) => (/[a-z0-9]/i.test(alias.normalize("NFKD")) ? slug(alias) : ""));
    const own = ids[index] ?? "";
    return own !== "" && ids.filter((id) => id === own).length === 1 ? own : String(index + 1);
}

async function energy(device: AnyDevice): Promise<Pick<Channel, "values" | "flags">> {
    await device.emeter.getRealtime();
    const { power, voltage, current, total } = device.emeter.realtime;
    return {
        values: { watts: power, volts: voltage, amps: current, energyWh: typeof total === "number" ? total * 1000 : undefined },
        ...("relayState" in device && { flags: [device.relayState ? "relay_on" : "relay_off"] }),
    };
}

/** What the session, JSON.parse or the library threw, in our words. */
function kasaTrouble(error: unknown, { subject, port }: KasaSession): Trouble {
    if (error instanceof Trouble) {
        if (error.kind !== "refused" || port !== defaultPort) return error;
        return new Trouble("refused", error.message, "newer Kasa firmware closes port 9999 until Third-Party Compatibility is switched on in the Kasa or Tapo app", { cause: error });
    }
    const { name, response } = error as { name?: unknown; response?: unknown };
    if (name === "ResponseError") return new Trouble("failed", `${subject}: refused the request (${String(response).slice(0, 100)})`, undefined, { cause: error });
    return new Trouble("garbage", `${subject}: the answer is not what a Kasa plug sends (${errorText(error).slice(0, 100)})`, undefined, { cause: error });
}
