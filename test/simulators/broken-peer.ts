import { createServer, type AddressInfo, type Socket } from "node:net";

/** A TCP server that is no proper peer of any protocol. */
export interface BrokenPeer {
    port: number;
    stop(): Promise<void>;
}

/** A peer on 127.0.0.1 that does `onConnection` to everybody who calls. Half-open connections stay open. */
export async function startBrokenPeer(onConnection: (socket: Socket) => void): Promise<BrokenPeer> {
    const open = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true }, (socket) => {
        open.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => open.delete(socket));
        onConnection(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    return {
        port: (server.address() as AddressInfo).port,
        stop: () => new Promise((resolve) => {
            server.close(() => resolve());
            open.forEach((socket) => socket.destroy());
        }),
    };
}

/** Ways for a host to be no SSH host. */
export const brokenSshHosts: Record<string, (socket: Socket) => void> = {
    "black hole": () => undefined,
    "garbage banner": (socket) => void socket.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    "garbage bytes": (socket) => void socket.write(Buffer.alloc(4096, 0xa5)),
    "truncated handshake": (socket) => void socket.end("SSH-2.0-OpenSSH_9.2\r\n\0\0\x05"),
    "garbage behind the banner": (socket) => void socket.write(Buffer.concat([Buffer.from("SSH-2.0-OpenSSH_9.2\r\n"), Buffer.alloc(2048, 0x41)])),
    "10 MB before the banner": (socket) => void socket.write(Buffer.alloc(10 << 20, "x")),
    "half-closed": (socket) => void socket.end(),
    "hang-up": (socket) => void socket.destroy(),
};
