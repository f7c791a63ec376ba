import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { allFields } from "../../lib/devices/nvidia-csv";
import { startDiscord, type DiscordSimulator } from "../simulators/discord";
import { fakeGpus, nvidiaCsv } from "../simulators/gpu-tools";
import { NutServerSimulator } from "../simulators/nut-server";
import { startSmtp, type SmtpSimulator } from "../simulators/smtp";
import { generateKeyPair, startSshHost, type SshHost } from "../simulators/ssh-host";
import { example, nodeOf, startDevices, wired, type Devices } from "../support/example-flow";
import { startNodeRed, type FlowNode, type Holds, type NodeRed } from "../support/node-red";
import { temporaryFolder } from "../support/temporary-folder";

type Deployed = ReturnType<typeof wired>;

describe("a flow that is deployed again and again", function () {
    this.timeout(180_000);
    const folder = temporaryFolder();
    const user = generateKeyPair();
    const login = { user: "ups", password: "mail-password" };
    let devices: Devices;
    let nut: NutServerSimulator;
    let gpu1: SshHost;
    let smtp: SmtpSimulator;
    let discord: DiscordSimulator;
    let red: NodeRed;
    before(async () => {
        [devices, nut, gpu1, smtp, discord, red] = await Promise.all([
            startDevices(), new NutServerSimulator().start(), startSshHost({ name: "gpu1", authorizedKey: user.public }), startSmtp({ login }), startDiscord(), startNodeRed({ tap: false }),
        ]);
        writeFileSync(join(folder.path, "ca.pem"), smtp.ca);
        gpu1.setBehaviour({ output: nvidiaCsv([fakeGpus.l40s], allFields) });
    });
    after(async () => {
        await red?.stop();
        await Promise.all([devices?.stop(), nut?.stop(), gpu1?.stop(), smtp?.stop(), discord?.stop()]);
        await folder.remove();
    });

    const monitor = (): Deployed => wired(example("03 Complete monitor"), devices);

    /** What else keeps a connection, a file or a process: a UPS, GPUs behind SSH, the embedded timeline, each way to tell somebody, tapes. */
    const connected = (): Deployed => {
        const flow = ["07 GPU cluster", "08 Timeline (embedded, PostgreSQL)", "09 One UPS (NUT)", "12 Alerts by severity (Telegram, Discord, mail)"].flatMap(example);
        const gpuHost = nodeOf(example("07 GPU cluster"), "power-host").id;
        const changes: Record<string, object> = {
            "nut-server": { host: "127.0.0.1", port: String(nut.port) }, "ups-reader": { interval: "0.5", batteryInterval: "0.5" }, "gpu-reader": { interval: "1" },
            "email-alert": { host: "localhost", port: String(smtp.port), from: "ups@example.com", to: "admin@example.com", caFile: join(folder.path, "ca.pem") },
        };
        const { flows, credentials } = wired(flow.map((node): FlowNode => ({ ...node, ...changes[node.type], ...(node.id === gpuHost && { host: "127.0.0.1", port: String(gpu1.port), hostKey: gpu1.hostKey }) })), devices);
        return { flows, credentials: { ...credentials, [gpuHost]: { privateKey: user.private }, [nodeOf(flow, "email-alert").id]: login, [nodeOf(flow, "discord-alert").id]: { webhook: discord.webhook } } };
    };

    for (const { name, of } of [{ name: "the complete monitor", of: monitor }, { name: "a UPS, GPUs, a timeline and every way to tell somebody", of: connected }]) {
        it(`${name}: holds no more after 50 full deploys than before: listeners, timers, sockets, files and heap`, async () => {
            const { flows, credentials } = of();
            const from = red.log.length;
            const deploy = async (times: number): Promise<Holds> => {
                for (let time = 0; time < times; time += 1) await red.deploy(flows, { credentials });
                // What the last deploy began (a poll, a save) shall have ended.
                await new Promise((resolve) => setTimeout(resolve, 700));
                await red.diskAtRest();
                return red.holds();
            };
            // Node-RED's own heap settles in the first deploys.
            const before = await deploy(30);
            const after = await deploy(50);
            assert.ok(before.nodes > flows.length / 2, `${before.nodes} nodes`);
            assert.equal(after.nodes, before.nodes, "node objects");
            assert.equal(after.listeners, before.listeners, "listeners");
            // A poll or a save that happens to be under way has some for a moment; what a deploy leaves behind would be fifty.
            const few = 5;
            for (const [kind, count] of Object.entries(after.resources)) assert.ok(count <= (before.resources[kind] ?? 0) + few, `${kind}: ${before.resources[kind] ?? 0} before, ${count} after`);
            assert.ok(after.descriptors <= before.descriptors + few, `descriptors: ${before.descriptors} before, ${after.descriptors} after`);
            const grown = after.heapUsed - before.heapUsed;
            assert.ok(grown < 50 * 12_000, `heap grew by ${Math.round(grown / 50)} bytes a deploy`);
            const said = red.log.slice(from);
            assert.deepEqual(said.filter(({ text }) => /MaxListeners|Close timed out/.test(text)), []);
            // What is saved at a close may wait for a disk that others keep busy, but not every time.
            const late = said.filter(({ text }) => text.includes("closing took too long"));
            assert.ok(late.length <= 40, `${late.length} of 80 deploys: ${late.map(({ type }) => type).join()}`);
            assert.equal(red.output, "");
        });
    }

    it("all of that was connected again and again", () => {
        // A busy machine may deploy once more before a connection has begun.
        assert.ok(nut.connections >= 60, `${nut.connections} connections to the UPS in 80 deploys`);
        assert.ok(gpu1.connections >= 60, `${gpu1.connections} connections to the machine with GPUs in 80 deploys`);
    });
});
