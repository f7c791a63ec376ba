import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Public captures of Anker devices, which lie beside the checkout where there are any: they are not ours to publish. */
const folder = join(__dirname, "../../../shared/fixtures/anker");

export const ankerFixturesMissing = existsSync(folder) ? undefined : "no captures of Anker devices beside the checkout (../shared/fixtures/anker)";

export interface GoldenFrame {
    name: string;
    model: string;
    hex: string;
    expected: Record<string, number | string>;
}

/** Frames with the values that the reference decoder reads from them. */
export function goldenFrames(): GoldenFrame[] {
    return ["anker-frames-golden.json", "anker-a1790p-synthetic.json"].flatMap((file) =>
        (json(file) as { frames: { name?: string; source?: string; model: string; hex: string; expected: GoldenFrame["expected"] }[] }).frames
            .map(({ name, source, ...frame }) => ({ name: name ?? source ?? "", ...frame })));
}

/** Each line of each capture: a topic and a message as the broker delivers it. */
export function capturedMessages(): { file: string; topic: string; text: string }[] {
    return readdirSync(join(folder, "mqtt")).flatMap((file) =>
        readFileSync(join(folder, "mqtt", file), "utf8").split("\n").filter((line) => line.trim() !== "").map((line) => {
            const { topic, head, payload } = JSON.parse(line) as { topic: string; head: unknown; payload: unknown };
            return { file, topic, text: JSON.stringify({ head, payload }) };
        }));
}

export function json(file: string): unknown {
    return JSON.parse(readFileSync(join(folder, file), "utf8"));
}
