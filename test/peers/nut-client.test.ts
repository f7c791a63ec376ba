import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { connect } from "node:net";
import { promisify } from "node:util";
import { NutServer, type NutServerOptions } from "../../lib/devices/nut-client";
import { NutTrouble } from "../../lib/devices/nut-trouble";
import { NutServerSimulator } from "../simulators/nut-server";
import { eventually } from "../support/eventually";
import { nutMissing, RealNut } from "../support/nut";
import { standardVariables, type NutRig, type RigOptions } from "../support/nut-rig";
import { shiftedClock } from "../support/shifted-clock";

const missing = nutMissing();
/** For every answer: how long one may take is not what this is about. */
const deadlineMs = 60_000;
const never = (): AbortSignal => new AbortController().signal;

function needNut(context: Mocha.Context): void {
    if (missing === undefined) return;
    if (process.env.RIDETHROUGH_NO_SKIP === "1") throw new Error(missing);
    console.log(`      skipped: ${missing}`);
    context.skip();
}

type Rig = NutRig & { authority: { certificate: string } };

const rigs: Record<NutRig["kind"], (options: RigOptions) => Promise<Rig>> = {
    mock: (options) => new NutServerSimulator(options).start(),
    real: (options) => new RealNut(options).start(),
};

for (const [kind, start] of Object.entries(rigs)) {
    describe(`NutServer and ${kind === "real" ? "Debian's upsd with dummy-ups" : "our stand-in for upsd"}`, () => {
        let rig: Rig;
        let server: NutServer;
        const use = (options: Partial<NutServerOptions> = {}): NutServer => (server = new NutServer({ host: "127.0.0.1", port: rig.port, tls: { mode: "off" }, deadlineMs, ...options }));
        const status = async (ups = "ups1"): Promise<string | undefined> => (await server.read(ups, never())).get("ups.status");
        const state = async (ups = "ups1"): Promise<string> => {
            const error: unknown = await server.read(ups, never()).then(() => undefined, (cause: unknown) => cause);
            assert.ok(error instanceof NutTrouble, String(error));
            return error.state;
        };

        before(async function () {
            if (kind === "real") needNut(this);
            rig = await start({ tls: true, upses: { ups1: {}, ups2: { "ups.status": "OL CHRG", "ups.test.result": 'A "B" \\ #C' } } });
        });
        after(() => rig?.stop());
        afterEach(() => server?.close());

        it("read what was put in, word for word", async () => {
            const variables = await use().read("ups1", never());
            for (const [name, value] of Object.entries(standardVariables)) assert.equal(variables.get(name), value === "" ? undefined : value, name);
        });
        it("read quotes and other marks", async () => assert.equal((await use().read("ups2", never())).get("ups.test.result"), 'A "B" \\ #C'));
        it("list the UPSes", async () => assert.deepEqual(await use().listUps(never()), [{ name: "ups1", description: 'Rack "ups1"' }, { name: "ups2", description: 'Rack "ups2"' }]));
        it("see a change with the next reading, and the other UPS unchanged", async () => {
            use();
            for (const wanted of ["OB DISCHRG", "OB DISCHRG LB", "OL CHRG", "OL"]) {
                await rig.apply("ups1", { "battery.charge": "40", "ups.status": wanted });
                const [mine, other] = await Promise.all([server.read("ups1", never()), server.read("ups2", never())]);
                assert.deepEqual([mine.get("ups.status"), mine.get("battery.charge"), other.get("ups.status")], [wanted, "40", "OL CHRG"]);
            }
        });
        it("know a value that goes away, and one that comes", async () => {
            use();
            await rig.apply("ups1", { "battery.charge": "", "ups.alarm": "Replace battery!" });
            const variables = await server.read("ups1", never());
            assert.deepEqual([variables.get("battery.charge"), variables.get("ups.alarm")], [undefined, "Replace battery!"]);
            await rig.apply("ups1", { "battery.charge": "100", "ups.alarm": "" });
            assert.equal((await server.read("ups1", never())).get("battery.charge"), "100");
        });
        it("tell a driver that hangs from one that is gone, and both from the other UPS", async () => {
            use();
            await rig.stale("ups1");
            assert.deepEqual([await state(), await status("ups2")], ["data-stale", "OL CHRG"]);
            await rig.driverUp("ups1");
            assert.equal(await status(), "OL");
            await rig.driverDown("ups1");
            assert.deepEqual([await state(), await status("ups2")], ["driver-not-connected", "OL CHRG"]);
            await rig.driverUp("ups1");
            assert.equal(await status(), "OL");
        });
        it("name the UPSes that there are to whoever asks for another", async () => {
            use();
            await assert.rejects(server.read("ups", never()), /there is no such UPS: the server has ups1, ups2$/);
        });
        it("keep FSD in front of every status until the server restarts", async () => {
            use();
            await rig.fsd("ups1");
            assert.equal(await status(), "FSD OL");
            await rig.apply("ups1", { "ups.status": "OB LB" });
            assert.equal(await status(), "FSD OB LB");
            await rig.apply("ups1", { "ups.status": "OL" });
            assert.equal(await status(), "FSD OL");
            await rig.restart();
            assert.equal(await status(), "OL", "the connection that ended is opened again without a word");
        });
        it("say that a server is gone, and find it again", async () => {
            const clock = shiftedClock();
            use({ clock });
            assert.equal(await status(), "OL");
            await rig.down();
            assert.equal(await state(), "connection");
            await rig.up();
            clock.pass(60_000);
            assert.equal(await status(), "OL");
        });
        for (const [user, password, wanted] of [["mon", "mon", "accepted"], ["sec", "sec", "accepted"], ["mon", "wrong", "refused"], ["nobody", "mon", "refused"], ["admin", "adm", "refused"]] as const) {
            it(`${wanted === "accepted" ? "accept" : "refuse"} ${user} with ${password}, and leave no login behind`, async () => {
                use({ login: { user, password } });
                assert.equal(await status(), "OL");
                await eventually(() => server.credentials.state === wanted, 60_000);
                if (server.credentials.state === "refused") assert.match(server.credentials.trouble.message, /not accepted \(ACCESS-DENIED\)/);
                assert.deepEqual(await transcript(rig.port, ["GET NUMLOGINS ups1"]), ["NUMLOGINS ups1 0"]);
            });
        }
        it("speak TLS, with a certificate that is checked", async () => {
            use({ tls: { mode: "required", ca: rig.authority.certificate }, login: { user: "mon", password: "mon" } });
            for (let round = 0; round < 5; round += 1) assert.equal(await status(), "OL");
            await eventually(() => server.credentials.state === "accepted", 60_000);
            server.close();
            use({ tls: { mode: "required" } });
            assert.equal(await state(), "tls");
            const { message } = await server.read("ups1", never()).then(() => assert.fail(), (cause: unknown) => cause as Error);
            const pin = /fingerprint is ([0-9A-F:]{95})/.exec(message)?.[1] ?? "";
            server.close();
            use({ tls: { mode: "required", pin } });
            assert.equal(await status(), "OL");
        });
        it("say no to TLS where there is no certificate", async () => {
            const bare = await start({});
            try {
                server = new NutServer({ host: "127.0.0.1", port: bare.port, tls: { mode: "required" }, deadlineMs });
                await assert.rejects(server.read("ups1", never()), /no TLS \(FEATURE-NOT-CONFIGURED\): nothing was sent in the clear/);
            } finally {
                await bare.stop();
            }
        });
    });
}

/** The one-line answers to requests on one connection. */
function transcript(port: number, requests: readonly string[]): Promise<string[]> {
    return new Promise((resolve, reject) => {
        const socket = connect({ host: "127.0.0.1", port });
        const waiting = [...requests];
        const answers: string[] = [];
        let text = "";
        const next = (): void => {
            const request = waiting.shift();
            if (request !== undefined) return void socket.write(`${request}\n`);
            socket.destroy();
            resolve(answers);
        };
        socket.on("connect", next).on("error", reject).on("data", (chunk: Buffer) => {
            text += chunk.toString();
            if (!text.endsWith("\n") || (text.startsWith("BEGIN ") && !/^END /m.test(text))) return;
            answers.push(text.trimEnd());
            text = "";
            next();
        });
    });
}

describe("our stand-in for upsd answers as Debian's does", () => {
    let real: RealNut;
    let mock: NutServerSimulator;
    before(async function () {
        needNut(this);
        real = await new RealNut().start();
        mock = await new NutServerSimulator().start();
    });
    after(async () => {
        await real?.stop();
        await mock?.stop();
    });
    const readings = ["VER", "NETVER", "PROTVER", "HELP", "FOO", "", "LIST UPS", "LIST", "LIST FOO", "LIST VAR", "LIST VAR nope", "LIST CMD ups1", "LIST CLIENT ups1", "LIST CLIENT nope", "LIST ENUM ups1 ups.status",
        "GET VAR ups1 ups.status", "get var ups1 ups.status", "  GET   VAR ups1 ups.status", 'GET VAR "ups1" "ups.status"', "GET VAR ups1", "GET VAR ups1 nope", "GET VAR nope ups.status", "GET VAR ups1 ups.alarm", "GET UPSDESC ups1", "GET UPSDESC nope", "GET NUMLOGINS ups1", "GET NUMLOGINS nope", "GET FOO ups1", "GET TRACKING"];
    for (const [what, requests] of [
        ["questions of anybody", readings],
        ["commands without a name", ["LOGIN ups1", "PRIMARY ups1", "FSD ups1", "SET VAR ups1 ups.status OB", "USERNAME", "PASSWORD", "STARTTLS"]],
        ["a monitor", ["USERNAME mon", "USERNAME mon", "PASSWORD mon", "PASSWORD mon", "LOGIN", "LOGIN nope", "LOGIN ups1", "LOGIN ups1", "GET NUMLOGINS ups1", "LIST CLIENT ups1", "PRIMARY ups1", "MASTER ups1", "PRIMARY nope", "SET VAR ups1 ups.status OB", "LOGOUT"]],
        ["a secondary", ["USERNAME sec", "PASSWORD sec", "LOGIN ups1", "PRIMARY ups1", "FSD ups1", "LOGOUT"]],
        ["a wrong password", ["USERNAME mon", "PASSWORD wrong", "LOGIN nope", "LOGIN ups1", "PRIMARY ups1", "FSD ups1", "LOGOUT"]],
        ["a name without a password", ["USERNAME mon", "LOGIN ups1"]],
        ["whoever may set", ["USERNAME admin", "PASSWORD adm", "LOGIN ups1", "SET VAR ups1 nope.x 1", "SET VAR ups1 ups.status", "SET FOO", "SET VAR nope ups.status OB", "SET TRACKING ON", "FSD nope", "FSD ups1", "GET VAR ups1 ups.status"]],
    ] as const) {
        it(`to ${what}`, async () => assert.deepEqual(await transcript(mock.port, requests), await transcript(real.port, requests)));
    }
});

describe("NUT's own clients read our stand-in", () => {
    let mock: NutServerSimulator;
    const run = async (program: string, ...parameters: string[]): Promise<string> => {
        try {
            const { stdout, stderr } = await promisify(execFile)(program, parameters, { timeout: 60_000 });
            return `${stdout}${stderr.replace(/^Init SSL.*$/m, "")}`.trim();
        } catch (error) {
            return String((error as { stderr?: string }).stderr).replace(/^Init SSL.*$/m, "").trim();
        }
    };
    const at = (ups: string): string => `${ups}@127.0.0.1:${mock.port}`;
    before(async function () {
        needNut(this);
        mock = await new NutServerSimulator({ upses: { ups1: { "ups.mfr": 'A "B" \\ #C' }, ups2: {} } }).start();
    });
    after(() => mock?.stop());

    it("all variables", async () => {
        const lines = Object.entries({ ...standardVariables, "ups.mfr": 'A "B" \\ #C' }).filter(([, value]) => value !== "").map(([name, value]) => `${name}: ${value}`);
        assert.deepEqual((await run("upsc", at("ups1"))).split("\n").sort(), lines.sort());
    });
    it("the list", async () => assert.equal(await run("upsc", "-l", `127.0.0.1:${mock.port}`), "ups1\nups2"));
    it("one variable, byte by byte", async () => {
        mock.spoil = "bytes";
        assert.equal(await run("upsc", at("ups1"), "ups.status"), "OL");
        mock.spoil = "none";
    });
    it("what upsrw sets", async () => {
        assert.equal(await run("upsrw", "-s", "ups.status=OB LB", "-u", "admin", "-p", "adm", at("ups2")), "OK");
        assert.equal(await run("upsc", at("ups2"), "ups.status"), "OB LB");
        assert.match(await run("upsrw", "-s", "ups.status=OL", "-u", "admin", "-p", "wrong", at("ups2")), /ACCESS-DENIED/);
    });
    for (const [state, text] of [["stale", "Error: Data stale"], ["driverDown", "Error: Driver not connected"]] as const) {
        it(`${text.slice(7).toLowerCase()}`, async () => {
            await mock[state]("ups2");
            assert.equal(await run("upsc", at("ups2"), "ups.status"), text);
            await mock.driverUp("ups2");
        });
    }
    it("no such UPS", async () => assert.equal(await run("upsc", at("nope")), "Error: Unknown UPS"));
});
