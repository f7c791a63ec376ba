import { createServer } from "node:net";

/** Workers of one mocha look in parts of their own, so that none is given what another's server has let go of for a moment. */
const { MOCHA_WORKER_ID: worker } = process.env;
const part = worker === undefined ? process.pid % 40 : (process.ppid % 8) * 5 + (Number(worker) % 5);
const [first, count] = [20_000 + part * 250, 250];
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
