// A timeline in a process of its own, to be killed: node --import tsx timeline-child.ts FOLDER FIRST
// Writes rows numbered from FIRST into the embedded store in FOLDER, and prints the number of each that is stored.
import { EmbeddedTimeline } from "../../lib/stores/timeline-embedded";
import { toRow } from "../../lib/stores/timeline-event";

const [folder = "", first = "0"] = process.argv.slice(2);
const store = new EmbeddedTimeline({ folder, subject: "files" });

async function main(): Promise<void> {
    for (let from = Number(first); ;) {
        const rows = Array.from({ length: 50 }, (_, n) => toRow({ event_type: "plug_power", source: "rack", value: from + n, metadata: { n: from + n }, created_at: Date.now() }));
        const written = await store.write({ segment: "s", from, to: from + 50, rows });
        if (written.kind !== "written") throw written.trouble;
        from = written.upTo;
        process.stdout.write(`${from}\n`);
    }
}
main().catch((error: unknown) => process.stderr.write(String(error)));
