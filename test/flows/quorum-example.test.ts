import assert from "node:assert/strict";
import type { ShutdownCommand } from "../../lib/power/command";
import type { Quorum } from "../../lib/power/quorum";
import type { Verdict } from "../../lib/power/verdict";
import type { RunResult } from "../../lib/shutdown/progress";
import { NutServerSimulator } from "../simulators/nut-server";
import { startTelegram, type TelegramSimulator } from "../simulators/telegram";
import { botToken, example, nodeOf } from "../support/example-flow";
import { startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";

describe("the example 10 Two UPSes, one rack (quorum)", function () {
    this.timeout(90_000);
    const flow = example("10 Two UPSes, one rack (quorum)");
    let red: NodeRed;
    let nut: NutServerSimulator;
    let telegram: TelegramSimulator;
    before(async () => {
        nut = await new NutServerSimulator({ upses: { ups1: {}, ups2: {} } }).start();
        telegram = await startTelegram({ token: botToken });
        red = await startNodeRed();
    });
    after(async () => {
        await red?.stop();
        await nut?.stop();
        await telegram?.stop();
    });
    beforeEach(() => red.forget());

    /** With the addresses that a person would enter, and the given changes by type. */
    const deploy = (changes: Record<string, object> = {}): Promise<void> => {
        const alert = nodeOf(flow, "telegram-alert");
        const addresses: Record<string, object> = { "nut-server": { host: "127.0.0.1", port: String(nut.port) }, "telegram-alert": { baseUrl: telegram.url, chatId: "456" } };
        return red.deploy(flow.map((node): FlowNode => ({ ...node, ...addresses[node.type], ...changes[node.type] })), { credentials: { [alert.id]: { token: botToken } } });
    };
    const group = nodeOf(flow, "redundancy-group").id;
    const commands = (): ShutdownCommand[] => red.received(nodeOf(flow, "debug", "decisions").id).map(({ command }) => command as ShutdownCommand);
    const results = (): RunResult[] => red.received(nodeOf(flow, "debug", "result").id).map(({ result }) => result as RunResult);
    const told = (simulated: boolean): Quorum[] => red.received(nodeOf(flow, "debug", "quorum").id).map(({ quorum }) => quorum as Quorum).filter((quorum) => (quorum.simulated === true) === simulated);
    const texts = (about: string): string[] => telegram.messages.map(({ text }) => text).filter((text) => text.includes(about) && !text.includes("SIMULATED"));

    it("rehearses by button: one UPS that runs out shuts nothing down, both do, and power re-arms", async () => {
        await deploy();
        const evidence = nodeOf(flow, "debug", "evidence").id;
        const fakes = (): Verdict[] => red.received(evidence).map(({ verdict }) => verdict as Verdict).filter(({ simulated }) => simulated);
        /** Presses a button and waits until the group has heard all of it. */
        const press = async (name: string): Promise<Quorum | undefined> => {
            const before = fakes().length;
            await red.inject(nodeOf(flow, "inject", name).id);
            await red.eventually(() => fakes().length === before + 240, 15_000, () => `240 verdicts after "${name}", got ${fakes().length - before}`);
            await red.eventually(() => told(true).filter(({ change }) => change === undefined).length === fakes().length, 15_000, () => `the group after "${name}"`);
            return told(true).at(-1);
        };
        assert.equal((await press("both on mains"))?.text, "rack: 2/2 healthy (1 needed)");
        assert.match((await press("UPS A can't be read"))?.text ?? "", /^rack: 1\/2 healthy \(1 needed\): ups_a unknown \(.*was healthy: on mains\)$/);
        await press("both on mains");
        assert.match((await press("UPS A runs out"))?.text ?? "", /^rack: 1\/2 healthy \(1 needed\): ups_a critical \(.*charge/);
        assert.deepEqual(commands(), []);
        assert.equal((await press("both run out"))?.standing, "lost");
        await red.eventually(() => results().length === 1, 20_000, () => "the rehearsal");
        assert.deepEqual([results()[0]?.outcome, results()[0]?.mode, results()[0]?.simulated], ["dry-run", "rehearsal", true]);
        assert.equal((await press("both on mains"))?.standing, "held");
        await press("both run out");
        await red.eventually(() => results().length === 2, 20_000, () => "the second rehearsal");
        assert.deepEqual(commands().map(({ action, conclusive, simulated, stream }) => [action, conclusive, simulated, stream]), [
            ["shutdown", true, true, "rack (simulated)"], ["restored", false, true, "rack (simulated)"], ["shutdown", true, true, "rack (simulated)"],
        ]);
    });

    it("real UPSes over the NUT protocol: one lost leads to nothing, both to a dry run that is told, and the next loss to another", async () => {
        await nut.apply("ups1", { "ups.status": "OL", "battery.charge": "100" });
        await deploy({
            "ups-reader": { interval: "0.5", batteryInterval: "0.5" },
            "shutdown-trigger": { stabilization: "0", mainsStable: "1" },
            "redundancy-group": { dwell: "1", restore: "1" },
        });
        const standing = (): string | undefined => told(false).at(-1)?.standing;
        const runsOut = (ups: string): Promise<void> => nut.apply(ups, { "battery.charge": "12", "ups.status": "OB DISCHRG" });
        await red.eventually(() => told(false).at(-1)?.healthy === 2, 15_000, () => "both healthy");

        await runsOut("ups1");
        await red.eventually(() => told(false).some(({ change }) => change === "degraded"), 15_000, () => "one lost");
        const seen = told(false).length;
        await red.eventually(() => told(false).length > seen + 10, 15_000, () => "more polls");
        assert.deepEqual([commands(), results(), standing()], [[], [], "held"]);

        await runsOut("ups2");
        await red.eventually(() => results().length === 1, 30_000, () => "the dry run");
        assert.deepEqual([results()[0]?.outcome, results()[0]?.simulated], ["dry-run", undefined]);
        const [command] = commands();
        assert.deepEqual([command?.action, command?.stream, command?.conclusive, command?.simulated], ["shutdown", "rack", true, undefined]);
        await red.eventually(() => texts("QUORUM LOST").length === 1, 15_000, () => "the loss on the phone");
        assert.equal(red.status(group)?.text, "LOST 0/2 healthy (1 needed)");

        await nut.apply("ups2", { "battery.charge": "60", "ups.status": "OL CHRG" });
        await red.eventually(() => commands().some(({ action }) => action === "restored"), 15_000, () => "re-armed");
        await runsOut("ups2");
        await red.eventually(() => results().length === 2, 30_000, () => "the second dry run");
    });

    it("drivers that are gone for good while on mains are told, and shut nothing down", async () => {
        for (const ups of ["ups1", "ups2"]) await nut.apply(ups, { "battery.charge": "100", "ups.status": "OL" });
        await deploy({ "ups-reader": { interval: "0.5", batteryInterval: "0.5", grace: "1" }, "redundancy-group": { dwell: "0", restore: "1", grace: "1" }, "shutdown-trigger": { mainsStable: "1" } });
        await red.eventually(() => told(false).at(-1)?.healthy === 2 && told(false).at(-1)?.standing === "held", 20_000, () => "both healthy");
        red.forget();
        await nut.driverDown("ups1");
        await nut.stale("ups2");
        await red.eventually(() => told(false).some(({ change }) => change === "blind"), 15_000, () => "both unknown");
        const seen = told(false).length;
        await red.eventually(() => told(false).length > seen + 10, 15_000, () => "more polls");
        assert.deepEqual(commands().filter(({ action }) => action === "shutdown"), []);
        await red.eventually(() => texts("QUORUM UNKNOWN").length === 1, 15_000, () => "it on the phone");
    });
});
