import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { TimelineRow } from "./timeline-event";
import { parseRowLine } from "./timeline-line";

/**
 * The embedded store's files. `raw` holds rows as they came, a file an hour; `five` means over five minutes, a file an hour;
 * `hour` means over an hour, a file a day (all UTC).
 */
export const tiers = ["raw", "five", "hour"] as const;
export type Tier = (typeof tiers)[number];

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** How long a file's stretch of time is, in ms. */
export const spanMs: Readonly<Record<Tier, number>> = { raw: hourMs, five: hourMs, hour: dayMs };

/** The name of the file of a tier that holds the time `at`: "raw-20251121T11.rows". */
export function fileName(tier: Tier, at: number): string {
    const digits = new Date(Math.floor(at / spanMs[tier]) * spanMs[tier]).toISOString().replace(/-/g, "");
    return `${tier}-${digits.slice(0, tier === "hour" ? 8 : 11)}.rows`;
}

/** The files that exist: by tier, from the time in ms at which each begins to its name. A folder that is missing is empty. */
export async function listFiles(folder: string): Promise<Record<Tier, Map<number, string>>> {
    const found = { raw: new Map<number, string>(), five: new Map<number, string>(), hour: new Map<number, string>() };
    const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return [];
        throw error;
    });
    for (const name of names.sort()) {
        const [, tier, year, month, day, hour] = /^(raw|five|hour)-(\d{4})(\d\d)(\d\d)(?:T(\d\d))?\.rows$/.exec(name) ?? [];
        if (tier !== undefined) found[tier as Tier].set(Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour ?? 0)), name);
    }
    return found;
}

const chunkBytes = 64 << 10;

/**
 * Hands out a file's rows a chunk at a time, so that the process does other things in between. Lines that are damaged, or
 * that break off at the end, are left out. A file that is missing is empty.
 * @param upTo reads only so many bytes
 */
export async function* rowsOf(folder: string, name: string, upTo = Infinity): AsyncGenerator<TimelineRow[]> {
    const handle = await open(join(folder, name), "r").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
    });
    if (handle === undefined) return;
    try {
        const chunk = Buffer.alloc(chunkBytes);
        let rest = Buffer.alloc(0);
        for (let at = 0; at < upTo;) {
            const { bytesRead } = await handle.read(chunk, 0, Math.min(chunkBytes, upTo - at), at);
            if (bytesRead === 0) return;
            at += bytesRead;
            const data = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
            const whole = data.lastIndexOf(0x0a) + 1;
            rest = data.subarray(whole);
            yield data.subarray(0, whole).toString("utf8").split("\n").map(parseRowLine).filter((row) => row !== undefined);
        }
    } finally {
        await handle.close();
    }
}
