import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import * as fc from "fast-check";
import { execOverMaster, greetMaster } from "../../../lib/shutdown/control-socket";
import { Trouble } from "../../../lib/kit/trouble";
import { temporaryFolder } from "../../support/temporary-folder";

const uint32 = (value: number): Buffer => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);
const frame = (...parts: Buffer[]): Buffer => Buffer.concat([uint32(Buffer.concat(parts).length), ...parts]);
const text = (value: string): Buffer => Buffer.concat([uint32(value.length), Buffer.from(value)]);
const packet = (type: number, ...parts: Buffer[]): Buffer => frame(Buffer.from([0, type]), ...parts);
const greeting = Buffer.concat([frame(uint32(1), uint32(4)), frame(uint32(0x8000000f), uint32(0))]);
const opened = packet(91, uint32(0), uint32(7), uint32(0), uint32(32_768));
const accepted = packet(99, uint32(0));
const exit = (code: number): Buffer => packet(98, uint32(0), text("exit-status"), Buffer.from([0]), uint32(code));

// The real master is tried in ssh.test.ts; here is one that may say anything.
describe("the socket of ssh's master", () => {
    const folder = temporaryFolder();
    const path = join(folder.path, "s");
    let server: Server;
    let onConnection: (socket: Socket) => void;
    const sockets = new Set<Socket>();

    before((done) => {
        server = createServer((socket) => {
            sockets.add(socket);
            socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
            socket.resume();
            onConnection(socket);
        }).listen(path, done);
    });
    after((done) => {
        sockets.forEach((socket) => socket.destroy());
        server.close(done);
    });
    after(() => folder.remove());

    /** What we hear of a command, until its end. */
    const hear = (): Promise<string[]> => new Promise((resolve) => {
        const said: string[] = [];
        const end = (what: string): void => resolve([...said, what]);
        execOverMaster(path, "true", "host nas", {
            accepted: () => said.push("accepted"), stdout: (chunk) => said.push(`out ${chunk.toString()}`), stderr: (chunk) => said.push(`err ${chunk.toString()}`),
            exited: (code, signal) => said.push(`exit ${code ?? signal}`), refused: (trouble) => end(trouble.message), closed: () => end("closed"),
        });
    });

    for (const [what, says, heard] of [
        ["a command from its opening to its end", [greeting, opened, accepted, packet(94, uint32(0), text("out")), packet(95, uint32(0), uint32(1), text("err")), exit(3), packet(97, uint32(0))], ["accepted", "out out", "err err", "exit 3", "closed"]],
        ["a program that a signal ended", [greeting, opened, accepted, packet(98, uint32(0), text("exit-signal"), Buffer.from([0]), text("KILL")), packet(97, uint32(0))], ["accepted", "exit KILL", "closed"]],
        ["what it need not understand", [greeting, opened, packet(98, uint32(0), text("eow@openssh.com"), Buffer.from([0])), packet(96, uint32(0)), packet(93, uint32(0), uint32(1)), packet(97, uint32(0))], ["closed"]],
        ["a host that opens no channel", [greeting, packet(92, uint32(0), uint32(1), text("no more sessions"), text(""))], ["host nas: does not open a channel (no more sessions)"]],
        ["a host that does not run commands", [greeting, opened, packet(100, uint32(0))], ["host nas: does not run the command"]],
        ["a master that takes no proxy", [frame(uint32(1), uint32(4)), frame(uint32(0x80000003), uint32(0), text("unsupported"))], ["host nas: the system's ssh does not take the command"]],
        ["a master that hangs up", [greeting, opened, accepted], ["accepted", "closed"]],
        ["a packet that is cut short", [greeting, opened, packet(94, uint32(0), uint32(100))], ["closed"]],
        ["a packet that cannot be meant", [greeting, Buffer.alloc(64, 0xff)], ["closed"]],
    ] as const) {
        for (const [how, pieces] of [["whole", [Buffer.concat([...says])]], ["byte by byte", [...Buffer.concat([...says])].map((byte) => Buffer.from([byte]))]] as const) {
            it(`tells of ${what}, ${how}`, async () => {
                onConnection = (socket) => {
                    for (const piece of pieces) socket.write(piece);
                    socket.end();
                };
                assert.deepEqual(await hear(), heard);
            });
        }
    }

    it("is never misled by garbage: it ends, and nobody has exited", async () => {
        await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
            onConnection = (socket) => {
                socket.write(greeting);
                socket.end(bytes);
            };
            await hear();
        }), { numRuns: 200 });
    });

    it("greets a master, and says when there is none or it is too old", async () => {
        const never = new AbortController().signal;
        onConnection = (socket) => socket.write(greeting);
        await greetMaster(path, "host nas", never);
        onConnection = (socket) => socket.write(frame(uint32(0x80000003), uint32(0), text("no")));
        await assert.rejects(greetMaster(path, "host nas", never), (error) => error instanceof Trouble && /too old.*OpenSSH 7.4/.test(error.message));
        await assert.rejects(greetMaster(join(folder.path, "none"), "host nas", never), (error) => error instanceof Trouble && error.kind === "closed");
    });
});
