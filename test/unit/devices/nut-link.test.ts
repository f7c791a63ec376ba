import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import dns from "node:dns";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { NutLink } from "../../../lib/devices/nut-link";
import { systemClock } from "../../../lib/kit/clock";
import { Trouble } from "../../../lib/kit/trouble";
import { NutServerSimulator } from "../../simulators/nut-server";
import { endsWithUs } from "../../support/ends-with-us";
import { freePort } from "../../support/free-port";

/** A server in a process of its own, so that it can stand still: one whose queue is full does not answer a first packet. */
const still = 'require("net").createServer((socket) => socket.on("data", () => socket.write("BEGIN LIST UPS\\nUPS far \\"\\"\\nEND LIST UPS\\n"))).listen({ port: Number(process.argv[1]), host: process.argv[2], backlog: 1 }, () => console.log("up"));';

/** The server, where it listens. */
async function startStill(port: number, address: string): Promise<ChildProcess> {
    const child = endsWithUs(spawn(process.execPath, ["-e", still, String(port), address], { stdio: ["ignore", "pipe", "ignore"] }));
    await once(child.stdout, "data");
    return child;
}

describe("a link to a NUT server", () => {
    it("hears what came while this process stood still, before it says that nothing came in time", async () => {
        const port = await freePort();
        const child = await startStill(port, "127.0.0.1");
        try {
            const link = await NutLink.open({ host: "127.0.0.1", port, tls: { mode: "off" }, subject: "NUT server", clock: systemClock, deadlineMs: 300 }, new AbortController().signal);
            const reply = link.request(["LIST", "UPS"]);
            for (const end = performance.now() + 900; performance.now() < end;);
            assert.equal((await reply).kind, "list");
            link.end(new Trouble("stopped", "stopped"));
        } finally {
            child.kill("SIGKILL");
        }
    });
});

describe("a link to a NUT server whose name has several addresses", () => {
    const { lookup } = dns;
    const queue: Socket[] = [];
    let upsd: NutServerSimulator;
    let child: ChildProcess | undefined;

    const standsStill = async (port: number, address: string): Promise<void> => {
        child = await startStill(port, address);
        child.kill("SIGSTOP");
        for (let count = 0; count < 4; count += 1) queue.push(connect(port, address).on("error", () => undefined));
        await Promise.race(queue.slice(0, 2).map((socket) => once(socket, "connect")));
    };
    /** The names of the UPSes of whichever server of that name answers. */
    const ask = async (port: number, addresses: { address: string; family: number }[], deadlineMs: number): Promise<unknown> => {
        dns.lookup = ((_name: string, _options: object, answer: (error: null, found: object[]) => void) => process.nextTick(answer, null, addresses)) as typeof lookup;
        const link = await NutLink.open({ host: "nut.example", port, tls: { mode: "off" }, subject: "NUT server", clock: systemClock, deadlineMs }, new AbortController().signal);
        const reply = await link.request(["LIST", "UPS"]);
        link.end(new Trouble("stopped", "stopped"));
        return reply.kind === "list" ? reply.entries.map(([name]) => name) : reply;
    };
    beforeEach(async () => {
        upsd = await new NutServerSimulator().start();
    });
    afterEach(async () => {
        dns.lookup = lookup;
        for (const socket of queue.splice(0)) socket.destroy();
        child?.kill("SIGKILL");
        await upsd.stop();
    });

    it("asks the second one when the first one does not answer", async () => {
        await standsStill(upsd.port, "127.0.0.2");
        assert.deepEqual(await ask(upsd.port, [{ address: "127.0.0.2", family: 4 }, { address: "127.0.0.1", family: 4 }], 2000), ["ups1"]);
    });
    it("waits longer than Node's 250 ms for the first one: it may be far away, and the second one may be IPv6 that leads nowhere", async () => {
        const { port } = upsd;
        await standsStill(port, "127.0.0.2");
        setTimeout(() => child?.kill("SIGCONT"), 500);
        assert.deepEqual(await ask(port, [{ address: "127.0.0.2", family: 4 }, { address: "::1", family: 6 }], 10_000), ["far"]);
    });
});
