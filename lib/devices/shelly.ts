import { parseJsonReply, requestHttp, type HttpRequest } from "../kit/http";
import { toTrouble, Trouble } from "../kit/trouble";
import type { Reading } from "../power/reading";
import { toReadings, valueAt, type Channel } from "./channels";
import { HoldOff } from "./hold-off";
import { subjectOf, type PlugOptions, type PowerSource } from "./power-source";
import { readShellyGen1 } from "./shelly-gen1";
import { ShellyGen2 } from "./shelly-gen2";
import type { ShellyGet } from "./shelly-http";

/** A Shelly's status is below 20 kB, also with scripts and virtual components. */
const maxBytes = 256 * 1024;

/** Shelly plugs, relays and meters of all generations, over HTTP in the local network. Asks the device which one it is. */
export class ShellyPlug implements PowerSource {
    readonly #gen2: ShellyGen2;
    readonly #holdOff: HoldOff;
    /** Known since the last good answer; asked again after a failure, as another device may have taken the address. */
    #generation: 1 | 2 | undefined;

    constructor(readonly options: PlugOptions) {
        this.#gen2 = new ShellyGen2(subjectOf(options), options.password ?? "");
        this.#holdOff = new HoldOff(options.clock);
    }

    async read(signal: AbortSignal): Promise<Reading[]> {
        const { device, channels, clock } = this.options;
        this.#holdOff.check();
        try {
            const measured = await this.#measure(signal);
            this.#holdOff.succeeded();
            return toReadings(measured, { device, source: "shelly", at: clock.now(), only: channels });
        } catch (error) {
            const trouble = toTrouble(error, subjectOf(this.options));
            this.#holdOff.failed(trouble);
            if (trouble.kind !== "auth" && trouble.kind !== "busy") this.#generation = undefined;
            throw trouble;
        }
    }

    close(): Promise<void> {
        return Promise.resolve();
    }

    async #measure(signal: AbortSignal): Promise<Channel[]> {
        const { host, port = 80, user, password, deadlineMs, clock } = this.options;
        const subject = subjectOf(this.options);
        const get: ShellyGet = (path, headers = {}) => {
            const request: HttpRequest = { headers, deadlineMs, subject, maxBytes, signal, clock };
            return requestHttp(`http://${host.includes(":") ? `[${host}]` : host}:${port}${path}`, request);
        };
        this.#generation ??= await generationOf(get, subject);
        const channels = this.#generation === 1 ? await readShellyGen1(get, subject, { user: user || "admin", password: password ?? "" }) : await this.#gen2.read(get);
        if (channels.length === 0) throw new Trouble("config", `${subject}: this Shelly does not measure power`, "use a model with a power meter (Plug S, PM, EM)");
        return channels;
    }
}

/** `/shelly` answers on every generation and never asks for a password. Only generation 2 and later have `gen`. */
async function generationOf(get: ShellyGet, subject: string): Promise<1 | 2> {
    const reply = await get("/shelly");
    const about = reply.status === 200 ? parseJsonReply(reply, subject) : undefined;
    const gen = valueAt(about, "gen");
    if (typeof gen === "number" && gen >= 2) return 2;
    if (typeof valueAt(about, "type") === "string") return 1;
    throw new Trouble("garbage", `${subject}: answers, but not as a Shelly (HTTP ${reply.status})`, "check the address");
}
