import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { removeLeftoversIn, writeAtomic } from "../kit/atomic-file";
import { Averages } from "./timeline-average";
import { rowLine } from "./timeline-line";
import { dayMs, fileName, hourMs, listFiles, rowsOf, spanMs, tiers, type Tier } from "./timeline-files";

/** How long each tier is kept, in ms. */
export type Retention = Readonly<Record<Tier, number>>;

export const defaultRetention: Retention = { raw: dayMs, five: 30 * dayMs, hour: 5 * 365 * dayMs };

/** Late rows may come for so long before a file is averaged; what comes later still is averaged in again. */
const settleMs = 5 * 60_000;

/**
 * Averages what is complete, and removes what is too old and has been averaged. Can be cut off anywhere, and goes on with
 * the next call: each file of means is replaced whole, and says in its first line how much it was made of.
 * @param now event time in ms
 * @throws the system's error of the first file that could not be averaged, when all others are done
 */
export async function maintainFiles(folder: string, retention: Retention, now: number): Promise<void> {
    const failures: unknown[] = [];
    const kept = new Set<string>();
    /** A full disk must not keep us from removing what makes room. */
    const tryToAverage = async (sources: readonly Source[], target: string, start: number, widthMs: number): Promise<void> => {
        try {
            await average(folder, sources, target, start, widthMs);
        } catch (error) {
            failures.push(error);
            for (const [, name] of sources) kept.add(name);
        }
    };
    let files = await listFiles(folder);
    for (const [start, name] of files.raw) {
        if (start + hourMs + settleMs <= now) await tryToAverage([[start, name]], fileName("five", start), start, 5 * 60_000);
    }
    files = await listFiles(folder);
    const days = new Map<number, Source[]>();
    for (const source of files.five) {
        const day = Math.floor(source[0] / dayMs) * dayMs;
        days.set(day, [...(days.get(day) ?? []), source]);
    }
    for (const [day, hours] of days) {
        // A day changes no more once its raw rows are gone, and must not be made again once it loses its five-minute means.
        const mayChange = !files.hour.has(day) || day > now - Math.min(retention.raw + 2 * dayMs, retention.five);
        if (mayChange && day + dayMs + 2 * settleMs <= now) await tryToAverage(hours, fileName("hour", day), day, hourMs);
    }
    files = await listFiles(folder);
    for (const tier of tiers) {
        for (const [start, name] of files[tier]) {
            const averaged = tier === "hour" || (tier === "raw" ? files.five.has(start) : files.hour.has(Math.floor(start / dayMs) * dayMs));
            if (averaged && !kept.has(name) && start + spanMs[tier] + retention[tier] < now) await rm(join(folder, name), { force: true });
        }
    }
    await removeLeftoversIn(folder, (name) => name.endsWith(".rows"), now);
    if (failures.length > 0) throw failures[0];
}

/** A file that is averaged: where its hour begins, in ms, and its name. */
type Source = readonly [start: number, name: string];

/**
 * Makes a file of means, unless it is there and was made of the same. What it holds of hours that no source covers any more
 * stays: a clock that is set back brings days again whose finer files are gone.
 */
async function average(folder: string, sources: readonly Source[], target: string, start: number, widthMs: number): Promise<void> {
    const sizes = await Promise.all(sources.map(async ([, name]) => (await stat(join(folder, name))).size));
    const made = `#${sizes.reduce((sum, size) => sum + size, 0)}`;
    if ((await firstLine(join(folder, target))) === made) return;
    const averages = new Averages(start, widthMs);
    for (const [index, [, name]] of sources.entries()) {
        for await (const rows of rowsOf(folder, name, sizes[index])) for (const row of rows) averages.add(row);
    }
    const covered = new Set(sources.map(([hour]) => hour));
    for await (const rows of rowsOf(folder, target)) for (const row of rows) if (!covered.has(Math.floor(row.created_at / hourMs) * hourMs)) averages.add(row);
    await writeAtomic(join(folder, target), `${made}\n${[...averages.rows()].map(rowLine).join("")}`);
}

async function firstLine(path: string): Promise<string | undefined> {
    const handle = await open(path, "r").catch(() => undefined);
    if (handle === undefined) return undefined;
    try {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(32), 0, 32, 0);
        return buffer.subarray(0, bytesRead).toString("latin1").split("\n")[0];
    } finally {
        await handle.close();
    }
}
