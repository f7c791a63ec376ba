import assert from "node:assert/strict";
import { NutServer, type NutServerOptions } from "../../../lib/devices/nut-client";
import type { NutCredentials } from "../../../lib/devices/nut-login";
import type { NutTls } from "../../../lib/devices/nut-tls";
import { NutTrouble, type NutState } from "../../../lib/devices/nut-trouble";
import { Trouble, type TroubleKind } from "../../../lib/kit/trouble";
import { startBrokenPeer } from "../../simulators/broken-peer";
import { NutServerSimulator, type NutSimulatorOptions, type Spoil } from "../../simulators/nut-server";
import { eventually } from "../../support/eventually";
import { freePort } from "../../support/free-port";
import { shiftedClock, type ShiftedClock } from "../../support/shifted-clock";

/** For a server that does not answer: an answer that does come takes a few ms, on a busy machine some hundred. */
const brief = { deadlineMs: 500 };
const never = (): AbortSignal => new AbortController().signal;

describe("NutServer", () => {
    let upsd: NutServerSimulator;
    let server: NutServer;
    let clock: ShiftedClock;

    const start = async (options: NutSimulatorOptions = {}): Promise<void> => {
        upsd = await new NutServerSimulator(options).start();
    };
    const use = (options: Partial<NutServerOptions> = {}): NutServer => {
        clock = shiftedClock();
        server = new NutServer({ host: "127.0.0.1", port: upsd.port, tls: { mode: "off" }, deadlineMs: 5000, clock, random: () => 0, ...options });
        return server;
    };
    const status = async (ups = "ups1"): Promise<string | undefined> => (await server.read(ups, never())).get("ups.status");
    const fails = async (work: Promise<unknown>, wanted: { state?: NutState; kind?: TroubleKind; text?: RegExp }): Promise<Trouble> => {
        const error: unknown = await work.then(() => assert.fail("was answered"), (cause: unknown) => cause);
        assert.ok(error instanceof Trouble, String(error));
        if (wanted.state !== undefined) assert.ok(error instanceof NutTrouble && error.state === wanted.state, `${String(error)} is not of state ${wanted.state}`);
        if (wanted.kind !== undefined) assert.equal(error.kind, wanted.kind);
        if (wanted.text !== undefined) assert.match(error.message, wanted.text);
        return error;
    };
    afterEach(async () => {
        server?.close();
        await upsd?.stop();
    });

    describe("reads", () => {
        it("all variables of a UPS, and leaves out those without a value", async () => {
            await start({ upses: { ups1: { "ups.status": "OB DISCHRG", "ups.mfr": 'A "quoted" \\ #name', "ups.alarm": "" } } });
            const variables = await use().read("ups1", never());
            assert.equal(variables.get("ups.status"), "OB DISCHRG");
            assert.equal(variables.get("ups.mfr"), 'A "quoted" \\ #name');
            assert.equal(variables.has("ups.alarm"), false);
        });
        it("what is true now, not what was", async () => {
            await start();
            use();
            assert.equal(await status(), "OL");
            await upsd.apply("ups1", { "ups.status": "OB" });
            assert.equal(await status(), "OB");
        });
        it("the list of UPSes", async () => {
            await start({ upses: { ups1: {}, "nas-ups": {} } });
            assert.deepEqual(await use().listUps(never()), [{ name: "ups1", description: 'Rack "ups1"' }, { name: "nas-ups", description: 'Rack "nas-ups"' }]);
        });
        it("many UPSes on one connection, one after the other", async () => {
            await start({ upses: Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`u${index}`, { "ups.serial": `S${index}` }])) });
            use();
            const all = await Promise.all(Array.from({ length: 20 }, (_, index) => server.read(`u${index}`, never())));
            assert.deepEqual(all.map((variables) => variables.get("ups.serial")), Array.from({ length: 20 }, (_, index) => `S${index}`));
            assert.equal(upsd.connections, 1);
        });
        for (const spoil of ["bytes", "halves", "slow"] as const) {
            it(`a reply that comes ${{ bytes: "byte by byte", halves: "in pieces", slow: "late" }[spoil]}`, async () => {
                await start({ delayMs: 60 });
                upsd.spoil = spoil;
                use();
                for (let round = 0; round < 3; round += 1) assert.equal(await status(), "OL");
                assert.equal(upsd.connections, 1);
            });
        }
        it("on, when whoever asked has given up: the next one gets its own answer", async () => {
            await start({ upses: { ups1: {}, ups2: { "ups.status": "OB" } }, delayMs: 30 });
            use();
            await status();
            upsd.spoil = "slow";
            const control = new AbortController();
            const first = fails(server.read("ups1", control.signal), { kind: "stopped" });
            const queued = new AbortController();
            const second = fails(server.read("ups1", queued.signal), { kind: "stopped" });
            queued.abort();
            const third = status("ups2");
            await eventually(() => upsd.requests.length === 2);
            control.abort();
            await Promise.all([first, second]);
            assert.equal(await third, "OB");
            assert.deepEqual(upsd.requests, ["LIST VAR ups1", "LIST VAR ups1", "LIST VAR ups2"], "what was not sent yet is not sent");
            assert.equal(upsd.connections, 1);
        });
        it("with a blank between the pieces of a list, so that nobody waits for an acknowledgement (43 ms with upsd), and without for a server that minds it", async () => {
            let minded = 0;
            const peer = await startBrokenPeer((socket) => {
                let text = "";
                socket.on("data", (chunk) => {
                    const lines = `${text}${chunk.toString()}`.split("\n");
                    text = lines.pop() ?? "";
                    for (const line of lines) {
                        if (line !== "LIST VAR u") {
                            minded += 1;
                            return void socket.write("ERR UNKNOWN-COMMAND\n");
                        }
                        socket.write("BEGIN LIST VAR u\n");
                        setTimeout(() => socket.write('VAR u ups.status "OL"\nEND LIST VAR u\n'), 3);
                    }
                });
            });
            try {
                await start();
                use({ port: peer.port });
                for (let round = 0; round < 4; round += 1) assert.equal(await status("u"), "OL");
                assert.equal(minded, 1);
            } finally {
                await peer.stop();
            }
        });
    });

    describe("tells as states of the UPS, on a connection that it keeps:", () => {
        beforeEach(async () => {
            await start({ upses: { ups1: {}, ups2: {} } });
            use();
        });
        for (const [what, spoil, state, text] of [
            ["stale data", () => upsd.stale("ups1"), "data-stale", /DATA-STALE.*restart the driver/],
            ["a driver that is gone", () => upsd.driverDown("ups1"), "driver-not-connected", /DRIVER-NOT-CONNECTED.*start the driver/],
        ] as const) {
            it(what, async () => {
                await spoil();
                for (let round = 0; round < 3; round += 1) await fails(status(), { state, text });
                assert.equal(await status("ups2"), "OL", "the other UPS is read");
                await upsd.driverUp("ups1");
                assert.equal(await status(), "OL", "at once, without a wait");
                assert.equal(upsd.connections, 1);
            });
        }
        it("a name that the server doesn't know, with those that it does", async () => {
            await fails(status("ups"), { state: "unknown-ups", kind: "config", text: /^UPS ups on NUT server 127\.0\.0\.1:\d+: there is no such UPS: the server has ups1, ups2$/ });
            assert.equal(upsd.connections, 1);
        });
    });

    describe("fails", () => {
        for (const [spoil, kind, text] of [
            ["black-hole", "timeout", /no answer within 0\.5 s/],
            ["garbage", "garbage", /is no answer that NUT gives here: is this the port of upsd/],
            ["truncated", "closed", /hung up in the middle of its answer/],
            ["reset", "closed", /closed|hung up/],
            ["hang-up", "closed", /hung up without an answer|closed/],
            ["half-closed", "closed", /hung up without an answer/],
            ["long-line", "garbage", /a line of more than 8192 characters/],
            ["endless", "garbage", /a list without an end/],
        ] as const satisfies [Spoil, TroubleKind, RegExp][]) {
            it(`in time when the first answer is spoiled: ${spoil}`, async () => {
                await start();
                upsd.spoil = spoil;
                use(brief);
                await fails(status(), { state: "connection", kind, text });
                await eventually(() => upsd.open === 0, 10_000, () => "the connection is let go");
            });
            it(`in time when a later answer is spoiled, and comes back: ${spoil}`, async () => {
                await start();
                use(brief);
                await status();
                upsd.spoil = spoil;
                await fails(status(), { state: "connection" });
                upsd.spoil = "none";
                clock.pass(61_000);
                assert.equal(await status(), "OL");
            });
        }
        it("when an answer comes that nobody asked for", async () => {
            await start();
            use();
            upsd.spoil = "chatter";
            await server.read("ups1", never()).catch(() => undefined);
            await eventually(() => upsd.open === 0);
            await fails(status(), { state: "connection", kind: "garbage" });
        });
        it("when nothing listens", async () => {
            await start();
            use({ port: await freePort() });
            await fails(status(), { state: "connection", kind: "refused", text: /connection refused \(ECONNREFUSED\): is upsd running/ });
        });
        it("when there is no such host", async () => {
            await start();
            use({ host: "nut.invalid", deadlineMs: 5000 });
            await fails(status(), { state: "connection", text: /^NUT server nut\.invalid:\d+: not reachable/ });
        });
        it("all that wait, at once, when the one in front got no answer", async () => {
            await start();
            upsd.spoil = "black-hole";
            use(brief);
            const began = performance.now();
            const many = 20;
            await Promise.all(Array.from({ length: many }, () => fails(status(), { kind: "timeout" })));
            assert.ok(performance.now() - began < many * brief.deadlineMs, "not one deadline after the other");
        });
        it("on a connection that is dead without a word: half-open TCP", async () => {
            // A server that was switched off: what is written to it goes nowhere, and nothing comes back.
            let deaf = false;
            const peer = await startBrokenPeer((socket) => void socket.on("data", () => {
                if (!deaf) socket.write('BEGIN LIST VAR ups1\nVAR ups1 ups.status "OL"\nEND LIST VAR ups1\n');
            }));
            try {
                await start();
                use({ port: peer.port, ...brief });
                assert.equal(await status(), "OL");
                deaf = true;
                await fails(status(), { kind: "timeout", text: /no answer within/ });
            } finally {
                await peer.stop();
            }
        });
    });

    describe("comes back", () => {
        it("without a word after the server has ended an idle connection", async () => {
            await start();
            use();
            await status();
            upsd.hangUp();
            assert.equal(await status(), "OL");
            await eventually(() => upsd.open === 1);
            upsd.hangUp();
            await eventually(() => upsd.open === 0);
            assert.equal(await status(), "OL");
            assert.equal(upsd.connections, 3);
        });
        for (const [random, waits] of [[0, [1, 2, 4, 8, 16, 30, 30]], [1, [2, 4, 8, 16, 32, 60, 60]]] as const) {
            it(`with a jitter of ${random}: after ${waits.join(", ")} s`, async () => {
                await start();
                use({ random: () => random });
                await upsd.down();
                for (const wait of waits) {
                    const why = await fails(status(), { kind: "refused" });
                    clock.pass(wait * 1000 - 800);
                    assert.equal(await fails(status(), {}), why, `not before ${wait} s`);
                    clock.pass(810);
                }
                await upsd.up();
                assert.equal(await status(), "OL");
                await upsd.down();
                await fails(status(), { kind: "refused" });
                clock.pass(1000 * (1 + random) + 10);
                await upsd.up();
                assert.equal(await status(), "OL", "a good answer begins anew");
            });
        }
        it("not at once to a server that takes TLS and then hangs up on every question", async () => {
            await start({ tls: true });
            use({ tls: { mode: "required", ca: upsd.authority.certificate }, deadlineMs: 2000 });
            upsd.onRequest = (request) => void (upsd.spoil = request === "STARTTLS" ? "none" : "hang-up");
            const known = await fails(status(), { state: "connection", kind: "closed" });
            const { connections } = upsd;
            assert.equal(await fails(status(), {}), known);
            assert.equal(upsd.connections, connections);
        });
        it("to a server that hangs up after each answer, for as many as ask at once", async () => {
            const peer = await startBrokenPeer((socket) => void socket.once("data", (chunk) => {
                const ups = chunk.toString().trim().split(" ").at(-1);
                socket.end(`BEGIN LIST VAR ${ups}\nVAR ${ups} ups.status "OL"\nEND LIST VAR ${ups}\n`);
            }));
            try {
                await start();
                use({ port: peer.port });
                for (let round = 0; round < 2; round += 1) assert.deepEqual(await Promise.all(Array.from({ length: 6 }, (_, index) => status(`u${index}`))), Array.from({ length: 6 }, () => "OL"));
            } finally {
                await peer.stop();
            }
        });
        it("with one attempt for all who ask", async () => {
            await start();
            use();
            await Promise.all(Array.from({ length: 5 }, () => status()));
            assert.equal(upsd.connections, 1);
        });
    });

    describe("is shared", () => {
        it("and ends its connection when the last reader has left", async () => {
            await start();
            use();
            const leave = [server.join(), server.join()];
            await status();
            leave[0]?.();
            leave[0]?.();
            assert.equal(await status(), "OL");
            assert.equal(upsd.open, 1);
            leave[1]?.();
            await eventually(() => upsd.open === 0);
            server.join();
            assert.equal(await status(), "OL", "the next one finds it open again");
        });
        it("and closes at once, with what waits for it", async () => {
            await start();
            upsd.spoil = "black-hole";
            use({ deadlineMs: 60_000 });
            const waiting = [fails(status(), { kind: "stopped" }), fails(status(), { kind: "stopped" })];
            await eventually(() => upsd.requests.length === 1);
            server.close();
            await Promise.all(waiting);
            await eventually(() => upsd.open === 0);
            await fails(status(), { kind: "stopped" });
        });
        it("and closes at once while it connects", async () => {
            await start({ tls: true });
            upsd.spoil = "no-handshake";
            use({ deadlineMs: 60_000, tls: { mode: "required" } });
            const waiting = fails(status(), { kind: "stopped" });
            await eventually(() => upsd.requests.length === 1);
            server.close();
            await waiting;
            await eventually(() => upsd.open === 0);
        });
    });

    describe("with user and password", () => {
        const login = { user: "mon", password: "mon" };
        it("asks whether they are right on a connection of its own, and takes no place at the primary's table", async () => {
            await start();
            use({ login });
            const heard: NutCredentials[] = [];
            server.onCredentials((credentials) => void heard.push(credentials));
            assert.deepEqual(server.credentials, { state: "unchecked" });
            await status();
            await eventually(() => heard.length > 0);
            assert.deepEqual(heard, [{ state: "accepted" }]);
            await eventually(() => upsd.open === 1);
            assert.equal(upsd.logins("ups1"), 0);
            assert.deepEqual(upsd.requests, ["LIST VAR ups1", "USERNAME mon", "PASSWORD mon", "LOGIN ups1", "LOGOUT"]);
        });
        for (const [what, wrong] of [["a wrong password", { user: "mon", password: "bad" }], ["an unknown user", { user: "nobody", password: "mon" }], ["a user without an upsmon line", { user: "admin", password: "adm" }]] as const) {
            it(`says so for ${what}, and reads on`, async () => {
                await start();
                use({ login: wrong });
                const heard: NutCredentials[] = [];
                server.onCredentials((credentials) => void heard.push(credentials));
                await status();
                await eventually(() => heard.length > 0);
                const [{ state, trouble }] = heard as [{ state: string; trouble?: Trouble }];
                assert.equal(state, "refused");
                assert.match(trouble?.message ?? "", new RegExp(`^NUT server 127\\.0\\.0\\.1:\\d+: user ${wrong.user} not accepted \\(ACCESS-DENIED\\): wrong user or password`));
                if (wrong.password === "bad") assert.ok(!trouble?.message.includes("bad"));
                assert.equal(await status(), "OL");
            });
        }
        it("notices within a minute that wrong ones have become right, within a quarter of an hour that right ones have become wrong, and tells each once", async () => {
            await start();
            use({ login: { user: "mon", password: "later" } });
            const heard: string[] = [];
            server.onCredentials(({ state }) => void heard.push(state));
            const checks = (): number => upsd.requests.filter((request) => request.startsWith("LOGIN")).length;
            const after = async (seconds: number, count: number): Promise<void> => {
                clock.pass(seconds * 1000);
                await status();
                await eventually(() => checks() === count && upsd.open === 1);
            };
            await after(0, 1);
            await after(61, 2);
            upsd.model.users.set("mon", { password: "later", monitor: "secondary" });
            await after(30, 2);
            await after(31, 3);
            await after(899, 3);
            upsd.model.users.clear();
            await after(2, 4);
            assert.deepEqual(heard, ["refused", "accepted", "refused"]);
        });
        it("never sends them where TLS is required and fails", async () => {
            await start();
            use({ login, tls: { mode: "required" } });
            await fails(status(), { state: "tls" });
            await fails(server.checkCredentials("ups1", never()), { state: "tls" });
            assert.deepEqual(upsd.requests, ["STARTTLS", "STARTTLS"]);
        });
        it("says nothing of them when the server can't be asked", async () => {
            await start();
            use({ login });
            await upsd.down();
            await fails(server.checkCredentials("ups1", never()), { state: "connection" });
            assert.deepEqual(server.credentials, { state: "unchecked" });
        });
        it("says nothing of them when the UPS is unknown", async () => {
            await start();
            assert.deepEqual(await use({ login }).checkCredentials("other", never()), { state: "unchecked" });
        });
    });

    describe("of a server that tells nothing to whom it does not know", () => {
        const login = { user: "mon", password: "mon" };
        beforeEach(async () => {
            await start();
            upsd.model.discreet = true;
        });
        it("says user and password once on each connection that reads, and takes no place at the primary's table", async () => {
            use({ login });
            assert.deepEqual(await Promise.all([status(), status(), status()]), ["OL", "OL", "OL"]);
            assert.deepEqual((await server.listUps(never())).map(({ name }) => name), ["ups1"]);
            await eventually(() => server.credentials.state === "accepted" && upsd.open === 1);
            assert.equal(upsd.requests.filter((request) => request === "USERNAME mon").length, 2, "where it reads, and where it checks");
            assert.equal(upsd.logins("ups1"), 0);
            upsd.hangUp();
            assert.equal(await status(), "OL");
        });
        it("says them also where TLS is required", async () => {
            await upsd.stop();
            await start({ tls: true });
            upsd.model.discreet = true;
            use({ login, tls: { mode: "required", ca: upsd.authority.certificate } });
            assert.equal(await status(), "OL");
            assert.equal(upsd.requests[0], "STARTTLS");
        });
        it("says what is wrong with a wrong password, on a connection that it keeps", async () => {
            use({ login: { user: "mon", password: "tr0mbone" } });
            for (let round = 0; round < 3; round += 1) {
                const { message } = await fails(status(), { state: "refused", kind: "auth", text: /not allowed to read \(ACCESS-DENIED\): .*right user and password$/ });
                assert.doesNotMatch(message, /tr0mbone/);
            }
            assert.equal(upsd.connections, 1);
            assert.equal(upsd.requests.filter((request) => request.startsWith("PASSWORD")).length, 1);
        });
        it("says that it wants them when there are none", async () => {
            use();
            await fails(status(), { state: "refused", kind: "auth", text: /\(USERNAME-REQUIRED\): .*right user and password$/ });
        });
        it("asks once more, not for ever, when it hangs up on a wrong password", async () => {
            upsd.onRequest = (request) => {
                if (request.startsWith("PASSWORD")) upsd.hangUp();
            };
            use({ login });
            for (let round = 1; round <= 3; round += 1) {
                await fails(status(), { state: "refused", kind: "auth" });
                assert.equal(upsd.connections, round);
            }
        });
    });

    describe("with TLS required", () => {
        const required = (): NutTls => ({ mode: "required", ca: upsd.authority.certificate });
        it("reads through TLS, and nothing in the clear", async () => {
            await start({ tls: true });
            use({ tls: required(), login: { user: "mon", password: "mon" }, deadlineMs: 2000 });
            assert.equal(await status(), "OL");
            await eventually(() => server.credentials.state === "accepted");
            for (let round = 0; round < 5; round += 1) assert.equal(await status(), "OL");
            assert.equal(upsd.requests[0], "STARTTLS");
        });
        for (const spoil of ["bytes", "halves"] as const) {
            it(`reads replies in pieces: ${spoil}`, async () => {
                await start({ tls: true });
                use({ tls: required(), deadlineMs: 2000 });
                await status();
                upsd.spoil = spoil;
                assert.equal(await status(), "OL");
            });
        }
        it("reads where the certificate is the pinned one, whoever signed it", async () => {
            await start({ tls: true });
            use({ tls: { mode: "required" }, deadlineMs: 2000 });
            const why = await fails(status(), { state: "tls", kind: "auth", text: /certificate not accepted \(\w+\): name its authority's file, or pin it: its SHA-256 fingerprint is [0-9A-F:]{95}$/ });
            const pin = /[0-9A-F:]{95}/.exec(why.message)?.[0] ?? "";
            server.close();
            use({ tls: { mode: "required", pin }, deadlineMs: 2000 });
            assert.equal(await status(), "OL");
        });
        for (const [what, prepare, text, tls] of [
            ["a server without a certificate", () => { upsd.model.tls = false; }, /no TLS \(FEATURE-NOT-CONFIGURED\): nothing was sent in the clear; give upsd a certificate/, required],
            ["a certificate of another authority", () => undefined, /certificate not accepted \(\w+\)/, (): NutTls => ({ mode: "required", ca: new NutServerSimulator().authority.certificate })],
            ["another certificate than the pinned one", () => undefined, /another certificate than the pinned one: its SHA-256 fingerprint is /, (): NutTls => ({ mode: "required", pin: "AA:".repeat(31) + "AA" })],
            ["an expired certificate", () => { upsd.identity = upsd.authority.issue("localhost", { from: Date.now() - 2e8, to: Date.now() - 1e8 }); }, /certificate not accepted \(CERT_HAS_EXPIRED\)/, required],
            ["words in the clear behind the OK", () => { upsd.spoil = "chatter"; }, /sent something in the clear behind its OK/, required],
            ["noise in the clear behind the OK", () => { upsd.spoil = "garbage"; }, /sent something in the clear behind its OK/, required],
            ["noise instead of a handshake", () => { upsd.spoil = "slow"; }, /TLS handshake failed/, required],
            ["the end instead of a handshake", () => { upsd.spoil = "hang-up"; }, /TLS handshake failed|hung up in the TLS handshake/, required],
        ] as const) {
            it(`refuses ${what}, and sends nothing but STARTTLS`, async () => {
                await start({ tls: true });
                prepare();
                use({ tls: tls(), login: { user: "mon", password: "mon" }, deadlineMs: 2000 });
                await fails(status(), { state: "tls", text });
                await eventually(() => upsd.open === 0);
                assert.deepEqual(upsd.requests, ["STARTTLS"]);
            });
        }
        it("gives up in time on a handshake without an answer", async () => {
            await start({ tls: true });
            upsd.spoil = "no-handshake";
            use({ tls: required() });
            await fails(status(), { kind: "timeout", text: /no answer in the TLS handshake/ });
            await eventually(() => upsd.open === 0);
        });
        it("refuses the certificate of another name", async () => {
            await start({ tls: true, address: "127.0.0.2" });
            use({ host: "127.0.0.2", tls: required(), deadlineMs: 2000 });
            await fails(status(), { state: "tls", text: /certificate not accepted \(ERR_TLS_CERT_ALTNAME_INVALID\)/ });
        });
    });
});
