// An embedded timeline in a process of its own, for which an hour passes in a moment: node --import tsx timeline-upkeep-child.ts FOLDER HOUR SOURCE
// From that hour on writes 20 rows of SOURCE an hour and does its upkeep, and prints the number of each hour that is stored.
import { systemClock } from "../../lib/kit/clock";
import { EmbeddedTimeline } from "../../lib/stores/timeline-embedded";
import { toRow } from "../../lib/stores/timeline-event";
import { dayMs, hourMs } from "../../lib/stores/timeline-files";

const [folder = "", first = "0", source = ""] = process.argv.slice(2);
let now = 0;
const clock = { ...systemClock, now: () => now, wall: () => now };
const store = new EmbeddedTimeline({ folder, subject: "files", clock, retention: { raw: 3 * hourMs, five: 2 * dayMs, hour: 3650 * dayMs } });

async function main(): Promise<void> {
    for (let hour = Number(first); ; hour += 1) {
        now = hour * hourMs;
        const rows = Array.from({ length: 20 }, (_, n) => toRow({ event_type: n === 0 ? "power_state" : "plug_power", source, value: n, metadata: { n }, created_at: now + n * 60_000 }));
        const written = await store.write({ segment: "s", from: 0, to: rows.length, rows });
        if (written.kind !== "written") throw written.trouble;
        process.stdout.write(`${hour}\n`);
        await store.maintain();
    }
}
main().catch((error: unknown) => process.stderr.write(String(error)));
