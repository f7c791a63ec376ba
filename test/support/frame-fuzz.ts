import { decodeFrame, encodeFrame } from "../../lib/devices/anker-frame";
import { frameValues } from "../../lib/devices/anker-values";
import { fieldMaps } from "../../lib/devices/anker-maps";
import { Trouble } from "../../lib/kit/trouble";

/** Numbers below 2^32 that are the same in every run of one seed (mulberry32). */
export function seeded(seed: number): () => number {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return (mixed ^ (mixed >>> 14)) >>> 0;
    };
}

/** A frame as no device would send it: noise, a good head with noise behind it, or one of `good` with a few bytes changed. */
function damaged(next: () => number, good: readonly Buffer[]): Buffer {
    const pick = next() % 4;
    if (pick === 0) return Buffer.from(Array.from({ length: next() % 40 }, () => next() & 0xff));
    if (pick === 1) {
        const body = Buffer.from(Array.from({ length: 11 + (next() % 60) }, () => (next() % 3 === 0 ? 0xa0 + (next() % 0x5f) : next() % 12)));
        body.write("ff09000003010f0405", 0, "hex");
        body.writeUInt16LE(body.length, 2);
        return body;
    }
    const bytes = Buffer.from(good[next() % good.length] ?? []);
    for (let hit = next() % 4; hit >= 0; hit -= 1) bytes[9 + (next() % Math.max(1, bytes.length - 9))] = next() & 0xff;
    return next() % 8 === 0 ? bytes.subarray(0, next() % (bytes.length + 1)) : bytes;
}

/**
 * Decodes `count` damaged frames. Each is either refused as garbage or comes back byte for byte, and every map can be
 * laid over it.
 */
export function fuzzFrames(count: number, seed: number, good: readonly Buffer[]): { decoded: number; refused: number } {
    const next = seeded(seed);
    const maps = Object.values(fieldMaps).flatMap((types) => Object.values(types));
    const result = { decoded: 0, refused: 0 };
    for (let round = 0; round < count; round += 1) {
        const bytes = damaged(next, good);
        try {
            const frame = decodeFrame(bytes);
            const map = maps[round % maps.length];
            if (map !== undefined) for (const value of Object.values(frameValues(frame, map))) if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`a value that is no number in ${bytes.toString("hex")}`);
            if (!encodeFrame(frame).equals(bytes)) throw new Error(`not the same again: ${bytes.toString("hex")}`);
            result.decoded += 1;
        } catch (error) {
            if (!(error instanceof Trouble) || error.kind !== "garbage") throw new Error(`frame ${bytes.toString("hex")} of seed ${seed}`, { cause: error });
            result.refused += 1;
        }
    }
    return result;
}
