import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { endsWithUs } from "./ends-with-us";
import { eventually } from "./eventually";
import { temporaryFolder } from "./temporary-folder";

const program = "/lib/nut/upsmon";
/** Debian's upsmon writes its pid here whatever it is told; a dead one's leftover can block the next start. */
const pidFile = "/run/nut/upsmon.pid";
/** So each has that folder to itself, where the system lets us: several may run at once. */
const inItsOwnPlace = `unshare -m true 2>/dev/null || exec "$0" "$@"
exec unshare -m --propagation private sh -c 'mount -t tmpfs tmpfs /run/nut 2>/dev/null; exec "$0" "$@"' "$0" "$@"`;

/** Why NUT's own upsmon can't run here; undefined when it can. */
export function upsmonMissing(): string | undefined {
    if (process.getuid?.() !== 0) return "upsmon -p needs root";
    return existsSync(program) ? undefined : `upsmon needs ${program} (apt-get install nut-client)`;
}

/** NUT's own monitor beside ours, on the same server. What it would shut down is a line in a file. */
export interface Upsmon {
    pid: number;
    /** When its SHUTDOWNCMD was run, ms since the epoch; undefined while it was not. */
    shutdownAt(): number | undefined;
    /** What it has said. */
    log(): string;
    stop(): Promise<void>;
}

/**
 * Starts it as the primary of UPSes of an upsd on loopback, all of which it needs, polling once a second and without its final delay.
 * @param account of upsd.users, with `upsmon primary`
 */
export async function startUpsmon({ upses, port, user, password }: { upses: readonly string[]; port: number; user: string; password: string }): Promise<Upsmon> {
    const folder = temporaryFolder();
    const done = join(folder.path, "shutdown");
    const lines = [
        ...upses.map((ups) => `MONITOR ${ups}@127.0.0.1:${port} 1 ${user} ${password} primary`), `MINSUPPLIES ${upses.length}`, "POLLFREQ 1", "POLLFREQALERT 1", "FINALDELAY 0", "HOSTSYNC 0", "DEADTIME 15",
        `SHUTDOWNCMD "date +%s.%N > ${done}.part && mv ${done}.part ${done}"`, `POWERDOWNFLAG ${join(folder.path, "killpower")}`, "RUN_AS_USER root",
    ];
    writeFileSync(join(folder.path, "upsmon.conf"), `${lines.join("\n")}\n`, { mode: 0o640 });
    const child = endsWithUs(spawn("sh", ["-c", inItsOwnPlace, program, "-p", "-D", "-F"], { env: { ...process.env, NUT_CONFPATH: folder.path }, stdio: ["ignore", "pipe", "pipe"] }));
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-20_000)));
    const ended = once(child, "exit");
    await eventually(() => said.split("Logged into UPS").length > upses.length || child.exitCode !== null, 90_000, () => `upsmon to log in: ${said}`);
    return {
        pid: child.pid ?? 0,
        shutdownAt: () => (existsSync(done) ? Number(readFileSync(done, "utf8")) * 1000 : undefined),
        log: () => said,
        async stop() {
            if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
            await ended;
            if (existsSync(pidFile) && readFileSync(pidFile, "utf8").trim() === String(child.pid)) rmSync(pidFile);
            await folder.remove();
        },
    };
}
