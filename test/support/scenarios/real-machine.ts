import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { targetKit } from "../../../lib/shutdown/target-kit";
import { HostTools } from "../../simulators/host-tools";
import type { ToldCommand } from "../../simulators/ssh-host";
import { eventually } from "../eventually";
import { freePort } from "../free-port";
import { OwnWorld } from "../own-world";
import { sshdMissing } from "../real-sshd";
import { temporaryFolder } from "../temporary-folder";
import type { Machine, StartMachine } from "./machine";

/** Which programs show what runs on a machine, by its kind. */
const kinds = { vms: ["virsh"], docker: ["docker", "docker-compose"], podman: ["podman"] } as const;

/** What switches a machine off, stops its services, or is a vendor's: none of it does anything but take its time. */
const standIns = ["usr/bin/systemctl", "usr/sbin/shutdown", "usr/sbin/poweroff", "usr/syno/sbin/synoshutdown", "usr/syno/sbin/vendor-probe"];

/** Who logs in where it is not root. Its number is nobody's. */
const account = (home: string): readonly [file: string, line: string, mode: number][] => [
    ["passwd", `power:*:24242:24242::${home}:/bin/sh`, 0o644], ["group", "power:*:24242:", 0o644], ["shadow", "power:*:19000:0:99999:7:::", 0o640],
];

/** A program that takes as long as the files `takes` and `holds` say, and notes that it was there where nobody else does. */
const standIn = (folder: string, log?: string): string => `#!/bin/sh
said="\${0##*/} $*"
${log === undefined ? "" : `echo "begin $$ $(date +%s%3N) $(printf %s "$said" | base64 -w 0)" >> ${log}`}
while read -r seconds part; do case $said in *"$part"*) sleep "$seconds";; esac; done < ${join(folder, "takes")}
for hold in ${join(folder, "holds")}/*; do case $said in *"\${hold##*/}"*) while [ -e "$hold" ]; do sleep 0.05; done;; esac; done
${log === undefined ? "" : `echo "end $$ $(date +%s%3N)" >> ${log}`}
`;

/** Every login runs its command through this: the machine's own log, in ms. */
const logged = (log: string): string => `#!/bin/sh
echo "begin $$ $(date +%s%3N) $(printf %s "$SSH_ORIGINAL_COMMAND" | base64 -w 0)" >> ${log}
sh -c "$SSH_ORIGINAL_COMMAND"
code=$?
echo "end $$ $(date +%s%3N)" >> ${log}
exit $code
`;

function logOf(path: string): ToldCommand[] {
    const told = new Map<string, ToldCommand>();
    const all: ToldCommand[] = [];
    for (const line of readFileSync(path, "utf8").split("\n")) {
        const [what, process = "", at, text = ""] = line.split(" ");
        if (what === "begin") {
            const command = Buffer.from(text, "base64").toString("utf8");
            const entry: ToldCommand = { at: Number(at), command, short: command.replace(/^env PATH=\S+ /, "") };
            told.set(process, entry);
            all.push(entry);
        }
        const ended = what === "end" ? told.get(process) : undefined;
        if (ended !== undefined) ended.endedAt = Number(at);
    }
    return all;
}

/** A view of this machine in which nothing that switches machines off is real. */
function standInWorld(folder: string, log?: string): OwnWorld {
    const world = new OwnWorld(join(folder, "world"));
    writeFileSync(join(folder, "takes"), "", { mode: 0o644 });
    mkdirSync(join(folder, "holds"));
    for (const path of standIns) world.write(path, standIn(folder, log), 0o755);
    return world;
}

/** The machine that Node-RED itself runs on, with what it was told. */
export class OwnMachine {
    readonly #folder = temporaryFolder();
    readonly #world: OwnWorld;
    constructor() {
        chmodSync(this.#folder.path, 0o755);
        mkdirSync(join(this.#folder.path, "world"));
        writeFileSync(this.#log, "", { mode: 0o644 });
        this.#world = standInWorld(this.#folder.path, this.#log);
    }
    get #log(): string {
        return join(this.#folder.path, "log");
    }
    get told(): readonly ToldCommand[] {
        return logOf(this.#log);
    }
    /** See OwnWorld.inside. */
    inside(container?: string): string[] {
        return this.#world.inside({ container, local: true });
    }
    async stop(): Promise<void> {
        await this.#folder.remove();
    }
}

/** OpenSSH's server, sudo with the plan's own kit, and the commands' real texts; only what would do harm is a stand-in. */
export const startRealMachine: StartMachine = async ({ name, user, authorizedKey, host, runs = {} }) => {
    const folder = temporaryFolder();
    const path = (file: string): string => join(folder.path, file);
    chmodSync(folder.path, 0o755);
    mkdirSync(path("world"));
    const world = standInWorld(folder.path);
    writeFileSync(path("log"), "");
    chmodSync(path("log"), 0o666);
    writeFileSync(path("logged"), logged(path("log")), { mode: 0o755 });
    writeFileSync(path("user.pub"), `${authorizedKey}\n`);
    const newKey = (): void => {
        for (const file of ["host", "host.pub"]) rmSync(path(file), { force: true });
        execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path("host")]);
    };
    newKey();
    mkdirSync(path("home"), { mode: 0o755 });
    for (const [file, line, mode] of account(path("home"))) world.write(`etc/${file}`, `${readFileSync(`/etc/${file}`, "utf8")}${line}\n`, mode);
    const { sudoers } = targetKit(host, { user, root: user === "root" });
    if (sudoers !== undefined) world.write("etc/sudoers.d/ridethrough", sudoers, 0o440);

    const tools = (Object.entries(runs) as [keyof typeof kinds, readonly string[]][]).map(([kind, guests]) => {
        const pool = new HostTools(path(kind)).install(...kinds[kind]);
        for (const guest of guests) pool.guest(guest);
        for (const program of kinds[kind]) {
            symlinkSync(join(pool.path, program), path(`world/usr/bin/${program}`));
        }
        return pool;
    });
    if (tools.length > 0) execFileSync("chmod", ["-R", "a+rwX", ...tools.map((pool) => pool.folder)]);

    let port = 0;
    const listenOn = (free: number): void => {
        port = free;
        writeFileSync(path("config"), [
            `Port ${port}`, "ListenAddress 127.0.0.1", `HostKey ${path("host")}`, `AuthorizedKeysFile ${path("user.pub")}`, "PidFile none", "StrictModes no", "UsePAM no", "PasswordAuthentication no",
            "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password", `ForceCommand ${path("logged")}`, "LogLevel INFO", "",
        ].join("\n"));
    };
    let child: ChildProcess | undefined;
    let said = "";
    /** @returns whether it listens: the port may be somebody else's by now */
    const start = async (): Promise<boolean> => {
        const before = said.length;
        const [program = "", ...rest] = [...world.inside(), "/usr/sbin/sshd", "-D", "-e", "-f", path("config")];
        child = spawn(program, rest, { stdio: ["ignore", "ignore", "pipe"] });
        child.stderr?.on("data", (chunk: Buffer) => { said += chunk.toString("utf8"); });
        await eventually(() => /listening on|Cannot bind/.test(said.slice(before)), 30_000, () => `${name}'s sshd to listen, it said: ${said.slice(before)}`);
        return said.slice(before).includes("listening on");
    };
    const off = async (): Promise<void> => {
        const running = child;
        child = undefined;
        if (running?.pid === undefined || running.exitCode !== null) return;
        const gone = new Promise((resolve) => running.once("exit", resolve));
        running.kill("SIGCONT");
        running.kill("SIGTERM");
        await gone;
    };
    try {
        for (let tries = 1; ; tries += 1) {
            listenOn(await freePort());
            if (await start()) break;
            if (tries === 5) throw new Error(`${name}'s sshd found no port: ${said}`);
        }
    } catch (error) {
        await off();
        await folder.remove();
        throw error;
    }
    const machine: Machine = {
        name, user,
        get port() { return port; },
        get hostKey() { return readFileSync(path("host.pub"), "utf8").trim(); },
        get told() { return logOf(path("log")); },
        get logins() { return said.match(/Accepted publickey/g)?.length ?? 0; },
        get running() { return tools.flatMap((pool) => pool.running); },
        takes: (ms, part) => writeFileSync(path("takes"), `${ms / 1000} ${part}\n`, { flag: "a" }),
        holds(part) {
            writeFileSync(path(`holds/${part}`), "");
            return () => rmSync(path(`holds/${part}`), { force: true });
        },
        off,
        freeze: () => void child?.kill("SIGSTOP"),
        async setUpAnew() {
            await off();
            newKey();
            await start();
        },
        async stop() {
            await off();
            await folder.remove();
        },
    };
    return machine;
};

/** Why no such machine can run here; undefined when it can. */
export const realMachineMissing = sshdMissing;
