import { startNodeRed } from "../test/support/node-red";
import { temporaryFolder } from "../test/support/temporary-folder";
import { atMost, median, type Figure } from "./figure";

const rounds = 8;

/** From the start of the process until Node-RED listens and its flows run, with and without the package, in turns. */
export async function measureStartUp(): Promise<Figure[]> {
    const folders = [temporaryFolder(), temporaryFolder()];
    const times: [plain: number[], ours: number[]] = [[], []];
    // The first start of a user directory writes what it finds there; those are not counted.
    for (let round = -1; round < rounds; round += 1) {
        for (const [index, list] of times.entries()) {
            const took = await startTime(folders[index]?.path ?? "", index === 1);
            if (round >= 0) list.push(took);
        }
    }
    for (const folder of folders) await folder.remove();
    const [plain, ours] = times;
    const extra = median(ours.map((took, round) => took - (plain[round] ?? took)));
    const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
    return [
        atMost("start-up: what the package adds", extra, 300, seconds, ` (median with ${seconds(median(ours))}, without ${seconds(median(plain))}; best ${seconds(Math.min(...ours))} and ${seconds(Math.min(...plain))})`),
    ];
}

async function startTime(userDir: string, linked: boolean): Promise<number> {
    const began = performance.now();
    const red = await startNodeRed({ userDir, linked, tap: false });
    const took = performance.now() - began;
    await red.stop();
    return took;
}
