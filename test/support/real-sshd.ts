import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { accessSync, chmodSync, constants, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { endsWithUs } from "./ends-with-us";
import { eventually } from "./eventually";
import { freePort } from "./free-port";
import { temporaryFolder } from "./temporary-folder";

const sshdPath = "/usr/sbin/sshd";

/** Why no real sshd can run here; undefined when it can. */
export function sshdMissing(): string | undefined {
    if (process.getuid?.() !== 0) return "a real sshd needs root";
    try {
        accessSync(sshdPath, constants.X_OK);
        return undefined;
    } catch {
        return `a real sshd needs ${sshdPath} (apt-get install openssh-server)`;
    }
}

/** OpenSSH's own server on loopback, with keys of its own. */
export interface RealSshd {
    port: number;
    user: string;
    /** Public line of the host key. */
    hostKey: string;
    /** Private key that may log in. */
    userKey: string;
    /** Folder that is looked into first for the programs of every command. */
    tools: string;
    /** How often somebody has logged in. */
    logins(): number;
    /** Ends the server and every session. */
    halt(): Promise<void>;
    /** Starts it again on the same port. */
    start(): Promise<void>;
    stop(): Promise<void>;
}

/** @param certify makes a certificate beside the host's public key of this path */
export async function startRealSshd({ certify }: { certify?: (publicKey: string) => void } = {}): Promise<RealSshd> {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder.path, name);
    const { username } = userInfo();
    for (const name of ["host", "user"]) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path(name)]);
    certify?.(`${path("host")}.pub`);
    mkdirSync(path("tools"));
    mkdirSync("/run/sshd", { recursive: true });
    // The account's own start-up files (HOME) are not part of any test. Every command runs with our folder before the others, as if the tools were installed.
    writeFileSync(path("forced"), `#!/bin/sh\nexec sh -c "$(printf %s "$SSH_ORIGINAL_COMMAND" | sed 's#PATH=#PATH=${path("tools")}:#g')"\n`);
    chmodSync(path("forced"), 0o755);
    const port = await freePort();
    writeFileSync(path("config"), [
        `Port ${port}`, "ListenAddress 127.0.0.1", `SetEnv HOME=${folder.path}`, `HostKey ${path("host")}`, ...(certify ? [`HostCertificate ${path("host")}-cert.pub`] : []), `AuthorizedKeysFile ${path("user")}.pub`, "PidFile none", "StrictModes no", "UsePAM no",
        "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password", `ForceCommand ${path("forced")}`, "LogLevel INFO", "",
    ].join("\n"));

    let child: ChildProcess | undefined;
    let log = "";
    const sshd: RealSshd = {
        port, user: username, tools: path("tools"),
        hostKey: readFileSync(`${path("host")}.pub`, "utf8").trim(),
        userKey: readFileSync(path("user"), "utf8"),
        logins: () => log.match(/Accepted publickey/g)?.length ?? 0,
        async start() {
            const listening = log.length;
            child = endsWithUs(spawn(sshdPath, ["-D", "-e", "-f", path("config")], { stdio: ["ignore", "ignore", "pipe"], detached: true }));
            child.stderr?.on("data", (chunk: Buffer) => { log += chunk.toString("utf8"); });
            await eventually(() => log.slice(listening).includes("listening on"), 30_000, () => `sshd listens, it said: ${log.slice(listening)}`);
        },
        async halt() {
            const running = child;
            child = undefined;
            if (running?.pid === undefined) return;
            const sessions = descendants(running.pid);
            const gone = new Promise((resolve) => running.once("exit", resolve));
            running.kill("SIGKILL");
            // Whoever loses a session finds that nothing listens any more.
            await gone;
            for (const pid of sessions) {
                try {
                    process.kill(pid, "SIGKILL");
                } catch {
                    // Gone already.
                }
            }
        },
        async stop() {
            await sshd.halt();
            await folder.remove();
        },
    };
    await sshd.start();
    return sshd;
}

/** The processes that came from one, each session leader of its own. */
function descendants(pid: number): number[] {
    const children = execFileSync("sh", ["-c", `cat /proc/${pid}/task/*/children 2>/dev/null || true`], { encoding: "utf8" }).split(/\s+/).filter(Boolean).map(Number);
    return children.flatMap((child) => [child, ...descendants(child)]);
}
