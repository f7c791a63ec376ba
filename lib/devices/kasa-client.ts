import type { Client } from "tplink-smarthome-api";

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let shared: Promise<Client> | undefined;

/**
 * A client of tplink-smarthome-api that never writes to the console. The package is loaded with the first one (20 ms,
 * 8 MB). Each client leaves a logger behind in the library's registry for good: keep it.
 */
export async function newKasaClient(): Promise<Client> {
    // Node finds no names in this CommonJS package, only its default; under tsx, in tests, it is the other way round.
    const loaded = await import("tplink-smarthome-api");
    return new (loaded.default ?? loaded).Client({ logger: silent });
}

/** The one client that describes all plugs; it opens no connection by itself. */
export function kasaClient(): Promise<Client> {
    shared ??= newKasaClient();
    return shared;
}
