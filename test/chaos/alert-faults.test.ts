import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Node } from "node-red";
import discordAlert from "../../nodes/discord-alert/discord-alert";
import emailAlert from "../../nodes/email-alert/email-alert";
import telegramAlert from "../../nodes/telegram-alert/telegram-alert";
import discordStored from "../fixtures/configs/discord-alert.v1.json";
import emailStored from "../fixtures/configs/email-alert.v2.json";
import telegramStored from "../fixtures/configs/telegram-alert.v1.json";
import { startDiscord } from "../simulators/discord";
import { startFaultyServer, type Behaviour, type FaultyServer } from "../simulators/faulty-server";
import { startSmtp } from "../simulators/smtp";
import { startTelegram } from "../simulators/telegram";
import { eventually, loadFlow, temporaryFolder, type LoadedFlow } from "../support/helper";

const token = "123456:secret-TOKEN";
const login = { user: "ups", password: "mail-SECRET" };
const nodes = ["telegram", "discord", "email"] as const;
/** 10 s and longer without an answer, or a connection that nobody ends. */
const faults: Behaviour[] = ["black-hole", "half-closed"];

/** All alert nodes at once, each behind a network of its own that fails. */
describe("alert nodes: faults that take their time", function () {
    this.timeout(300_000);
    for (const fault of faults) {
        it(`${fault}: messages are done at once, ${fault === "half-closed" ? "no fault for us" : "each outage is told once, and nothing is lost or turned round"}`, async () => {
            const folder = temporaryFolder();
            const [telegram, discord, smtp] = await Promise.all([startTelegram({ token }), startDiscord(), startSmtp({ login })]);
            writeFileSync(join(folder.path, "ca.pem"), smtp.ca);
            const ports = [Number(new URL(telegram.url).port), Number(new URL(discord.webhook).port), smtp.port];
            const servers: FaultyServer[] = await Promise.all(ports.map((upstream) => startFaultyServer(fault, { upstream })));
            const [telegramPort = 0, discordPort = 0, mailPort = 0] = servers.map(({ port }) => port);
            const flow: LoadedFlow = await loadFlow([telegramAlert, discordAlert, emailAlert], [
                { ...telegramStored, baseUrl: `http://127.0.0.1:${telegramPort}` }, { ...discordStored }, { ...emailStored, host: "localhost", port: String(mailPort), caFile: join(folder.path, "ca.pem") },
                { id: "catch", type: "catch", scope: null, uncaught: false, wires: [["errors"]] }, { id: "errors", type: "helper" },
                { id: "complete", type: "complete", scope: [...nodes], uncaught: false, wires: [["done"]] }, { id: "done", type: "helper" },
            ], { userDir: folder.path, credentials: { telegram: { token }, discord: { webhook: discord.webhook.replace(/:\d+\//, `:${discordPort}/`) }, email: login } });
            const errorsOf = (id: string): unknown[] => flow.received("errors").filter(({ error }) => (error as { source: { id: string } }).source.id === id);
            try {
                const feed = (title: string, severity: string): void => nodes.forEach((id) => flow.node<Node>(id).receive({ alert: { severity, title } } as never));
                feed("first", "info");
                feed("second", "info");
                await flow.until("done", 6, 60_000);
                if (fault === "black-hole") {
                    for (const id of nodes) {
                        await eventually(() => errorsOf(id).length > 0, 60_000, () => id);
                        await eventually(() => /^2 waiting, next/.test(flow.status(id)?.text ?? ""), 60_000, () => JSON.stringify(flow.status(id)));
                    }
                    for (const server of servers) await server.behave("well");
                }
                feed("third", "critical");
                const told = (): string[][] => [telegram.messages.map(({ text }) => text), discord.messages.map(({ embeds: [embed] }) => embed?.title ?? ""), smtp.mails.map(({ headers }) => headers.subject?.replace(/^\[\w+\] /, "") ?? "")];
                await eventually(() => told().every(({ length }) => length >= 3), 120_000, () => JSON.stringify(told()));
                assert.deepEqual(told(), Array(3).fill(["first", "second", "third"]));
                for (const id of nodes) {
                    await eventually(() => /^sent/.test(flow.status(id)?.text ?? ""), 60_000, () => JSON.stringify(flow.status(id)));
                    assert.equal(errorsOf(id).length, fault === "half-closed" ? 0 : 1);
                }
                assert.doesNotMatch(JSON.stringify(flow.received("errors")), /secret/i);
            } finally {
                await flow.unload();
                for (const server of [...servers, telegram, discord, smtp]) await server.stop();
                await folder.remove();
            }
        });
    }
});
