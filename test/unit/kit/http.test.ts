import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import dns from "node:dns";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { parseJsonReply, requestHttp, type HttpRequest } from "../../../lib/kit/http";
import { Trouble, type TroubleKind } from "../../../lib/kit/trouble";
import { endsWithUs } from "../../support/ends-with-us";

/** Plays one part of a server: gets the socket and what it has received at the first chunk. */
type Part = (socket: Socket, request: string) => void;

describe("requestHttp", () => {
    let server: Server;
    let url: string;
    let part: Part;
    const sockets = new Set<Socket>();
    before(async () => {
        server = createServer((socket) => {
            sockets.add(socket);
            socket.on("error", () => undefined).on("close", () => sockets.delete(socket)).once("data", (chunk) => part(socket, chunk.toString()));
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/status?key=secret`;
    });
    after(() => {
        for (const socket of sockets) socket.destroy();
        server.close();
    });
    const ask = (playing: Part, more: Partial<HttpRequest> = {}): ReturnType<typeof requestHttp> => {
        part = playing;
        return requestHttp(url, { deadlineMs: 2000, subject: "plug 192.0.2.5", ...more });
    };
    const reply = (text: string, head = ""): Part => (socket) => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(text)}\r\n${head}\r\n${text}`);
    const fails = (kind: TroubleKind, trying: Promise<unknown>): Promise<void> => assert.rejects(trying, (error) => {
        assert.ok(error instanceof Trouble, String(error));
        assert.equal(error.kind, kind, error.message);
        assert.match(error.message, /^plug 192\.0\.2\.5: /);
        assert.doesNotMatch(error.message, /secret/);
        return true;
    });

    it("gives status, headers and text", async () => {
        const got = await ask(reply("grün", "X-Way: one\r\n"));
        assert.deepEqual([got.status, got.headers["x-way"], got.text], [200, "one", "grün"]);
    });
    it("takes an answer of the longest length, and of a longer one no more than that: it hangs up", async () => {
        assert.equal((await ask(reply("x".repeat(10)), { maxBytes: 10 })).text.length, 10);
        const ended = new Promise<void>((resolve) => {
            part = (socket) => {
                socket.on("close", () => resolve());
                socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${"x".repeat(11)}`);
            };
        });
        await fails("garbage", requestHttp(url, { deadlineMs: 2000, subject: "plug 192.0.2.5", maxBytes: 10 }));
        await ended;
    });
    it("hangs up on a server that switches to another protocol", async () => {
        const ended = new Promise<void>((resolve) => {
            part = (socket) => {
                socket.on("close", () => resolve());
                socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
            };
        });
        await fails("garbage", requestHttp(url, { deadlineMs: 2000, subject: "plug 192.0.2.5" }));
        await ended;
    });
    for (const address of ["ftp://192.0.2.5/", "192.0.2.5", ""]) {
        it(`says of "${address}" that it is no URL of the web`, () => assert.rejects(requestHttp(address, { deadlineMs: 2000, subject: "plug" }), { kind: "config", message: "plug: the address is not an http or https URL" }));
    }
    it("resolves with any status", async () => assert.equal((await ask((socket) => socket.end("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"))).status, 503));
    it("sends method, headers, and a body with its length in bytes", async () => {
        let seen = "";
        await ask((socket, request) => {
            seen = request;
            reply("")(socket, request);
        }, { method: "POST", headers: { "X-Key": "1" }, body: "größe" });
        assert.match(seen, /^POST \/status\?key=secret HTTP\/1\.1\r\n/);
        assert.match(seen, /X-Key: 1\r\n/);
        assert.match(seen, /Content-Length: 7\r\n/);
    });
    it("asks for the connection to be closed: small devices have few of them", async () => {
        let seen = "";
        await ask((socket, request) => {
            seen = request;
            reply("")(socket, request);
        });
        assert.match(seen, /Connection: close/i);
    });
    it("waits longer than Node's 250 ms for the first address of a name: a mobile network may need that, and the second one may be IPv6 that leads nowhere", async () => {
        const far = 'require("net").createServer((socket) => socket.end("HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")).listen({ port: 0, host: "127.0.0.1", backlog: 1 }, function () { console.log(this.address().port); });';
        const child = endsWithUs(spawn(process.execPath, ["-e", far], { stdio: ["ignore", "pipe", "ignore"] }));
        const { lookup } = dns;
        const queue: Socket[] = [];
        try {
            const [port] = await once(child.stdout, "data") as [Buffer];
            // A server that stands still and whose queue is full does not answer a first packet.
            child.kill("SIGSTOP");
            for (let count = 0; count < 4; count += 1) queue.push(connect(Number(port), "127.0.0.1").on("error", () => undefined));
            await Promise.race([once(queue[0] as Socket, "connect"), once(queue[1] as Socket, "connect")]);
            const both = [{ address: "127.0.0.1", family: 4 }, { address: "::1", family: 6 }];
            dns.lookup = ((_name: string, _options: object, answer: (error: null, found: object[]) => void) => process.nextTick(answer, null, both)) as typeof lookup;
            setTimeout(() => child.kill("SIGCONT"), 500);
            assert.equal((await requestHttp(`http://far.example:${Number(port)}/`, { deadlineMs: 10_000, subject: "far" })).status, 200);
        } finally {
            dns.lookup = lookup;
            for (const socket of queue) socket.destroy();
            child.kill("SIGKILL");
        }
    });
    it("does not follow redirects", async () => assert.equal((await ask((socket) => socket.end("HTTP/1.1 302 Found\r\nLocation: http://192.0.2.9/\r\nContent-Length: 0\r\n\r\n"))).status, 302));

    describe("under faults", () => {
        const faults: [string, TroubleKind, Part][] = [
            ["hangs up without an answer", "closed", (socket) => socket.destroy()],
            ["ends its half without an answer", "closed", (socket) => socket.end()],
            ["answers garbage", "garbage", (socket) => socket.end("\0\x01\x02 not http\r\n\r\n")],
            ["answers in another protocol", "garbage", (socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n")],
            ["cuts its headers short", "closed", (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-")],
            ["cuts its body short", "closed", (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\"")],
            ["vanishes in a chunked body", "closed", (socket) => socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"ha")],
            ["switches to another protocol", "garbage", (socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")],
        ];
        for (const [what, kind, playing] of faults) it(`a peer that ${what} is ${kind}`, () => fails(kind, ask(playing)));
        it("a peer that says nothing is a timeout", () => fails("timeout", ask(() => undefined, { deadlineMs: 60 })));
        it("a peer that drips bytes for ever is a timeout too: the deadline holds for the whole answer", async () => {
            let drip: NodeJS.Timeout | undefined;
            await fails("timeout", ask((socket) => {
                socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
                drip = setInterval(() => socket.write("x"), 10);
            }, { deadlineMs: 120 }));
            clearInterval(drip);
        });
        it("10 MB where a few bytes were due are garbage, and the connection is closed", async () => {
            let sent = 0;
            let closed: Promise<unknown> = Promise.resolve();
            await fails("garbage", ask((socket) => {
                closed = new Promise((resolve) => socket.once("close", resolve));
                socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n");
                const more = (): void => {
                    while (!socket.destroyed && sent < 10_485_760) {
                        sent += 65_536;
                        if (!socket.write(Buffer.alloc(65_536, "x"))) return void socket.once("drain", more);
                    }
                };
                more();
            }, { maxBytes: 4096 }));
            await closed;
        });
        it("endless headers are garbage", () => fails("garbage", ask((socket) => socket.end(`HTTP/1.1 200 OK\r\n${`X-Long: ${"y".repeat(1000)}\r\n`.repeat(100)}\r\n`))));
        it("nothing that listens is refused", async () => {
            const closed = createServer();
            await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
            const { port } = closed.address() as AddressInfo;
            await new Promise((resolve) => closed.close(resolve));
            await fails("refused", requestHttp(`http://127.0.0.1:${port}/`, { deadlineMs: 2000, subject: "plug 192.0.2.5" }));
        });
        for (const [what, address] of [["no URL", "not a url"], ["another protocol", "ftp://127.0.0.1/secret"]] as const) {
            it(`an address that is ${what} is a wrong setting`, () => fails("config", requestHttp(address, { deadlineMs: 100, subject: "plug 192.0.2.5" })));
        }
        it("a header that HTTP does not allow is a wrong setting", () => fails("config", requestHttp(url, { deadlineMs: 100, subject: "plug 192.0.2.5", headers: { Authorization: "secret\nline" } })));
        it("a stop by the caller ends the request and closes its connection", async () => {
            const controller = new AbortController();
            let closed: Promise<unknown> = Promise.resolve();
            await fails("stopped", ask((socket) => {
                closed = new Promise((resolve) => socket.once("close", resolve));
                controller.abort();
            }, { signal: controller.signal }));
            await closed;
        });
        it("the deadline closes the connection, so that nothing is left behind", async () => {
            let closed: Promise<unknown> = Promise.resolve();
            await fails("timeout", ask((socket) => {
                closed = new Promise((resolve) => socket.once("close", resolve));
            }, { deadlineMs: 30 }));
            await closed;
        });
    });
});

describe("parseJsonReply", () => {
    it("gives the value", () => assert.deepEqual(parseJsonReply({ status: 200, headers: {}, text: '{"a":1}' }, "plug"), { a: 1 }));
    it("calls everything else garbage", () => assert.throws(() => parseJsonReply({ status: 200, headers: {}, text: "<html>" }, "plug"), (error) => error instanceof Trouble && error.kind === "garbage"));
});
