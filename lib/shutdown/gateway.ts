import { readFileSync } from "node:fs";

/** The IPv4 address of the default gateway in the text of Linux' /proc/net/route; undefined without one. */
export function gatewayIn(routes: string): string | undefined {
    for (const line of routes.split("\n")) {
        const [, destination, gateway = ""] = line.split("\t");
        // The bytes of an address stand there as this machine's processor keeps numbers: the last one first.
        if (destination === "00000000" && /^[0-9A-F]{8}$/i.test(gateway) && gateway !== "00000000") return [6, 4, 2, 0].map((at) => parseInt(gateway.slice(at, at + 2), 16)).join(".");
    }
    return undefined;
}

/** The default gateway of this machine at this moment; undefined where there is none, or no such table. */
export function defaultGateway(): string | undefined {
    try {
        return gatewayIn(readFileSync("/proc/net/route", "utf8"));
    } catch {
        return undefined;
    }
}
