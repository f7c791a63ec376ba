import { withDeadline } from "../kit/deadline";
import { AutoPlug } from "./auto-plug";
import { KasaPlug } from "./kasa";
import { subjectOf, type PlugOptions, type PowerSource } from "./power-source";
import { ShellyPlug } from "./shelly";
import { inTurn } from "./turns";

/** The plugs that we speak to. A new one is a file here and a line in this list. */
const protocols = {
    kasa: (options) => new KasaPlug(options),
    shelly: (options) => new ShellyPlug(options),
} satisfies Record<string, (options: PlugOptions) => PowerSource>;

export const plugTypes = ["auto", ...(Object.keys(protocols) as (keyof typeof protocols)[])] as const;
export type PlugType = (typeof plugTypes)[number];

/** A plug behind its deadline; two that share an address wait for each other. "auto" finds the protocol out. */
export function openPlug(type: PlugType, options: PlugOptions): PowerSource {
    const source = type === "auto"
        ? new AutoPlug(options, Object.fromEntries(Object.entries(protocols).map(([name, open]) => [name, open(options)])))
        : protocols[type](options);
    const { host, port = "", deadlineMs, clock } = options;
    return {
        read: (signal) => withDeadline({ ms: deadlineMs, subject: subjectOf(options), clock, signal }, (abort) => inTurn(`${host}:${port}`, abort, () => source.read(abort))),
        close: () => source.close(),
    };
}
