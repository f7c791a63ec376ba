import assert from "node:assert/strict";
import { Socket } from "node:net";
import { inspect } from "node:util";
import type { Alert } from "../../../lib/alerts/alert";
import { Refused, type Channel, type Outgoing } from "../../../lib/alerts/channel";
import { emailChannel, isMailAddress, type MailTarget } from "../../../lib/alerts/email";
import { Trouble } from "../../../lib/kit/trouble";
import { startSmtp, type SmtpFault, type SmtpOptions, type SmtpSimulator } from "../../simulators/smtp";
import { settle, VirtualClock } from "../../support/virtual-clock";

const at = Date.UTC(2026, 10, 21, 16, 2);
const login = { user: "ups", password: "mail-SECRET" };
const outgoing = (alert: Partial<Alert>, id = 1): Outgoing => ({ id, alert: { severity: "warning", title: "T", text: "", at, key: "k", ...alert }, delayedMs: 0, times: 1, lost: 0 });

describe("isMailAddress", () => {
    for (const good of ["a@example.com", "first.last+tag@mail.example.com", "root@localhost"]) it(`takes ${good}`, () => assert.ok(isMailAddress(good)));
    for (const bad of ["", "a", "@b", "a@", "a@b@c", "a b@example.com", "a@example.com\r\nBcc: x@example.com", "A <a@example.com>", "a@example.com,b@example.com", "a@exa mple.com", "a@example.com>", "ü@example.com", `${"a".repeat(250)}@example.com`]) {
        it(`does not take ${JSON.stringify(bad.slice(0, 40))}`, () => assert.ok(!isMailAddress(bad)));
    }
});

describe("emailChannel", () => {
    const live = new AbortController().signal;
    let server: SmtpSimulator;
    const start = async (options: SmtpOptions = { login }): Promise<void> => void (server = await startSmtp(options));
    afterEach(() => server.stop());
    const target = (more: Partial<MailTarget> = {}): MailTarget =>
        ({ host: "localhost", port: server.port, security: "starttls", login, from: "ups@example.com", to: ["admin@example.com", "on-call@example.com"], ca: server.ca, origin: "node1", ...more });
    const send = (alert: Partial<Alert> = {}, more: Partial<MailTarget> = {}): Promise<void> => emailChannel(target(more)).send(outgoing(alert), live);
    const failure = async (more: Partial<MailTarget> = {}, channel: Channel = emailChannel(target(more))): Promise<Trouble> => {
        const error = await channel.send(outgoing({}), live).then(() => assert.fail("was sent"), (cause: unknown) => cause);
        assert.ok(error instanceof Trouble, inspect(error));
        assert.doesNotMatch(inspect(error, { depth: 10 }), /SECRET/);
        return error;
    };

    it("sends over STARTTLS, logged in, to everybody, with the time when it happened", async () => {
        await start();
        await send({ severity: "critical", symbol: "🔴", title: "POWER CRITICAL", detail: "Solix output: 24.0W", text: "line\n.dot" });
        const [mail] = server.mails;
        assert.deepEqual([mail?.secure, mail?.user, mail?.from, mail?.to], [true, "ups", "ups@example.com", ["admin@example.com", "on-call@example.com"]]);
        const { subject, date, to, from, "message-id": id, "auto-submitted": auto, importance } = mail?.headers ?? {};
        assert.deepEqual([subject, to, from, auto, importance], ["[critical] 🔴 POWER CRITICAL — Solix output: 24.0W", "admin@example.com, on-call@example.com", "Ridethrough <ups@example.com>", "auto-generated", "High"]);
        assert.equal(Date.parse(date ?? ""), at);
        assert.match(id ?? "", /@example\.com>$/);
        assert.match(mail?.raw ?? "", /text\/plain/);
        assert.match(mail?.raw ?? "", /text\/html/);
    });
    it("sends over TLS", async () => {
        await start({ login, implicit: true });
        await send({}, { security: "tls" });
        assert.equal(server.mails[0]?.secure, true);
    });
    it("sends without anything to a relay that wants nothing", async () => {
        await start({ starttls: false });
        const open = target({ security: "none" });
        delete open.login;
        await emailChannel(open).send(outgoing({}), live);
        assert.deepEqual([server.mails[0]?.secure, server.mails[0]?.user], [false, undefined]);
    });
    it("keeps its Message-ID when it is sent again", async () => {
        await start();
        const channel = emailChannel(target());
        server.next({ at: "end", drop: true });
        await assert.rejects(channel.send(outgoing({}), live));
        await channel.send({ ...outgoing({}), delayedMs: 600_000 }, live);
        await channel.send({ ...outgoing({}), delayedMs: 600_000 }, live);
        assert.equal(new Set(server.mails.map(({ headers }) => headers["message-id"])).size, 1);
    });
    it("lets nothing of an alert into the headers", async () => {
        await start();
        await send({ title: "a\r\nBcc: victim@example.com\r\n\r\nbody", detail: "x\nX-Evil: 1", key: "k\r\nX: y" });
        const [mail] = server.mails;
        assert.deepEqual(mail?.to, ["admin@example.com", "on-call@example.com"]);
        assert.deepEqual(Object.keys(mail?.headers ?? {}).sort(), ["auto-submitted", "content-type", "date", "from", "message-id", "mime-version", "subject", "to"]);
        assert.equal(mail?.headers.subject, "[warning] a Bcc: victim@example.com body — x");
    });

    describe("never sends a word unsafely", () => {
        it("when the server has no STARTTLS", async () => {
            await start({ login, starttls: false });
            const error = await failure();
            assert.ok(error instanceof Refused);
            assert.deepEqual([error.advice, error.short], [{ next: "settings" }, "no STARTTLS (502)"]);
            assert.match(error.message, /nothing is ever sent unencrypted instead/);
            assert.equal(server.logins, 0);
        });
        const unknown = ({ ca: _, ...rest }: MailTarget): MailTarget => rest;
        for (const [what, options, aimed] of [
            ["of an unknown authority", {}, unknown],
            ["of another name", {}, (known: MailTarget) => ({ ...known, host: "0.0.0.0" })],
            ["that has run out", { validity: { from: Date.UTC(2025, 0), to: Date.UTC(2025, 1) } }, (known: MailTarget) => known],
        ] as const) {
            it(`when the certificate is one ${what}`, async () => {
                await start({ login, ...options });
                const error = await failure({}, emailChannel(aimed(target())));
                assert.ok(error instanceof Refused, error.message);
                assert.deepEqual([error.advice, error.short], [{ next: "settings" }, "certificate refused"]);
                assert.equal(server.logins, 0);
            });
        }
        it("when the port speaks no TLS", async () => {
            await start();
            const error = await failure({ security: "tls" });
            assert.ok(error instanceof Refused, error.message);
            assert.equal(error.short, "no TLS on this port");
        });
    });

    it("waits long after a refused login, so that nobody is locked out", async () => {
        await start();
        const error = await failure({ login: { user: "ups", password: "SECRET-wrong" } });
        assert.ok(error instanceof Refused);
        assert.deepEqual([error.advice, error.short, error.kind], [{ next: "settings", ms: 900_000 }, "login refused (535)", "auth"]);
        assert.match(error.message, /app password/);
    });
    for (const [fault, next, short] of [
        [{ at: "auth", reply: "454 4.7.0 Temporary authentication failure" }, { next: "retry" }, "put off (454)"],
        [{ at: "greeting", reply: "421 4.3.2 Too many connections" }, { next: "retry" }, "put off (421)"],
        [{ at: "greeting", reply: "554 5.7.1 Blocked" }, { next: "retry" }, "server refuses (554)"],
        [{ at: "mail", reply: "452 4.2.2 Try later" }, { next: "retry" }, "put off (452)"],
        [{ at: "mail", reply: "550 5.7.1 Sender not yours" }, { next: "settings" }, "sender refused (550)"],
        [{ at: "mail", reply: "530 5.7.0 Authentication required" }, { next: "settings" }, "login wanted (530)"],
        [{ at: "rcpt", reply: "450 4.7.1 Greylisted" }, { next: "retry" }, "put off (450)"],
        [{ at: "rcpt", reply: "550 5.1.1 No such user" }, { next: "settings" }, "recipients refused (550)"],
        [{ at: "end", reply: "451 4.3.0 Later" }, { next: "retry" }, "put off (451)"],
        [{ at: "end", reply: "552 5.3.4 Too big" }, { next: "discard" }, "mail refused (552)"],
        [{ at: "end", reply: "554 5.6.0 Unreadable" }, { next: "discard" }, "mail refused (554)"],
        [{ at: "end", reply: "550 5.7.1 Looks like spam" }, { next: "settings" }, "mail refused (550)"],
    ] as const) {
        it(`"${fault.reply}" at ${fault.at} means ${JSON.stringify(next)}`, async () => {
            await start();
            server.next(fault);
            const error = await failure();
            assert.ok(error instanceof Refused, inspect(error));
            assert.deepEqual([error.advice, error.short], [next, short]);
        });
    }
    it("gives a message up that is refused three times, so that the others have their turn", async () => {
        await start();
        server.always({ at: "end", reply: "550 5.7.1 Looks like spam" });
        const channel = emailChannel(target());
        const advices: unknown[] = [];
        for (let attempt = 0; attempt < 3; attempt += 1) advices.push(((await failure({}, channel)) as Refused).advice.next);
        assert.deepEqual(advices, ["settings", "settings", "discard"]);
    });

    describe("of several recipients", () => {
        it("tells of the one that is refused, and counts the mail as sent", async () => {
            await start({ login, refuses: { "on-call@example.com": "550 5.1.1 No such user" } });
            const rejected: string[] = [];
            await emailChannel(target(), { onRejected: (address, why) => rejected.push(`${address}: ${why}`) }).send(outgoing({}), live);
            assert.deepEqual(server.mails[0]?.to, ["admin@example.com"]);
            assert.deepEqual(rejected, ["on-call@example.com: 550 5.1.1 No such user"]);
        });
        it("fails when all are refused", async () => {
            await start({ login, refuses: { "admin@example.com": "550 5.1.1 No", "on-call@example.com": "550 5.1.1 No" } });
            assert.equal(((await failure()) as Refused).short, "recipients refused (550)");
        });
    });

    for (const [what, fault, kind] of [
        ["hangs up at once", { at: "greeting", drop: true }, "closed"], ["hangs up in the middle", { at: "mail", drop: true }, "closed"], ["hangs up in the middle of the mail", { at: "end", drop: true }, "closed"],
        ["hangs up at STARTTLS", { at: "starttls", drop: true }, "closed"], ["speaks no SMTP", { at: "greeting", garbage: true }, "garbage"], ["talks without an end", { at: "ehlo", flood: true }, "garbage"],
    ] as [string, SmtpFault, string][]) {
        it(`tries again later when the server ${what}`, async () => {
            await start();
            server.next(fault);
            const error = await failure();
            assert.ok(!(error instanceof Refused), inspect(error));
            assert.equal(error.kind, kind, error.message);
        });
    }
    it("tries again later when nothing listens", async () => {
        await start();
        await server.down();
        const error = await failure();
        assert.deepEqual([error.kind, error instanceof Refused], ["refused", false]);
    });
    for (const fault of [{ at: "greeting", silence: true }, { at: "end", silence: true }] as const) {
        it(`gives up after 45 s at the latest, and lets go of the connection (${JSON.stringify(fault)})`, async () => {
            await start();
            server.next(fault);
            const clock = new VirtualClock();
            const failed = emailChannel(target(), { clock }).send(outgoing({}), live).catch((error: unknown) => error);
            const deadline = Date.now() + 3000;
            while (server.connections === 0 && Date.now() < deadline) await settle();
            await clock.pass(45_000);
            assert.equal(((await failed) as Trouble).kind, "timeout");
        });
    }
    it("lets go at once when it is stopped", async () => {
        await start();
        server.next({ at: "end", silence: true });
        const stop = new AbortController();
        const failed = emailChannel(target()).send(outgoing({}), stop.signal).catch((error: unknown) => error);
        setTimeout(() => stop.abort(), 100);
        assert.equal(((await failed) as Trouble).kind, "stopped");
    });
    it("hangs up on no server before the attempt is over: one that looks for spam has the mail already, and would get it again and again", async () => {
        await start();
        const { setTimeout: real } = Socket.prototype;
        const waits = new Set<number>();
        Socket.prototype.setTimeout = function (ms, ...rest) {
            waits.add(ms);
            return real.call(this, ms, ...rest);
        };
        try {
            await send();
        } finally {
            Socket.prototype.setTimeout = real;
        }
        const whileConnecting = 10_000;
        assert.deepEqual([...waits].filter((ms) => ms > whileConnecting), [45_000]);
    });
    it("delivers through a slow server", async () => {
        await start();
        server.next({ at: "end", slowMs: 300 });
        await send();
        assert.equal(server.mails.length, 1);
    });
});
