import { createServer, type AddressInfo, type Socket } from "node:net";

/** A peer that says back whatever it is told, as an error in the words of who asked: HTTP APIs, NUT, PostgreSQL. */
export interface Parrot {
    port: number;
    url: string;
    /** All that it was told. */
    readonly heard: string;
    stop(): Promise<void>;
}

export async function startParrot(): Promise<Parrot> {
    const open = new Set<Socket>();
    let heard = "";
    const server = createServer((socket) => {
        let said = "";
        open.add(socket);
        socket.on("error", () => socket.destroy()).on("close", () => open.delete(socket)).on("data", (chunk: Buffer) => {
            const text = chunk.toString("latin1");
            heard += text;
            said += text;
            if (/^(?:GET|POST) /.test(said)) {
                const length = Number(/content-length: (\d+)/i.exec(said)?.[1] ?? 0);
                const [head = ""] = said.split("\r\n\r\n");
                if (said.length < head.length + 4 + length) return;
                const body = JSON.stringify({ ok: false, error_code: 400, description: `Bad Request: ${said}`, message: said, code: -1, params: said });
                socket.end(`HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
            } else if (chunk.length >= 8 && chunk.readInt32BE(4) === 196_608) {
                // PostgreSQL's beginning: it asks for the password as it is.
                socket.write(Buffer.from([82, 0, 0, 0, 8, 0, 0, 0, 3]));
            } else if (text.startsWith("p")) {
                const fields = Buffer.from(`SFATAL\0C28P01\0Mpassword ${text.slice(5).replaceAll("\0", "")} is wrong\0\0`, "latin1");
                const head = Buffer.alloc(5);
                head.write("E");
                head.writeInt32BE(fields.length + 4, 1);
                socket.end(Buffer.concat([head, fields]));
            } else if (text.startsWith("SSH-")) {
                socket.end(`you said ${text}`);
            } else {
                // NUT, line by line; it has a UPS, and wants to hear the password.
                for (const line of text.split("\n").map((one) => one.trim()).filter((one) => one !== "")) {
                    const list = /^LIST (?:VAR .*|UPS)$/.test(line);
                    const entry = line === "LIST UPS" ? 'UPS ups1 "x"' : `${line.slice(5)} ups.status "OL"`;
                    socket.write(list ? `BEGIN ${line}\n${entry}\nEND ${line}\n` : line.startsWith("USERNAME") ? "OK\n" : `ERR ${line.split(" ").at(-1)} ${line}\n`);
                }
            }
        });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return {
        port, url: `http://127.0.0.1:${port}`,
        get heard() { return heard; },
        stop: () => new Promise((resolve) => {
            server.close(() => resolve());
            for (const socket of open) socket.destroy();
        }),
    };
}
