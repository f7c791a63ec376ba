import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import type { NodeMessage } from "node-red";
import helper from "node-red-node-test-helper";
import { parseConfig } from "../../nodes/email-alert/config";
import emailAlert from "../../nodes/email-alert/email-alert";
import stored1 from "../fixtures/configs/email-alert.v1.json";
import stored from "../fixtures/configs/email-alert.v2.json";
import { startBrokenPeer } from "../simulators/broken-peer";
import { startSmtp, type SmtpFault, type SmtpSimulator } from "../simulators/smtp";
import { eventually, loadFlow, temporaryFolder, type FlowNode, type LoadedFlow } from "../support/helper";

const login = { user: "ups", password: "mail-SECRET" };
const around: FlowNode[] = [
    { id: "out", type: "helper" }, { id: "told", type: "helper" }, { id: "errors", type: "helper" }, { id: "done", type: "helper" }, { id: "statuses", type: "helper" },
    { id: "catch", type: "catch", wires: [["errors"]] },
    { id: "complete", type: "complete", scope: ["email"], uncaught: false, wires: [["done"]] },
    { id: "status", type: "status", wires: [["statuses"]] },
];
const critical = (title: string): object => ({ alert: { severity: "critical", title } });

describe("email-alert's settings", () => {
    it("of version 2 are read as the editor stored them", () => assert.deepEqual(parseConfig(stored), {
        config: {
            host: "smtp.example.com", port: 587, security: "starttls", from: "ups@example.com", to: ["admin@example.com", "on-call@example.com"],
            sourceLabel: "", minimumSeverity: "info", steps: "live", blipSeconds: 6, service: true,
        }, problems: [],
    }));
    it("of version 1 are the same: the sound that they could choose never made one", () => assert.deepEqual(parseConfig({ ...stored1, loudFrom: "never" }), parseConfig(stored)));
    for (const [security, port] of [["starttls", 587], ["tls", 465], ["none", 25]] as const) {
        it(`use port ${port} for ${security}`, () => assert.equal(parseConfig({ ...stored, host: "localhost", port: "", security }).config.port, port));
    }
    for (const [change, problem] of [
        [{ host: "" }, "no mail server"], [{ host: "smtp.example.com/x" }, "the mail server must be a name or an address"], [{ port: "0" }, "port must be between 1 and 65535"],
        [{ security: "none" }, "without encryption only to a mail server on this machine (localhost)"], [{ security: "maybe" }, "security must be one of starttls, tls, none"],
        [{ from: "" }, "no sender"], [{ from: "UPS <ups@example.com>" }, "the sender is not a plain mail address"], [{ to: " ; " }, "no recipient"],
        [{ to: "admin@example.com, nobody" }, "a recipient is not a plain mail address"], [{ to: "a@example.com\r\nBcc:b@example.com" }, "a recipient is not a plain mail address"],
        [{ to: Array.from({ length: 21 }, (_, number) => `a${number}@example.com`).join() }, "more than 20 recipients"],
    ] as const) {
        it(`say: ${problem}`, () => assert.deepEqual(parseConfig({ ...stored, ...change }).problems, [problem]));
    }
});

describe("email-alert", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let server: SmtpSimulator;
    let flow: LoadedFlow;
    const settings = (): object => ({ host: "localhost", port: String(server.port), caFile: join(folder.path, "ca.pem") });
    const load = async (more: object = {}, credentials: Record<string, string> = login): Promise<void> => {
        flow = await loadFlow([emailAlert], [{ ...stored, ...settings(), ...more, wires: [["out"], ["told"]] }, ...around], { userDir: folder.path, credentials: { email: credentials } });
    };
    const feed = (...messages: object[]): void => {
        for (const message of messages) flow.node("email").receive(message as NodeMessage);
    };
    const subjects = (): string[] => server.mails.map(({ headers }) => headers.subject ?? "");
    const arrived = (count: number, withinMs = 10_000): Promise<void> => eventually(() => server.mails.length >= count, withinMs, () => `${count} mails, got ${inspect(subjects())}`);
    const statusIs = (wanted: RegExp): Promise<void> => eventually(() => wanted.test(flow.status("email")?.text ?? ""), 10_000, () => `status ${wanted}, is ${inspect(flow.status("email"))}`);
    const errors = (): string[] => flow.received("errors").map((msg) => String((msg.error as { message: string }).message));
    const queueFile = (): string => join(folder.path, "ridethrough", "email-alert", "email.outbox");
    beforeEach(async () => {
        folder = temporaryFolder();
        server = await startSmtp({ login, refuses: { "gone@example.com": "550 5.1.1 No such user" } });
        writeFileSync(join(folder.path, "ca.pem"), server.ca);
    });
    afterEach(async () => {
        await flow.unload();
        await server.stop();
        await folder.remove();
    });

    it("mails a shutdown that was decided, encrypted, and passes the message on when it is taken", async () => {
        await load();
        const verdict = { device: "ups1", stream: "ups1", at: Date.now(), supply: "battery", health: "critical", decision: "shutdown", change: "shutdown", findings: [], text: "ups1: shutdown: charge 18 % is below 20 %" };
        feed({ topic: "ups1", payload: "shutdown", verdict, rack: 7 });
        const [msg] = await flow.until("out", 1);
        assert.deepEqual([msg?.topic, msg?.payload, msg?.rack], ["ups1", "shutdown", 7]);
        assert.deepEqual(subjects(), ["[critical] 🔴 SHUTDOWN DECIDED — ups1"]);
        assert.deepEqual([server.mails[0]?.secure, server.mails[0]?.user, server.mails[0]?.to], [true, "ups", ["admin@example.com", "on-call@example.com"]]);
        await statusIs(/^sent \d\d:\d\d$/);
    });
    it("names in the log a recipient who is refused beside another", async () => {
        await load({ to: "admin@example.com gone@example.com" });
        const warnings: string[] = [];
        flow.node("email").warn = (text: unknown) => void warnings.push(String(text));
        feed({ payload: "x" });
        await flow.until("out", 1);
        assert.deepEqual(warnings, ["the mail server did not take the mail for gone@example.com: 550 5.1.1 No such user"]);
    });

    describe("not configured", () => {
        for (const [what, more, credentials, wanted] of [
            ["without a server", { host: "" }, login, /no mail server/], ["without a password", {}, { user: "ups" }, /no password/], ["without a user", {}, { password: "SECRET" }, /a password, but no user/],
            ["without a file that it names", { caFile: "/nowhere/ca.pem" }, login, /certificate file can't be read/], ["unencrypted over a network", { host: "192.0.2.1", security: "none" }, login, /without encryption only/],
        ] as const) {
            it(`${what}: a red ring, and an error for each alert`, async () => {
                await load(more, credentials);
                assert.deepEqual([flow.status("email")?.fill, flow.status("email")?.shape], ["red", "ring"]);
                feed({ payload: "hello" });
                await flow.until("errors", 1);
                assert.match(errors()[0] ?? "", wanted);
                assert.doesNotMatch(inspect(flow.received("errors"), { depth: 10 }), /SECRET/);
            });
        }
    });

    describe("fault table", () => {
        const faults: [string, SmtpFault, RegExp][] = [
            ["put off", { at: "mail", reply: "451 4.3.0 Later" }, /451 4\.3\.0 Later/], ["too many connections", { at: "greeting", reply: "421 4.3.2 Too many" }, /421/], ["slow", { at: "greeting", slowMs: 300 }, /never/],
            ["garbage", { at: "greeting", garbage: true }, /not SMTP/], ["a flood", { at: "ehlo", flood: true }, /not SMTP/], ["hangs up at STARTTLS", { at: "starttls", drop: true }, /closed/],
            ["hangs up mid-DATA", { at: "end", drop: true }, /closed/], ["recipients refused", { at: "rcpt", reply: "550 5.1.1 No such user" }, /550 5\.1\.1 No such user: check the recipients/],
            ["sender refused", { at: "mail", reply: "553 5.7.1 Not yours" }, /check the sender/], ["no STARTTLS today", { at: "starttls", reply: "502 5.5.1 No" }, /nothing is ever sent unencrypted/],
        ];
        for (const [what, fault, wanted] of faults) {
            it(`${what}: one error, a status, and recovery without a redeploy`, async () => {
                await load();
                server.always(fault);
                feed({ payload: "first" });
                await eventually(() => server.connections >= 1);
                const slow = "slowMs" in fault;
                if (!slow) {
                    await statusIs(/waiting/);
                    feed(critical("second"));
                    await eventually(() => server.connections >= 2);
                }
                server.always();
                feed(critical("third"));
                const all = slow ? ["[info] first", "[critical] third"] : ["[info] first", "[critical] second", "[critical] third"];
                await eventually(() => new Set(subjects()).size >= all.length, 10_000, () => inspect(subjects()));
                await statusIs(/^sent/);
                assert.deepEqual([...new Set(subjects())], all);
                assert.equal(errors().length, slow ? 0 : 1, errors().join("\n"));
                if (!slow) assert.match(errors()[0] ?? "", wanted);
                assert.doesNotMatch(inspect([flow.received("errors"), flow.received("statuses")], { depth: 10 }), /SECRET/);
            });
        }
        it("a wrong password is tried once and told once, and nothing hurries it: nobody is locked out", async () => {
            await load({}, { user: "ups", password: "wrong-SECRET" });
            feed({ payload: "first" });
            await statusIs(/^login refused \(535\), 1 waiting$/);
            feed(critical("second"));
            await flow.until("done", 2);
            await statusIs(/^login refused \(535\), 2 waiting$/);
            assert.equal(server.logins, 1);
            assert.equal(errors().length, 1);
            assert.match(errors()[0] ?? "", /app password/);
            await flow.unload();
            await load();
            await arrived(2);
            assert.deepEqual(subjects(), ["[info] first", "[critical] second"]);
        });
        it("a certificate that is not in order: not a word is sent", async () => {
            await load({ caFile: "" });
            feed({ payload: "first" });
            await statusIs(/^certificate refused, 1 waiting$/);
            assert.deepEqual([server.logins, server.mails.length], [0, 0]);
        });
        it("a mail that the server never takes is told and does not block the others", async () => {
            await load();
            server.next({ at: "end", reply: "554 5.6.0 Unreadable" });
            feed({ payload: "poison" }, { payload: "good" });
            await arrived(1);
            assert.deepEqual(subjects(), ["[info] good"]);
            assert.match(errors()[0] ?? "", /alert given up, because Mail will never take it: poison/);
        });
        it("refused: waits, tells once, and goes on when the server listens again", async () => {
            await load();
            await server.down();
            feed({ payload: "first" });
            await statusIs(/^1 waiting, next \d\d:\d\d:\d\d$/);
            await server.up();
            feed(critical("second"));
            await arrived(2);
            assert.equal(errors().length, 1);
        });
        it("a black hole: messages are done at once all the same", async () => {
            const hole = await startBrokenPeer(() => undefined);
            await load({ port: String(hole.port) });
            feed({ payload: "a" }, critical("b"));
            await flow.until("done", 2);
            await statusIs(/^sending$/);
            await flow.unload();
            await hole.stop();
        });
        for (const fault of [{ at: "end", silence: true }, { at: "greeting", silence: true }] as const) {
            it(`a redeploy during a call (silence at ${fault.at}) takes less than a second, and the alert arrives after it`, async () => {
                await load();
                server.next(fault);
                feed({ payload: "a" });
                await eventually(() => server.connections >= 1);
                await flow.redeploy();
                await arrived(1);
                assert.deepEqual(subjects(), ["[info] a"]);
            });
        }
    });

    describe("restarts", () => {
        it("with 100 queued: nothing lost, order kept, age stamped, each Message-ID once", async () => {
            await load();
            await server.down();
            for (let number = 0; number < 100; number += 1) feed({ topic: "t", payload: `n${number}` });
            await flow.until("done", 100);
            await flow.unload();
            writeFileSync(queueFile(), readFileSync(queueFile(), "utf8").replace(/"acceptedAt":(\d+)/g, (_, at: string) => `"acceptedAt":${Number(at) - 14 * 60_000}`));
            await server.up();
            await load();
            await arrived(100, 30_000);
            assert.deepEqual(subjects(), Array.from({ length: 100 }, (_, number) => `[info] [delayed 14 min] n${number}`));
            assert.equal(new Set(server.mails.map(({ headers }) => headers["message-id"])).size, 100);
        }).timeout(60_000);
        it("leaves no file behind when the node is removed", async () => {
            await load();
            await server.down();
            feed({ payload: "a" });
            await flow.until("done", 1);
            assert.ok(existsSync(queueFile()));
            await helper.setFlows([{ id: "tab", type: "tab", label: "test" }, ...around.map((node) => ({ z: "tab", x: 0, y: 0, ...node }))] as never, "full");
            assert.deepEqual(readdirSync(join(folder.path, "ridethrough", "email-alert")), []);
        });
    });

    describe("the test button", () => {
        const test = async (body: object): Promise<{ ok: boolean; error?: string; to?: string; refused?: string }> => {
            const reply = await helper.request().post("/ridethrough/email-alert/test").send({ ...stored, ...settings(), user: "ups", password: "__PWRD__", ...body });
            return reply.body as { ok: boolean };
        };
        beforeEach(() => load());
        it("sends with what is in the dialog, deployed or not", async () => {
            assert.deepEqual(await test({ id: "new", password: login.password, to: "me@example.com" }), { ok: true, to: "me@example.com", refused: "" });
            assert.deepEqual(subjects(), ["[warning] ✅ Ridethrough — This is a test. Alerts will arrive here."]);
        });
        it("sends with the stored password when the field was not touched", async () => assert.equal((await test({})).ok, true));
        it("names the recipients who are refused", async () => assert.match((await test({ to: "me@example.com, gone@example.com" })).refused ?? "", /gone@example\.com: 550/));
        it("never sends the stored password to a server that is not deployed, nor in another way", async () => {
            const other = await startSmtp({ login });
            for (const body of [{ port: String(other.port) }, { security: "none" }, { id: "new" }]) {
                const { ok, error } = await test(body);
                assert.equal(ok, false);
                assert.match(error ?? "", /type the password again/);
            }
            await other.stop();
            assert.equal(other.connections, 0);
        });
        it("says what is wrong, without the password", async () => {
            for (const [body, wanted] of [[{ host: "" }, /no mail server/], [{ password: "" }, /no password/], [{ password: "wrong-SECRET" }, /535/]] as const) {
                const { ok, error } = await test(body);
                assert.equal(ok, false);
                assert.match(error ?? "", wanted);
                assert.doesNotMatch(error ?? "", /SECRET/);
            }
        });
    });
});
