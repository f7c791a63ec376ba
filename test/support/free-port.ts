import { createServer } from "node:net";

/**
 * A TCP port on which nothing listens. It is below the range from which systems hand out ports, so that nobody gets it by
 * chance before, or between, the times that its user listens on it.
 */
export async function freePort(): Promise<number> {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createServer();
    const free = new Promise<boolean>((resolve) => server.once("listening", () => resolve(true)).once("error", () => resolve(false)));
    server.listen(port, "127.0.0.1");
    if (!(await free)) return freePort();
    await new Promise((resolve) => server.close(resolve));
    return port;
}
