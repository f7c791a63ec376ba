import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { NutLink } from "../../lib/devices/nut-link";
import { systemClock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import { damage, exchanges, fuzzReplies, split } from "../support/nut-fuzz";
import { eventually } from "../support/eventually";
import { seeded } from "../support/frame-fuzz";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const heap = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
};
const mebibyte = 1 << 20;

describe("a million damaged answers of a NUT server", function () {
    this.timeout(1_200_000);
    it("are read, refused as garbage, or wait for more; none crashes the codec or makes memory grow", () => {
        const parts = 10;
        const total = { complete: 0, refused: 0, open: 0 };
        fuzzReplies(20_000, 1);
        const before = heap();
        for (let part = 0; part < parts; part += 1) {
            const { complete, refused, open } = fuzzReplies(1_000_000 / parts, 20_261_121 + part);
            total.complete += complete;
            total.refused += refused;
            total.open += open;
        }
        assert.equal(total.complete + total.refused + total.open, 1_000_000);
        for (const [what, count] of Object.entries(total)) assert.ok(count > 10_000, `${what}: ${count}`);
        assert.ok(heap() - before < 10 * mebibyte, `the heap grew by ${(heap() - before) / mebibyte} MiB`);
    });
});

describe("three thousand damaged answers on real connections", function () {
    this.timeout(1_200_000);
    it("are answered or refused within the deadline, leave no connection open and no memory behind", async () => {
        const next = seeded(20_261_122);
        const sockets = new Set<Socket>();
        let exchange = exchanges[0] ?? { request: [], reply: "" };
        const server = createServer((socket) => {
            sockets.add(socket);
            socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
            socket.on("data", () => {
                for (const piece of split(damage(exchange.reply, next), next).slice(0, 200)) socket.write(piece);
                if (next() % 16 !== 0) socket.end();
            });
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
        const stop = (): Promise<void> => new Promise((resolve) => {
            server.close(() => resolve());
            for (const socket of sockets) socket.destroy();
        });
        const address = { host: "127.0.0.1", port: (server.address() as AddressInfo).port, tls: { mode: "off" }, subject: "NUT server", clock: systemClock, deadlineMs: 300 } as const;
        const counts: Record<string, number> = { read: 0 };
        let slowest = 0;
        const rounds = async (count: number): Promise<void> => {
            for (let round = 0; round < count; round += 1) {
                exchange = exchanges[next() % exchanges.length] ?? exchange;
                const began = performance.now();
                let link: NutLink | undefined;
                try {
                    link = await NutLink.open(address, new AbortController().signal);
                    await link.request(exchange.request);
                    counts.read = (counts.read ?? 0) + 1;
                } catch (error) {
                    if (!(error instanceof Trouble)) throw error;
                    counts[error.kind] = (counts[error.kind] ?? 0) + 1;
                }
                slowest = Math.max(slowest, performance.now() - began);
                link?.end(new Trouble("stopped", "stopped"));
            }
        };
        try {
            await rounds(500);
            const before = heap();
            await rounds(2500);
            assert.ok(heap() - before < 10 * mebibyte, `the heap grew by ${(heap() - before) / mebibyte} MiB`);
            assert.deepEqual(Object.keys(counts).sort(), ["closed", "garbage", "read", "timeout"]);
            // The deadline, and what a busy machine adds: not for ever.
            assert.ok(slowest < 30_000, `the slowest took ${slowest} ms`);
            await eventually(() => sockets.size === 0, 60_000);
        } finally {
            await stop();
        }
    });
});
