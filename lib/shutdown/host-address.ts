import { lookup, type LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { systemClock, type Clock } from "../kit/clock";
import { withDeadline } from "../kit/deadline";

/** How long the name server may think when we know an address already, ms: in an outage it may be gone without a word. */
const patienceMs = 2000;
const mostNames = 1000;

/** Asks for all addresses of a name. @throws the system's error */
export type Resolve = (name: string) => Promise<LookupAddress[]>;

const ask: Resolve = (name) => new Promise((resolve, reject) => lookup(name, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses))));

/**
 * Looks names up for sockets. When the name server fails or is silent, it gives the addresses that the name had last: it is the
 * host's key, not its address, that proves a host.
 */
export function rememberingLookup(resolve: Resolve = ask, clock: Clock = systemClock): LookupFunction {
    const known = new Map<string, LookupAddress[]>();
    const look = async (name: string): Promise<LookupAddress[]> => {
        const fresh = resolve(name).then((addresses) => {
            known.delete(name);
            known.set(name, addresses);
            for (const oldest of known.keys()) if (known.size > mostNames) known.delete(oldest);
            return addresses;
        });
        const before = known.get(name);
        return before === undefined ? fresh : withDeadline({ ms: patienceMs, subject: name, clock }, () => fresh).catch(() => before);
    };
    return (name, { all, family }, done) => {
        look(name).then((addresses) => {
            if (all === true) return done(null, addresses);
            const wanted = family === 6 || family === "IPv6" ? 6 : family === 4 || family === "IPv4" ? 4 : undefined;
            const one = addresses.find((each) => wanted === undefined || each.family === wanted);
            if (one === undefined) return done(Object.assign(new Error(`${name} has no address of this family`), { code: "ENOTFOUND" }), "");
            done(null, one.address, one.family);
        }, (error: NodeJS.ErrnoException) => done(error, ""));
    };
}

/** What all our connections to hosts share. */
export const hostLookup = rememberingLookup();
