import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { NutServer } from "../../lib/devices/nut-client";
import { startBrokenPeer } from "../simulators/broken-peer";
import { shiftedClock } from "../support/shifted-clock";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const mebibyte = 1 << 20;

describe("ten thousand connections to one NUT server", function () {
    this.timeout(600_000);

    it("leave no listener, no warning and no memory behind: two readers on a server that hangs up after each answer, and a password that is asked about each minute", async () => {
        let connections = 0;
        const open = new Set<unknown>();
        let heard = (): void => undefined;
        const closed = (): Promise<void> => new Promise((resolve) => (heard = resolve));
        const peer = await startBrokenPeer((socket) => {
            connections += 1;
            open.add(socket);
            socket.on("close", () => {
                open.delete(socket);
                heard();
            }).on("end", () => socket.end());
            socket.on("data", (chunk) => {
                const [verb = "", , ups = ""] = chunk.toString().trim().split(" ");
                if (verb === "LIST") socket.end(`BEGIN LIST VAR ${ups}\nVAR ${ups} ups.status "OL"\nEND LIST VAR ${ups}\n`);
                else socket.write(verb === "LOGIN" ? "ERR ACCESS-DENIED\n" : "OK\n");
            });
        });
        const clock = shiftedClock();
        const server = new NutServer({ host: "127.0.0.1", port: peer.port, tls: { mode: "off" }, login: { user: "mon", password: "wrong" }, clock, deadlineMs: 60_000 });
        const readers = [new AbortController(), new AbortController()];
        const warnings: string[] = [];
        const warned = (warning: Error): void => void warnings.push(warning.message);
        process.on("warning", warned);
        const until = async (count: number): Promise<void> => {
            for (const goal = connections + count; connections < goal;) {
                clock.pass(61_000);
                await Promise.all(readers.map(({ signal }, index) => server.read(`ups${index}`, signal)));
                // The question about the password is under way, and the next minute begins after it.
                while (open.size > 0) await closed();
            }
        };
        const heap = (): number => {
            collect();
            return process.memoryUsage().heapUsed;
        };
        try {
            await until(2000);
            const before = heap();
            await until(8000);
            assert.equal(server.credentials.state, "refused");
            assert.ok(heap() - before < 3 * mebibyte, `the heap grew by ${(heap() - before) / mebibyte} MiB`);
            for (const { signal } of readers) assert.ok(getEventListeners(signal, "abort").length <= 1, `${getEventListeners(signal, "abort").length} listeners`);
            assert.deepEqual(warnings, []);
        } finally {
            process.off("warning", warned);
            server.close();
            await peer.stop();
        }
    });
});
