import { createServer } from "node:net";

/** Each process looks in a part of its own, so that none is given what another's server has let go of for a moment. */
const [first, count] = [20_000 + (process.pid % 40) * 250, 250];
let last = Math.floor(Math.random() * count);

/**
 * A TCP port on which nothing listens. It is below the range from which systems hand out ports, so that nobody gets it by
 * chance before, or between, the times that its user listens on it.
 */
export async function freePort(): Promise<number> {
    last = (last + 1) % count;
    const port = first + last;
    const server = createServer();
    const free = new Promise<boolean>((resolve) => server.once("listening", () => resolve(true)).once("error", () => resolve(false)));
    server.listen(port, "127.0.0.1");
    if (!(await free)) return freePort();
    await new Promise((resolve) => server.close(resolve));
    return port;
}
