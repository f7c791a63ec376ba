import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { openLink, type Link } from "../../../lib/devices/anker-link";
import { Trouble, type TroubleKind } from "../../../lib/kit/trouble";
import { newAuthority } from "../../simulators/anker-cloud-certificates";
import { eventually } from "../../support/eventually";
import { shiftedClock } from "../../support/shifted-clock";

const authority = newAuthority();
const client = authority.issue("client", { from: Date.now() - 60_000, to: Date.now() + 3_600_000 });

/** A server on loopback that is no broker. */
async function server(behave: (socket: Socket) => void): Promise<{ port: number; sockets: Set<Socket>; close(): Promise<void> }> {
    const sockets = new Set<Socket>();
    const listening: Server = createServer((socket) => {
        sockets.add(socket);
        socket.on("error", () => undefined);
        // Read, or the end of the connection would not be seen.
        socket.resume();
        socket.on("close", () => sockets.delete(socket));
        behave(socket);
    });
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    return {
        port: (listening.address() as AddressInfo).port,
        sockets,
        close: () => new Promise((resolve) => {
            for (const socket of sockets) socket.destroy();
            listening.close(() => resolve());
        }),
    };
}

const open = (port: number, signal = new AbortController().signal): Promise<Link> => openLink({
    broker: { user_id: "u", app_name: "anker_power", thing_name: "t", certificate_id: "c", certificate_pem: client.certificate, private_key: client.key, endpoint_addr: "localhost", aws_root_ca1_pem: authority.certificate },
    port, clock: shiftedClock(10), signal, onMessage: () => undefined,
});

describe("the connection to Anker's broker", function () {
    const servers: { close(): Promise<void> }[] = [];
    const begin = async (behave: (socket: Socket) => void): ReturnType<typeof server> => {
        const one = await server(behave);
        servers.push(one);
        return one;
    };
    afterEach(async () => {
        for (const one of servers.splice(0)) await one.close();
    });
    const faults: [string, (socket: Socket) => void, TroubleKind[]][] = [
        ["swallows everything", () => undefined, ["timeout"]],
        ["hangs up", (socket) => void socket.destroy(), ["closed", "auth"]],
        ["half closes", (socket) => void socket.end(), ["closed", "auth"]],
        ["talks nonsense", (socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"), ["auth", "garbage", "failed", "closed"]],
        ["talks without end", (socket) => void socket.write(Buffer.alloc(10_000_000, 0x41)), ["auth", "garbage", "failed", "closed"]],
    ];
    for (const [what, behave, kinds] of faults) {
        it(`fails in time when the other side ${what}`, async () => {
            const other = await begin(behave);
            await assert.rejects(open(other.port), (error) => error instanceof Trouble && kinds.includes(error.kind) && /^Anker broker: /.test(error.message));
        });
    }

    it("fails at once when nobody listens", async () => {
        const gone = await server(() => undefined);
        await gone.close();
        await assert.rejects(open(gone.port), (error) => error instanceof Trouble && error.kind === "refused");
    });

    it("lets go of its socket when it is told to stop", async () => {
        const other = await begin(() => undefined);
        const stop = new AbortController();
        const opening = open(other.port, stop.signal);
        setTimeout(() => stop.abort(), 50);
        await assert.rejects(opening, (error) => error instanceof Trouble && error.kind === "stopped");
        await eventually(() => other.sockets.size === 0);
    });
});
