import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { newAuthority } from "../simulators/anker-cloud-certificates";
import { endsWithUs } from "./ends-with-us";
import { eventually } from "./eventually";
import { freePort } from "./free-port";
import { standardVariables, type NutRig, type RigOptions, type RigVariables } from "./nut-rig";
import { temporaryFolder } from "./temporary-folder";

/** Where Debian keeps them. /sbin/upsd is a wrapper that refuses to run while /etc/nut/nut.conf says MODE=none. */
const programs = "/lib/nut";

/** Why no real upsd can run here; undefined when it can. */
export function nutMissing(): string | undefined {
    return ["upsd", "dummy-ups"].every((name) => existsSync(join(programs, name))) ? undefined : `a real upsd needs ${programs}/upsd and dummy-ups (apt-get install nut-server nut-client)`;
}

/** Seconds without news from a driver after which upsd calls its data stale: short for tests, long enough for its ping every third of it and a machine that stands still for some s. */
const maxAgeSeconds = 10;
const dayMs = 86_400_000;

interface Driver {
    process: ChildProcess | undefined;
    values: Map<string, string>;
    state: "up" | "hangs" | "gone";
}

/**
 * Debian's upsd with a dummy-ups for each UPS, on loopback, all its files in a temporary folder. A poll interval of 60 s makes dummy-ups
 * serve a SET after 0.4 ms; with a short one it sleeps a second in each round.
 */
export class RealNut implements NutRig {
    readonly kind = "real";
    readonly users = { admin: "adm", mon: "mon", sec: "sec" } as const;
    readonly authority = newAuthority("Ridethrough test NUT");
    readonly #folder = temporaryFolder();
    readonly #drivers: Map<string, Driver>;
    #server: ChildProcess | undefined;
    #said = "";
    #port = 0;

    constructor(readonly options: RigOptions = {}) {
        const { upses = { ups1: {} } } = options;
        this.#drivers = new Map(Object.entries(upses).map(([name, own]) => [name, { process: undefined, state: "up", values: new Map(Object.entries({ ...standardVariables, ...own })) }]));
    }

    get port(): number {
        return this.#port;
    }
    /** The server's and its drivers' processes, as the system numbers them. */
    get pid(): number {
        return this.#server?.pid ?? 0;
    }
    driverPid(ups: string): number {
        return this.#driver(ups).process?.pid ?? 0;
    }

    async start(): Promise<this> {
        this.#port = await freePort();
        for (const name of ["etc", "run"]) mkdirSync(this.#path(name), { mode: 0o750 });
        const names = [...this.#drivers.keys()];
        this.#write("ups.conf", ["maxretry = 1", ...names.flatMap((name) => [`[${name}]`, "driver = dummy-ups", `port = ${this.#path("etc", `${name}.dev`)}`, `desc = "Rack \\"${name}\\""`, "pollinterval = 60"])]);
        this.#write("upsd.conf", [`LISTEN 127.0.0.1 ${this.#port}`, `MAXAGE ${maxAgeSeconds}`, `STATEPATH ${this.#path("run")}`, ...(this.options.tls === true ? this.#certificates() : [])]);
        this.#write("upsd.users", ["[admin]", "password = adm", "actions = SET", "actions = FSD", "instcmds = ALL", "[mon]", "password = mon", "upsmon primary", "[sec]", "password = sec", "upsmon secondary"]);
        await this.up();
        return this;
    }

    async apply(ups: string, values: RigVariables): Promise<void> {
        const driver = this.#driver(ups);
        const wanted = Object.entries(values).sort(([a], [b]) => Number(a === "ups.status") - Number(b === "ups.status"));
        for (const [name, value] of wanted) driver.values.set(name, value);
        if (driver.state !== "up" || this.#server === undefined) return;
        const answers = await this.#admin(wanted.map(([name, value]) => `SET VAR ${ups} ${name} ${quoted(value)}`));
        // A variable that is not there, or a status of more than 32 characters: only a driver that starts takes it.
        if (answers.some((answer) => answer !== "OK")) {
            await this.driverDown(ups);
            return this.driverUp(ups);
        }
        await this.#serves(ups, wanted);
    }

    async stale(ups: string): Promise<void> {
        const driver = this.#driver(ups);
        driver.state = "hangs";
        driver.process?.kill("SIGSTOP");
        await this.#until(ups, (answer) => answer === "ERR DATA-STALE", "DATA-STALE");
    }
    async driverDown(ups: string): Promise<void> {
        const driver = this.#driver(ups);
        driver.state = "gone";
        await end(driver.process);
        await this.#until(ups, (answer) => answer === "ERR DRIVER-NOT-CONNECTED", "DRIVER-NOT-CONNECTED");
    }
    async driverUp(ups: string): Promise<void> {
        const driver = this.#driver(ups);
        const hung = driver.state === "hangs";
        driver.state = "up";
        if (!hung) this.#startDriver(ups);
        driver.process?.kill("SIGCONT");
        await this.#until(ups, (answer) => answer.startsWith("VAR "), "a status");
        if (hung) await this.apply(ups, Object.fromEntries(driver.values));
        else await this.#serves(ups, [...driver.values]);
    }
    async fsd(ups: string): Promise<void> {
        await this.#admin([`FSD ${ups}`]);
        await this.#until(ups, (answer) => answer.includes('"FSD'), "FSD");
    }

    async down(): Promise<void> {
        // With the drivers: an idle dummy-ups 2.8.0 crashes when upsd comes back.
        await Promise.all([end(this.#server), ...[...this.#drivers.values()].map((driver) => end(driver.process))]);
        this.#server = undefined;
    }
    async up(): Promise<void> {
        for (const [name, driver] of this.#drivers) {
            driver.state = "up";
            this.#startDriver(name);
        }
        await eventually(() => [...this.#drivers.keys()].every((name) => existsSync(this.#path("run", `dummy-ups-${name}`))), 90_000, () => `drivers are up, they said: ${this.#said}`);
        this.#server = this.#spawn("upsd", []);
        await this.#listening();
        for (const [name, { values }] of this.#drivers) await this.#serves(name, [...values]);
    }
    async restart(): Promise<void> {
        await this.down();
        await this.up();
    }
    async stop(): Promise<void> {
        await this.down();
        await this.#folder.remove();
    }

    #driver(ups: string): Driver {
        const driver = this.#drivers.get(ups);
        if (driver === undefined) throw new Error(`the test's server has no UPS ${ups}`);
        return driver;
    }

    #path(...parts: string[]): string {
        return join(this.#folder.path, ...parts);
    }

    #write(name: string, lines: string[]): void {
        writeFileSync(this.#path("etc", name), `${lines.join("\n")}\n`);
        chmodSync(this.#path("etc", name), 0o640);
    }

    #spawn(program: string, parameters: string[]): ChildProcess {
        const environment = { ...process.env, NUT_CONFPATH: this.#path("etc"), NUT_STATEPATH: this.#path("run"), NUT_PIDPATH: this.#path("run"), NUT_ALTPIDPATH: this.#path("run") };
        const child = endsWithUs(spawn(join(programs, program), ["-F", "-u", userInfo().username, ...parameters], { env: environment, stdio: ["ignore", "pipe", "pipe"] }));
        for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (this.#said = `${this.#said}${chunk.toString()}`.slice(-4000)));
        return child;
    }

    #startDriver(ups: string): void {
        const driver = this.#driver(ups);
        this.#write(`${ups}.dev`, [...driver.values].filter(([, value]) => value !== "").map(([name, value]) => `${name}: ${quoted(value)}`));
        driver.process = this.#spawn("dummy-ups", ["-a", ups]);
    }

    /** The lines of upsd.conf for a certificate in an NSS database: Debian's upsd is built with NSS. */
    #certificates(): string[] {
        const identity = this.authority.issue("localhost", { from: Date.now() - dayMs, to: Date.now() + 30 * dayMs });
        const [database, password] = [this.#path("nss"), this.#path("nss-password")];
        mkdirSync(database);
        writeFileSync(password, "nsspw\n");
        for (const [name, text] of [["ca.pem", this.authority.certificate], ["server.pem", identity.certificate], ["server.key", identity.key]] as const) writeFileSync(this.#path(name), text);
        const run = (program: string, parameters: string[]): void => void execFileSync(program, parameters, { stdio: ["ignore", "ignore", "pipe"] });
        run("openssl", ["pkcs12", "-export", "-in", this.#path("server.pem"), "-inkey", this.#path("server.key"), "-certfile", this.#path("ca.pem"), "-name", "nutsrv", "-passout", "pass:x", "-out", this.#path("server.p12")]);
        run("certutil", ["-N", "-d", `sql:${database}`, "-f", password]);
        run("certutil", ["-A", "-d", `sql:${database}`, "-n", "nut-ca", "-t", "CT,C,", "-i", this.#path("ca.pem"), "-f", password]);
        run("pk12util", ["-i", this.#path("server.p12"), "-d", `sql:${database}`, "-k", password, "-W", "x"]);
        return [`CERTPATH ${database}`, 'CERTIDENT "nutsrv" "nsspw"', "DISABLE_WEAK_SSL true"];
    }

    async #listening(): Promise<void> {
        for (const limit = performance.now() + 60_000; ;) {
            const answers = await this.#ask(["VER"]).catch(() => undefined);
            if (answers !== undefined) return;
            if (performance.now() > limit || this.#server?.exitCode !== null) throw new Error(`upsd did not start, it said: ${this.#said}`);
            await pause(5);
        }
    }

    async #serves(ups: string, values: readonly (readonly [string, string])[]): Promise<void> {
        for (const [name, value] of values) {
            const same = (answer: string): boolean => (value === "" ? answer === "ERR VAR-NOT-SUPPORTED" : [`"${escaped(value)}"`, `"FSD ${escaped(value)}"`].some((end) => answer.endsWith(end)));
            await this.#until(ups, same, `${name} ${quoted(value)}`, name);
        }
    }

    async #until(ups: string, holds: (answer: string) => boolean, wanted: string, name = "ups.status"): Promise<void> {
        for (const limit = performance.now() + 60_000; ;) {
            const [answer = ""] = await this.#ask([`GET VAR ${ups} ${name}`]);
            if (holds(answer)) return;
            if (performance.now() > limit) throw new Error(`${ups} does not serve ${wanted}, but ${answer}; upsd and the drivers said: ${this.#said}`);
            await pause(2);
        }
    }

    async #admin(requests: readonly string[]): Promise<string[]> {
        return (await this.#ask(["USERNAME admin", `PASSWORD ${this.users.admin}`, ...requests])).slice(2);
    }

    /** The one-line answers to requests on a connection of their own. Apart from our client, which is what the tests are about. */
    #ask(requests: readonly string[]): Promise<string[]> {
        return new Promise((resolve, reject) => {
            const socket = connect({ host: "127.0.0.1", port: this.#port, noDelay: true });
            const waiting = [...requests];
            const answers: string[] = [];
            let rest = "";
            const next = (): void => {
                const request = waiting.shift();
                if (request !== undefined) return void socket.write(`${request}\n`);
                socket.destroy();
                resolve(answers);
            };
            socket.on("error", reject).on("close", () => reject(new Error("upsd hung up"))).on("connect", next);
            socket.on("data", (chunk: Buffer) => {
                const lines = `${rest}${chunk.toString()}`.split("\n");
                rest = lines.pop() ?? "";
                for (const line of lines) {
                    answers.push(line);
                    next();
                }
            });
        });
    }
}

const escaped = (text: string): string => text.replace(/[\\"#]/g, "\\$&");
const quoted = (text: string): string => `"${escaped(text)}"`;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Ends a process that we started, and waits until it has gone. */
async function end(child: ChildProcess | undefined): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
}
