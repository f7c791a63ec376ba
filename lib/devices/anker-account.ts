import type { Clock } from "../kit/clock";
import { Trouble } from "../kit/trouble";
import { isEnding, parseBroker, type Broker } from "./anker-broker";
import { checkHost, cloudInUse } from "./anker-cloud";
import { listedDevice, parseDevice, type AnkerDevice } from "./anker-device";
import { AnkerSession, subject, type SessionOptions } from "./anker-session";
import { valueAt } from "./channels";
import { inTurn } from "./turns";

const devicesHoldMs = 600_000;

/** An account at Anker's cloud: its devices and its way to the broker. Requests of one account follow each other. */
export class AnkerAccount {
    readonly clock: Clock;
    readonly #session: AnkerSession;
    readonly #place: string;
    #devices: { list: AnkerDevice[]; at: number } | undefined;

    constructor(readonly options: SessionOptions) {
        this.clock = options.clock;
        this.#session = new AnkerSession(options);
        this.#place = `anker ${options.country} ${options.email}`;
    }

    /**
     * The devices that the account owns or shares; remembered for some minutes.
     * @throws Trouble
     */
    devices(signal: AbortSignal): Promise<AnkerDevice[]> {
        return inTurn(this.#place, signal, async () => {
            const now = this.clock.monotonic();
            if (this.#devices !== undefined && now - this.#devices.at < devicesHoldMs) return this.#devices.list;
            const data = await this.#session.call("power_service/v1/app/get_relate_and_bind_devices", {}, signal);
            const found = valueAt(data, "data");
            if (!Array.isArray(found)) throw new Trouble("garbage", `${subject}: its list of devices is not understood`);
            const list = found.map(parseDevice).filter((device) => device !== undefined);
            // Nothing found is asked again: the country may be about to be corrected, or a device to be added.
            this.#devices = list.length > 0 ? { list, at: now } : undefined;
            if (list.length > 0) await this.#session.remember({ devices: list.map(listedDevice) });
            return list;
        });
    }

    /**
     * One device. What it is does not change, so that one seen before needs no request.
     * @param serial empty: the only one
     * @throws Trouble, of kind "config" when the account does not have it
     */
    async device(serial: string, signal: AbortSignal): Promise<AnkerDevice> {
        const pick = (list: readonly AnkerDevice[]): AnkerDevice | undefined => (serial === "" ? (list.length === 1 ? list[0] : undefined) : list.find((device) => device.serial === serial));
        const { devices: seen = [] } = await inTurn(this.#place, signal, () => this.#session.remembered());
        const known = pick(seen.map(parseDevice).filter((device) => device !== undefined));
        if (known !== undefined) return known;
        const list = await this.devices(signal);
        const found = pick(list);
        if (found !== undefined) return found;
        if (list.length === 0) throw new Trouble("config", `${subject}: the account has no devices`, "is its country the one it was registered in? Devices of another region are not shown");
        const names = list.map(({ name, model, serial: other }) => `${name} (${model}, …${other.slice(-4)})`).join(", ");
        throw new Trouble("config", `${subject}: ${serial === "" ? "which device?" : `no device …${serial.slice(-4)}`}`, `the account has ${names}`);
    }

    /**
     * The way to the broker, remembered until its certificate ends.
     * @param anew asks the cloud, because the broker did not take the remembered certificate
     */
    broker(signal: AbortSignal, { anew = false }: { anew?: boolean } = {}): Promise<Broker> {
        return inTurn(this.#place, signal, async () => {
            const { broker: known } = await this.#session.remembered();
            if (known !== undefined && !anew && !isEnding(known, this.clock.wall())) return checked(known);
            const broker = parseBroker(await this.#session.call("app/devicemanage/get_user_mqtt_info", {}, signal));
            if (broker === undefined) throw new Trouble("garbage", `${subject}: its way to the broker is not understood`);
            checked(broker);
            await this.#session.remember({ broker });
            return broker;
        });
    }

    /** Resolves when no login is under way that a restart would lose; within a second, whatever comes. */
    landed(): Promise<void> {
        return this.#session.landed();
    }

    /** A person says that the way is free (the code was entered, the lock is over). */
    allowLogin(signal: AbortSignal): Promise<void> {
        return inTurn(this.#place, signal, () => this.#session.allowLogin());
    }
}

function checked(broker: Broker): Broker {
    checkHost(cloudInUse(), broker.endpoint_addr);
    return broker;
}
