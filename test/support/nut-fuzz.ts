import { longestLine, NutLines } from "../../lib/devices/nut-line";
import { mostEntries, NutReplyReader, type NutReply } from "../../lib/devices/nut-reply";
import { Trouble } from "../../lib/kit/trouble";
import { seeded } from "./frame-fuzz";

/** A question and upsd's good answer to it. */
export interface Exchange {
    request: readonly string[];
    reply: string;
}

export const exchanges: readonly Exchange[] = [
    { request: ["LIST", "VAR", "ups1"], reply: `BEGIN LIST VAR ups1\n${Object.entries({ "ups.status": "OB DISCHRG LB", "battery.charge": "17", "battery.runtime": "420", "ups.mfr": 'A \\"quoted\\" \\\\ \\#x', "ups.model": "Größe €", "ups.alarm": "" }).map(([name, value]) => `VAR ups1 ${name} "${value}"\n`).join("")}END LIST VAR ups1\n` },
    { request: ["LIST", "UPS"], reply: 'BEGIN LIST UPS\nUPS ups1 "Rack"\nUPS ups2 ""\nEND LIST UPS\n' },
    { request: ["GET", "VAR", "ups1", "ups.status"], reply: 'VAR ups1 ups.status "OL CHRG"\n' },
    { request: ["LOGIN", "ups1"], reply: "OK\n" },
    { request: ["LIST", "VAR", "ups1"], reply: "ERR DATA-STALE\n" },
];

const ways = ["as it is", "bits", "noise", "nuls", "cut", "unterminated", "twice", "flood", "long line", "lines swapped", "other"] as const;

/** The bytes of `reply` as no upsd would send them, in one of many ways; now and then as they are. */
export function damage(reply: string, next: () => number): Buffer {
    const good = Buffer.from(reply);
    const lines = reply.split(/(?<=\n)/);
    switch (ways[next() % ways.length]) {
        case "bits": {
            const bytes = Buffer.from(good);
            for (let hit = next() % 6; hit >= 0; hit -= 1) {
                const at = next() % bytes.length;
                bytes[at] = (bytes[at] ?? 0) ^ (1 << (next() % 8));
            }
            return bytes;
        }
        case "noise": return Buffer.from(Array.from({ length: 1 + (next() % 60) }, () => next() & 0xff));
        case "nuls": {
            const at = next() % (good.length + 1);
            return Buffer.concat([good.subarray(0, at), Buffer.alloc(1 + (next() % 64)), good.subarray(at)]);
        }
        case "cut": return good.subarray(0, next() % good.length);
        case "unterminated": return Buffer.from(lines.slice(0, -1).join("") + 'VAR ups1 ups.alarm "x"\n'.repeat(next() % 50));
        case "twice": return Buffer.concat([good, good]);
        case "flood": return next() % 1000 === 0 ? Buffer.from(lines.slice(0, 1).join("") + `${lines[1] ?? "OK\n"}`.repeat(mostEntries + 5) + (lines.at(-1) ?? "")) : Buffer.alloc(1000, next() & 0xff);
        case "long line": return Buffer.concat([good.subarray(0, next() % good.length), Buffer.alloc(next() % 20 === 0 ? longestLine * 2 : 300, next() & 0xff)]);
        case "lines swapped": return Buffer.from(lines.map((line, index) => lines[(index + next()) % lines.length] ?? line).join(""));
        case "other": return Buffer.from(exchanges[next() % exchanges.length]?.reply ?? "");
        default: return good;
    }
}

/** `bytes` as a network may cut them: in one piece, in a few, or one by one. */
export function split(bytes: Buffer, next: () => number): Buffer[] {
    const size = [bytes.length, 1 + (next() % 80), bytes.length < 40 ? 1 : 16 + (bytes.length >> 4)][next() % 3] ?? 1;
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
    return pieces;
}

export interface FuzzResult {
    complete: number;
    refused: number;
    /** Still waiting for more when the server had said all: in life the deadline ends that. */
    open: number;
}

/**
 * Reads `count` damaged replies. Each is complete, refused as garbage, or still open; and what is complete holds nothing that a log, a status or a
 * decision should not see.
 */
export function fuzzReplies(count: number, seed: number): FuzzResult {
    const next = seeded(seed);
    const result: FuzzResult = { complete: 0, refused: 0, open: 0 };
    for (let round = 0; round < count; round += 1) {
        const exchange = exchanges[next() % exchanges.length] ?? { request: [], reply: "" };
        const bytes = damage(exchange.reply, next);
        try {
            const reply = readReply(exchange.request, split(bytes, next));
            if (reply === undefined) result.open += 1;
            else {
                checkReply(exchange.request, reply);
                result.complete += 1;
            }
        } catch (error) {
            if (!(error instanceof Trouble) || error.kind !== "garbage") throw new Error(`round ${round} of seed ${seed}: ${bytes.subarray(0, 500).toString("hex")}`, { cause: error });
            if (error.message.length > 200) throw new Error(`an error of ${error.message.length} characters`, { cause: error });
            result.refused += 1;
        }
    }
    return result;
}

function readReply(request: readonly string[], pieces: readonly Buffer[]): NutReply | undefined {
    const lines = new NutLines();
    const reader = new NutReplyReader(request);
    for (const piece of pieces) for (const line of lines.take(piece)) {
        const reply = reader.take(line);
        if (reply !== undefined) return reply;
    }
    return undefined;
}

function checkReply(request: readonly string[], reply: NutReply): void {
    const words = reply.kind === "list" ? reply.entries.flat() : reply.kind === "words" ? reply.words : [reply.code];
    for (const word of words) if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(word) || word.length > longestLine) throw new Error(`a word that should not be: ${JSON.stringify(word.slice(0, 100))}`);
    if (reply.kind !== "list") return;
    if (request[0] !== "LIST") throw new Error("a list that nobody asked for");
    if (reply.entries.length > mostEntries) throw new Error("too long a list");
}
