import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { utils } from "ssh2";
import type { RunProgress } from "../../lib/shutdown/progress";
import { AnkerCloudSimulator } from "../simulators/anker-cloud";
import { startDiscord, type DiscordSimulator } from "../simulators/discord";
import { NutServerSimulator } from "../simulators/nut-server";
import { startParrot, type Parrot } from "../simulators/parrot";
import { startShelly, type Shelly } from "../simulators/shelly";
import { startSmtp, type SmtpSimulator } from "../simulators/smtp";
import { generateKeyPair, startSshHost, type SshHost } from "../simulators/ssh-host";
import { startTelegram, type TelegramSimulator } from "../simulators/telegram";
import { ankerDiversion } from "../support/anker-diversion";
import { freePort } from "../support/free-port";
import { makeUserDir, repository, startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";
import { temporaryFolder } from "../support/temporary-folder";

/*
 * Every node type that is given a secret, each with one of its own, towards peers that take it, refuse it, say it back, or are
 * not there; then everything that was logged, shown, sent, told and written is searched for all of them.
 */

type Credentials = Record<string, string>;
/** Which nodes a secret was given to, by the secret itself. */
const secrets = new Map<string, string>();
const secret = (of: string, text = `C4NARY-${of.replace(/\W+/g, "-")}-9f27c1`): string => {
    secrets.set(text, of);
    return text;
};
const id = (name: string): string => Buffer.from(name.padStart(8, "_").slice(-8)).toString("hex");

describe("secrets", function () {
    this.timeout(180_000);
    const folder = temporaryFolder();
    const userDir = join(folder.path, "node-red");
    const temporary = join(folder.path, "tmp");
    const stops: (() => unknown)[] = [];
    let red: NodeRed;
    let parrot: Parrot;
    let telegram: TelegramSimulator;
    let discord: DiscordSimulator;
    let smtp: SmtpSimulator;
    let shelly: Shelly;
    let upsd: NutServerSimulator;
    let cloud: AnkerCloudSimulator;
    const machines: SshHost[] = [];
    const credentials: Record<string, Credentials> = {};
    const nodes: FlowNode[] = [];
    /** What the answers to dialogs said. */
    const answers: string[] = [];

    const place = { z: id("tab"), x: 0, y: 0 };
    const add = (name: string, type: string, more: object, its?: Credentials): string => {
        nodes.push({ id: id(name), type, name: "", ...more } as FlowNode);
        if (its !== undefined) credentials[id(name)] = its;
        return id(name);
    };
    const onCanvas = (name: string, type: string, more: object, its?: Credentials): string => add(name, type, { ...place, wires: [[id("sink")], [id("sink")], [id("sink")]], ...more }, its);

    before("every secret is armed and used", async () => {
        const keys = generateKeyPair();
        const locked = utils.generateKeyPairSync("ed25519", { passphrase: "another one", cipher: "aes256-ctr", rounds: 1 });
        const body = (key: string, of: string): string => {
            secret(of, key.split("\n")[2] ?? "");
            return key;
        };
        const stranger = generateKeyPair();
        const token = `123456789:${secret("telegram")}`;
        const webhook = secret("discord");
        const mail = { user: "ups", password: secret("email") };
        const echo = { user: "ups", password: secret("email said back") };
        [parrot, telegram, discord, smtp, shelly] = await Promise.all([
            startParrot(), startTelegram({ token }), startDiscord({ token: webhook }), startSmtp({ login: mail }), startShelly({ password: secret("plug"), watts: 60 }),
        ]);
        const rude = await startSmtp({ login: mail });
        rude.always({ at: "auth", reply: `535 5.7.8 no such password ${echo.password} (${Buffer.from(`\0ups\0${echo.password}`).toString("base64")})` });
        upsd = await new NutServerSimulator({ users: new Map([["mon", { password: secret("nut"), monitor: "primary" }]]) }).start();
        const password = secret("anker account");
        cloud = await new AnkerCloudSimulator({ password, frameMs: 200, secondMs: 50 }).start();
        stops.push(() => parrot.stop(), () => telegram.stop(), () => discord.stop(), () => smtp.stop(), () => rude.stop(), () => shelly.stop(), () => upsd.stop(), () => cloud.stop());
        const nobody = await freePort();
        makeUserDir(userDir);
        mkdirSync(temporary);
        writeFileSync(join(folder.path, "ca.pem"), smtp.ca);

        add("tab", "tab", { label: "secrets" });
        const alert = { version: 1, minimumSeverity: "info", steps: "live", blipSeconds: "0", service: false };
        for (const [name, baseUrl, its] of [["tg", telegram.url, token], ["tg wrong", telegram.url, `123456789:${secret("telegram, refused")}`], ["tg echo", parrot.url, `123456789:${secret("telegram, said back")}`], ["tg off", `http://127.0.0.1:${nobody}`, `123456789:${secret("telegram, nobody there")}`]] as const) {
            onCanvas(name, "telegram-alert", { ...alert, baseUrl, chatId: "456" }, { token: its });
        }
        for (const [name, its] of [["dc", discord.webhook], ["dc wrong", discord.webhook.replace(webhook, secret("discord, refused"))], ["dc echo", `${parrot.url}/api/webhooks/123/${secret("discord, said back")}`], ["dc off", `http://127.0.0.1:${nobody}/api/webhooks/123/${secret("discord, nobody there")}`]] as const) {
            onCanvas(name, "discord-alert", alert, { webhook: its });
        }
        for (const [name, port, its] of [["em", smtp.port, mail], ["em wrong", smtp.port, { user: "ups", password: secret("email, refused") }], ["em echo", rude.port, echo], ["em off", nobody, { user: "ups", password: secret("email, nobody there") }]] as const) {
            onCanvas(name, "email-alert", { ...alert, host: "localhost", port: String(port), security: "starttls", from: "ups@example.com", to: "me@example.com", caFile: join(folder.path, "ca.pem") }, its);
        }
        for (const [name, port, its] of [["pl", shelly.port, [...secrets].find(([, of]) => of === "plug")?.[0] ?? ""], ["pl wrong", shelly.port, secret("plug, refused")], ["pl echo", parrot.port, secret("plug, said back")], ["pl off", nobody, secret("plug, nobody there")]] as const) {
            onCanvas(name, "plug-reader", { version: 1, plugType: "shelly", device: name, host: "127.0.0.1", port: String(port), interval: "1", deadline: "2" }, { user: "admin", password: its });
        }
        for (const [name, port, its] of [["nu", upsd.port, [...secrets].find(([, of]) => of === "nut")?.[0] ?? ""], ["nu wrong", upsd.port, secret("nut, refused")], ["nu echo", parrot.port, secret("nut, said back")], ["nu off", nobody, secret("nut, nobody there")]] as const) {
            const server = add(`${name}s`, "nut-server", { version: 1, host: "127.0.0.1", port: String(port), tls: "off" }, { user: "mon", password: its });
            onCanvas(name, "ups-reader", { version: 1, server, ups: "ups1", device: name, interval: "1", batteryInterval: "1" });
        }
        for (const [name, port, its] of [["db echo", parrot.port, secret("database, said back")], ["db off", nobody, secret("database, nobody there")]] as const) {
            const store = add(`${name}s`, "timeline-store", { version: 1, kind: "postgres", host: "127.0.0.1", port: String(port), database: "d", deadline: "2" }, { user: "u", password: its });
            onCanvas(name, "timeline-writer", { version: 1, store, simulated: true });
        }
        onCanvas("tl", "timeline-writer", { version: 1, simulated: true, store: add("tls", "timeline-store", { version: 1, kind: "embedded" }) });
        for (const [name, its] of [["an", password], ["an wrong", secret("anker account, refused")]] as const) {
            const account = add(`${name}a`, "anker-account", { version: 1, country: "US" }, { email: `${name === "an" ? "user" : "other"}@example.com`, password: its });
            onCanvas(name, "solix-reader", { version: 1, account, device: name, serial: "", interval: "2", fastInterval: "1" });
        }
        const hosts: [string, object, Credentials][] = [
            ["good", {}, { privateKey: body(keys.private, "host's key") }],
            ["system", { transport: "ssh" }, { privateKey: keys.private }],
            ["stranger", {}, { privateKey: body(stranger.private, "host's key, refused") }],
            ["locked", {}, { privateKey: body(locked.private, "host's key, locked"), passphrase: secret("host's passphrase") }],
            ["broken", {}, { privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${secret("host's key, broken")}\n-----END OPENSSH PRIVATE KEY-----`, passphrase: secret("host's passphrase, of a broken key") }],
        ];
        for (const [name, more, its] of hosts) {
            const machine = await startSshHost({ name, authorizedKey: keys.public });
            machines.push(machine);
            stops.push(() => machine.stop());
            add(name, "power-host", { version: 2, name, kind: "ssh", host: "127.0.0.1", port: String(machine.port), user: "power", auth: "key", trust: "pinned", hostKey: machine.hostKey, transport: "ssh2", ...more }, its);
        }
        add("plan", "shutdown-plan", { version: 1, hosts: hosts.map(([name]) => id(name)), steps: hosts.map(() => ({ services: ["web"] })), final: "shutdown", delay: "2" });
        onCanvas("sq", "shutdown-sequencer", { version: 2, plan: id("plan"), dryRun: false, enabled: true, rootKnown: true, openKnown: true, needsToken: true, check: "0", wires: [[id("sink"), id("tg"), id("tl"), id("rec")], [id("sink"), id("tg"), id("tl"), id("rec")]] });
        onCanvas("rec", "tape-recorder", { version: 1, tape: "secrets", verdicts: "all" });
        onCanvas("sink", "debug", { active: false, wires: [] });
        // Whatever goes wrong is told and written, too.
        onCanvas("catch", "catch", { scope: null, wires: [[id("sink"), id("words")]] });
        onCanvas("words", "change", { rules: [{ t: "set", p: "payload", pt: "msg", to: "error.message", tot: "msg" }, ...["reading", "alert", "transition", "progress", "result"].map((p) => ({ t: "delete", p, pt: "msg" }))], wires: [[id("tg"), id("dc"), id("em"), id("tl"), id("rec")]] });
        onCanvas("say", "inject", { props: [{ p: "payload" }], payload: "hello", payloadType: "str", wires: [nodes.filter(({ type }) => type.endsWith("-alert")).map((node) => node.id)] });
        onCanvas("drill", "inject", { props: [{ p: "payload" }], payload: "drill", payloadType: "str", wires: [[id("sq")]] });
        onCanvas("begin", "inject", { props: [{ p: "transition", v: JSON.stringify({ device: "rack", from: "HEALTHY", to: "CRITICAL", since: 1, at: Date.now(), watts: 1, conclusive: true }), vt: "json" }], wires: [[id("sq")]] });

        red = await startNodeRed({ userDir, env: { NODE_OPTIONS: ankerDiversion(cloud, folder.path), TMPDIR: temporary } });
        await red.deploy(nodes, { credentials });
        await red.inject(id("say"));
        await red.inject(id("drill"));
        const sunk = (part: string): unknown[] => red.received(id("sink")).filter((msg) => part in msg);
        await red.eventually(() => sunk("drill").length > 0, 40_000, () => "a drill");
        await red.inject(id("begin"));
        await red.eventually(() => sunk("result").length > 0, 40_000, () => "the end of a run");

        // What a person would press, with the stored secrets, at the deployed address and at another.
        const asked = nodes.filter(({ id: node }) => credentials[node] !== undefined).flatMap(({ id: node, type, ...stored }) => {
            const untouched = Object.fromEntries(Object.entries(credentials[node] ?? {}).map(([field, value]) => [field, field === "user" || field === "email" ? value : "__PWRD__"]));
            const elsewhere = type === "telegram-alert" ? { baseUrl: parrot.url } : { host: "127.0.0.1", port: String(parrot.port) };
            return [{}, elsewhere].map((change) => ({ type, body: { ...stored, ...untouched, ...change, id: node } }));
        });
        answers.push(...await Promise.all(asked.map(async ({ type, body: fields }) => `${type}: ${await (await red.request(`ridethrough/${type}/test`, { method: "POST", body: fields })).text()}`)));
        await red.eventually(() => ["tg", "dc", "em", "pl", "nu"].every((name) => red.statuses(id(name)).some(({ fill }) => fill === "green")) && red.status(id("an"))?.fill !== "blue", 40_000, () => JSON.stringify(["tg", "dc", "em", "pl", "nu", "an"].map((name) => red.status(id(name)))));
        await red.eventually(() => nodes.filter(({ type }) => /-(?:alert|reader|writer)$/.test(type)).every(({ id: node }) => red.statuses(node).some(({ fill }) => fill !== "blue")), 40_000, () => "every node has come to something");
    });
    after(async () => {
        await red?.stop();
        await Promise.all(stops.map((stop) => stop()));
        await folder.remove();
    });

    /** Fails for each secret that one of these texts holds, plain or as a login or an address wraps it. */
    const searched = (texts: Iterable<string>, where: string): void => {
        const text = [...new Set(texts)].join("\n");
        const wrapped = (text.match(/[A-Za-z0-9+/_-]{12,}={0,2}/g) ?? []).map((word) => Buffer.from(word, "base64").toString("latin1")).join("\n");
        const encoded = text.replace(/=\r?\n/g, "").replace(/[=%]([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));
        for (const [canary, of] of secrets) {
            for (const [how, seen] of Object.entries({ plain: text, wrapped, encoded })) {
                const at = seen.indexOf(canary);
                assert.ok(at < 0, `the secret of ${of} is ${where} (${how}): ${seen.slice(Math.max(0, at - 120), at + 60)}`);
            }
        }
    };
    const files = (): string[] => readdirSync(userDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules")).map((entry) => join(entry.parentPath, entry.name));

    it("have been given to every node type that takes any", () => {
        const types = readdirSync(join(repository, "nodes")).filter((type) => type !== "shared" && /registerType.*credentials: \{/.test(readFileSync(join(repository, "nodes", type, `${type}.ts`), "utf8")));
        assert.deepEqual([...new Set(nodes.filter(({ id: node }) => credentials[node] !== undefined).map(({ type }) => type))].sort(), types.sort());
    });

    it("have all been used: taken, refused, and said back", () => {
        for (const of of ["telegram, said back", "discord, said back", "nut, said back", "database, said back"]) {
            const [canary] = [...secrets].find(([, name]) => name === of) ?? assert.fail(of);
            assert.ok(parrot.heard.includes(canary), of);
        }
        for (const used of [smtp.mails.length, telegram.messages.length, discord.messages.length, cloud.logins, ...machines.slice(0, 2).map(({ logins }) => logins)]) assert.ok(used > 0);
        const run = red.received(id("sink")).map(({ progress }) => progress as RunProgress | undefined).find((progress) => progress?.control !== undefined);
        secret("run", run?.control?.token ?? assert.fail("no run had a token"));
        // What the account keeps of its login is as secret as the password.
        const kept = join(userDir, "ridethrough/anker-account");
        const saved = readdirSync(kept).map((name) => JSON.parse(readFileSync(join(kept, name), "utf8")) as { token?: { authToken?: string }; broker?: Record<string, string> }).find(({ token }) => token !== undefined) ?? assert.fail("no session was kept");
        secret("anker account's session", saved.token?.authToken ?? assert.fail("a session without a token"));
        for (const [name, value] of Object.entries(saved.broker ?? {})) if (/PRIVATE KEY/.test(value)) secret(`anker account's ${name}`, value.split("\n")[1] ?? "");
    });

    it("are in no log, from errors to traces", () => {
        assert.ok(red.log.length > 50 && red.errors().length > 10);
        searched([...red.log.map(({ text }) => text), red.output], "in the log");
    });

    it("are in no status", () => {
        searched(nodes.flatMap(({ id: node }) => red.statuses(node).map(({ text = "" }) => text)), "in a status");
    });

    it("are in no message, errors that Catch hears among them", () => {
        // The token of a run is told to whoever shows it.
        searched(nodes.flatMap(({ id: node }) => red.received(node).map((msg) => JSON.stringify(msg, (key, value: unknown) => (key === "control" ? undefined : value)))), "in a message");
    });

    it("are told nobody", () => {
        searched([...telegram.messages.map(({ raw }) => raw), ...discord.messages.map((message) => JSON.stringify(message)), ...smtp.mails.map(({ raw }) => raw)], "in an alert");
    });

    it("are in no exported flow, and in no answer to a dialog", async () => {
        const shown = await Promise.all(["flows", ...nodes.map(({ id: node, type }) => `credentials/${type}/${node}`)].map(async (path) => (await red.request(path)).text()));
        assert.match(shown.join("\n"), /"has_password":true/);
        searched(shown, "in the editor");
        assert.ok(answers.filter((answer) => answer.includes('"ok":false')).length > 10, answers.join("\n"));
        searched(answers, "in an answer");
    });

    it("are sent to no address but the deployed one", () => {
        for (const [canary, of] of secrets) if (!of.endsWith("said back")) assert.ok(!parrot.heard.includes(canary), `the secret of ${of} went elsewhere`);
    });

    it("are in no file but Node-RED's own for them, and a session's, which only we can read", async () => {
        await red.stop();
        const meant = /(?:^|\/)\.?flows_cred\.json(?:\.backup)?$|^ridethrough\/anker-account\//;
        const all = files();
        assert.ok(["shutdown-sequencer/", "tapes/", "telegram-alert/", "shutdown-plan/", "timeline-store/", "anker-account/"].every((part) => all.some((path) => path.includes(`/ridethrough/${part}`))), all.join("\n"));
        for (const path of all) {
            const name = relative(userDir, path);
            if (!meant.test(name)) searched([readFileSync(path, "latin1")], `in ${name}`);
            if (name.startsWith("ridethrough/")) assert.equal(statSync(path).mode & 0o077, 0, `others can read ${name}`);
        }
        assert.deepEqual(readdirSync(temporary), [], "what the system's ssh was given is gone");
        for (const path of all.filter((name) => name.includes("/anker-account/"))) for (const [canary, of] of secrets) if (!/session|anker account's/.test(of)) assert.ok(!readFileSync(path, "latin1").includes(canary), of);
    });
});
