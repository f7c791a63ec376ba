import { systemClock, type Clock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";

/** What a reader reads, and names. */
export interface Named {
    /** Id of the reader. */
    node: string;
    kind: "UPS" | "plug" | "power station";
    /** Where it is, for people: "NUT server 192.0.2.30:3493". */
    place: string;
    /** Its name there; empty: the only one, or all. */
    part: string;
}

/**
 * A name stays with its device for so long after its reader has gone, ms: a deploy must not hand it to the one that waits for it. And so long with one that
 * was never read: an example that somebody imported and forgot holds it no longer.
 */
const keptMs = 30_000;

interface Holder extends Named {
    /** Until when it holds the name, monotonic ms; for ever once it was read. */
    until: number;
}

/** Who holds each name, by the readers' ids. A plug and a UPS may share one: they are two witnesses of one device. */
const names = new Map<string, Map<string, Holder>>();
/** What each reader holds, by its id. */
const held = new Map<string, string>();

/**
 * Takes a name for what is read. Two UPSes of one name would be one for all that decides: each time that one says that it is on mains, the outage of the
 * other would be over. It happens easily, since every Synology calls its UPS "ups" (PeaNUT#184, #333, #451), and a plug that nobody named is "plug".
 * @returns why not, while another device of this kind bears the name
 */
export function claimName(device: string, mine: Named, clock: Clock = systemClock): Trouble | undefined {
    const key = keyOf(device, mine);
    if (held.get(mine.node) !== key) letGo(mine.node);
    const holders = names.get(key) ?? new Map<string, Holder>();
    const now = clock.monotonic();
    const other = [...holders.values()].find((holder) => holder.node !== mine.node && !isSame(holder, mine) && holder.until > now);
    if (other !== undefined) return new Trouble("config", `${mine.kind} not read: the name ${device} is that of ${other.part === "" ? "the " : ""}${`${other.kind} ${other.part}`.trim()} at ${other.place}`, "give this node a Device of its own, or both pass for one");
    for (const holder of holders.values()) if (!isSame(holder, mine)) letGo(holder.node);
    const before = holders.get(mine.node);
    holders.set(mine.node, before ?? { ...mine, until: now + keptMs });
    names.set(key, holders);
    held.set(mine.node, key);
    return undefined;
}

/** It was read. */
export function keepName(device: string, mine: Named): void {
    const holder = names.get(keyOf(device, mine))?.get(mine.node);
    if (holder !== undefined) holder.until = Infinity;
}

/** The reader has gone. */
export function leaveName(device: string, mine: Named, clock: Clock = systemClock): void {
    const holder = names.get(keyOf(device, mine))?.get(mine.node);
    if (holder !== undefined) holder.until = clock.monotonic() + keptMs;
}

function letGo(node: string): void {
    const key = held.get(node);
    const holders = key === undefined ? undefined : names.get(key);
    held.delete(node);
    holders?.delete(node);
    if (key !== undefined && holders?.size === 0) names.delete(key);
}

function keyOf(device: string, { kind }: Named): string {
    return `${kind} ${device}`;
}

/** Two readers of one device may name it alike. */
function isSame(one: Named, other: Named): boolean {
    return one.place === other.place && (one.part === other.part || one.part === "" || other.part === "");
}
