import { systemClock, type Clock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";

/** A UPS that a reader names. */
export interface NamedUps {
    /** Id of the reader. */
    node: string;
    /** The server, for people: "NUT server 192.0.2.30:3493". */
    server: string;
    /** Its name there; empty: the only one. */
    ups: string;
}

/**
 * A name stays with its UPS for so long after its reader has gone, ms: a deploy must not hand it to the one that waits for it. And so long with one that
 * was never read: an example that somebody imported and forgot holds it no longer.
 */
const keptMs = 30_000;

interface Holder extends NamedUps {
    /** Until when it holds the name, monotonic ms; for ever once it was read. */
    until: number;
}

/** Who holds each name, by the readers' ids. */
const names = new Map<string, Map<string, Holder>>();

/**
 * Takes a device's name for a UPS. Two UPSes of one name would be one for all that decides: each time that one says that it is on mains, the outage of the
 * other would be over. It happens easily, since every Synology calls its UPS "ups" (PeaNUT#184, #333, #451).
 * @returns why not, while another UPS bears the name
 */
export function claimName(device: string, mine: NamedUps, clock: Clock = systemClock): Trouble | undefined {
    for (const [name, holders] of names) {
        if (name !== device) holders.delete(mine.node);
        if (holders.size === 0) names.delete(name);
    }
    const holders = names.get(device) ?? new Map<string, Holder>();
    const now = clock.monotonic();
    const other = [...holders.values()].find((holder) => holder.node !== mine.node && !isSame(holder, mine) && holder.until > now);
    if (other !== undefined) return new Trouble("config", `UPS not read: the name ${device} is that of ${other.ups === "" ? "the UPS" : `UPS ${other.ups}`} on ${other.server}`, "give this node a Device of its own, or two UPSes pass for one");
    for (const holder of holders.values()) if (!isSame(holder, mine)) holders.delete(holder.node);
    const before = holders.get(mine.node);
    holders.set(mine.node, before ?? { ...mine, until: now + keptMs });
    names.set(device, holders);
    return undefined;
}

/** The UPS was read. */
export function keepName(device: string, node: string): void {
    const holder = names.get(device)?.get(node);
    if (holder !== undefined) holder.until = Infinity;
}

/** The reader has gone. */
export function leaveName(device: string, node: string, clock: Clock = systemClock): void {
    const holder = names.get(device)?.get(node);
    if (holder !== undefined) holder.until = clock.monotonic() + keptMs;
}

/** Two readers of one UPS may name it alike. */
function isSame(one: NamedUps, other: NamedUps): boolean {
    return one.server === other.server && (one.ups === other.ups || one.ups === "" || other.ups === "");
}
