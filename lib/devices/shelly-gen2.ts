import { parseJsonReply } from "../kit/http";
import { Trouble } from "../kit/trouble";
import { valueAt, type Channel } from "./channels";
import { DigestSession } from "./http-digest";
import { checkStatus, type ShellyGet } from "./shelly-http";

const statusPath = "/rpc/Shelly.GetStatus";

/** Reads a Shelly of generation 2, 3 or 4 with one call of `Shelly.GetStatus`. Keeps the digest nonce between reads. */
export class ShellyGen2 {
    readonly #digest: DigestSession;

    constructor(readonly subject: string, readonly password: string) {
        // The user name is fixed: shelly-api-docs, gen2, General, Authentication.
        this.#digest = new DigestSession({ user: "admin", password });
    }

    /** @throws Trouble: auth when the password is missing or refused, busy when the device asks us to wait */
    async read(get: ShellyGet): Promise<Channel[]> {
        const ask = (): ReturnType<ShellyGet> => {
            const authorization = this.#digest.authorization("GET", statusPath);
            return get(statusPath, authorization === undefined ? {} : { Authorization: authorization });
        };
        let reply = await ask();
        if (reply.status === 401 && this.password !== "") {
            if (!this.#digest.renew(reply.headers["www-authenticate"])) throw new Trouble("auth", `${this.subject}: asks for a login other than SHA-256 digest`, "update the Shelly's firmware");
            reply = await ask();
        }
        // After a refusal the nonce may be the reason: firmware 2.0 answers 429 for ever to one that it has forgotten.
        if (reply.status !== 200) this.#digest.forget();
        checkStatus(reply, this.subject, this.password);
        return gen2Channels(parseJsonReply(reply, this.subject));
    }
}

/**
 * The channels in a status: every component that reports a power, and each phase of a three-phase meter with the sum
 * as the device itself. A component without the field does not meter; one whose field is null has not measured.
 */
export function gen2Channels(status: unknown): Channel[] {
    if (typeof status !== "object" || status === null) return [];
    const components = Object.entries(status).flatMap(([key, component]) => {
        const [, kind = "", number = ""] = /^(switch|pm1|em1|em|cover|light):(\d+)$/.exec(key) ?? [];
        return kind !== "" && powerField(component) !== undefined ? [{ key, kind, number, component: component as unknown }] : [];
    });
    const oneKind = new Set(components.map(({ kind }) => kind)).size === 1;
    return components.flatMap(({ key, kind, number, component }) => {
        const id = components.length === 1 ? "" : oneKind ? number : `${kind}_${number}`;
        if (kind === "em") return phasesOf(id, key, component, valueAt(status, `emdata:${number}`));
        const values = {
            watts: valueAt(component, powerField(component) ?? ""),
            volts: valueAt(component, "voltage"),
            amps: valueAt(component, "current"),
            hertz: valueAt(component, "freq"),
            energyWh: kind === "em1" ? valueAt(status, `em1data:${number}`, "total_act_energy") : consumed(component),
            temperature: valueAt(component, "temperature", "tC"),
        };
        return [{ id, names: [key, number], values, flags: flagsOf(component) }];
    });
}

function powerField(component: unknown): string | undefined {
    return ["apower", "act_power", "total_act_power"].find((field) => valueAt(component, field) !== undefined);
}

function phasesOf(id: string, key: string, em: unknown, data: unknown): Channel[] {
    const phases = ["a", "b", "c"].map((phase): Channel => ({
        id: id === "" ? phase : `${id}_${phase}`,
        names: [`${key}:${phase}`],
        values: {
            watts: valueAt(em, `${phase}_act_power`),
            volts: valueAt(em, `${phase}_voltage`),
            amps: valueAt(em, `${phase}_current`),
            hertz: valueAt(em, `${phase}_freq`),
            energyWh: valueAt(data, `${phase}_total_act_energy`),
        },
        flags: flagsOf(valueAt(em, `${phase}_errors`) === undefined ? undefined : { errors: valueAt(em, `${phase}_errors`) }),
    }));
    const total: Channel = { id, names: [key, "total"], values: { watts: valueAt(em, "total_act_power"), amps: valueAt(em, "total_current"), energyWh: valueAt(data, "total_act") }, flags: flagsOf(em) };
    return [...phases, total];
}

/** Wh drawn. Returned energy is counted in `aenergy` too (evcc, meter/shelly). */
function consumed(component: unknown): number | undefined {
    const total = valueAt(component, "aenergy", "total");
    const returned = valueAt(component, "ret_aenergy", "total");
    return typeof total === "number" ? total - (typeof returned === "number" ? returned : 0) : undefined;
}

function flagsOf(component: unknown): string[] {
    const output = valueAt(component, "output");
    const errors = valueAt(component, "errors");
    return [
        ...(typeof output === "boolean" ? [output ? "relay_on" : "relay_off"] : []),
        ...(Array.isArray(errors) ? errors.filter((error): error is string => typeof error === "string") : []),
    ];
}
