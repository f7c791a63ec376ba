import { Averages } from "./timeline-average";
import { dayMs, fileName, hourMs, listFiles, rowsOf, type Tier } from "./timeline-files";
import { metadataOf } from "./timeline-line";
import type { TimelineQuery, TimelineSeries } from "./timeline-store";
import type { Retention } from "./timeline-upkeep";

/** The history from the embedded store's files: as fine as is kept, and as coarse as the chart allows. */
export async function queryFiles(folder: string, retention: Retention, now: number, query: TimelineQuery): Promise<TimelineSeries[]> {
    const { types, sources, from, to, maxPoints } = query;
    const widthMs = Math.max(1, (to - from) / maxPoints);
    const averages = new Averages(from, widthMs);
    for (const name of await filesFor(folder, tierFor(retention, now, from, widthMs), from, to)) {
        for await (const rows of rowsOf(folder, name)) {
            for (const row of rows) {
                if (row.created_at < from || row.created_at >= to) continue;
                if ((types.length === 0 || types.includes(row.event_type)) && (sources.length === 0 || sources.includes(row.source))) averages.add(row);
            }
        }
    }
    return averages.series.flatMap(({ event_type, source, stretches, happenings }) => {
        const points = [
            ...happenings.map((row) => ({ at: row.created_at, value: row.value, metadata: metadataOf(row) })),
            ...[...stretches.values()].map(({ at, sum, count, min, max }) => ({ at, value: sum / count, ...(count > 1 && { min, max, count }) })),
        ];
        return points.length === 0 ? [] : [{ event_type, source, points: points.sort((a, b) => a.at - b.at) }];
    });
}

function tierFor(retention: Retention, now: number, from: number, widthMs: number): Tier {
    if (from < now - retention.five || widthMs >= hourMs) return "hour";
    return from < now - retention.raw || widthMs >= 5 * 60_000 ? "five" : "raw";
}

/** The files that cover a time: of the wanted tier, and of a finer or coarser one where that one is not there (yet, or any more). */
async function filesFor(folder: string, tier: Tier, from: number, to: number): Promise<string[]> {
    const files = await listFiles(folder);
    const inRange = (starts: Iterable<number>, span: number): number[] => [...starts].filter((start) => start + span > from && start < to);
    const days = tier === "hour" ? inRange(files.hour.keys(), dayMs) : [];
    const hours = inRange(new Set([...files.raw.keys(), ...files.five.keys()]), hourMs).filter((start) => !days.includes(Math.floor(start / dayMs) * dayMs));
    const finest = tier === "raw" ? (["raw", "five"] as const) : (["five", "raw"] as const);
    return [
        ...days.map((start) => fileName("hour", start)),
        ...hours.sort((a, b) => a - b).map((start) => fileName(finest.find((one) => files[one].has(start)) ?? "raw", start)),
    ];
}
