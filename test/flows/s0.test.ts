import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Transition } from "../../lib/power/power-state";
import type { RunResult } from "../../lib/shutdown/progress";
import { finalCommand, Rig, stopCommand } from "../support/armed-monitor";
import { at, type MonitorOptions } from "../support/armed-flow";
import groupStored from "../fixtures/configs/redundancy-group.v1.json";
import playerStored from "../fixtures/configs/tape-player.v1.json";
import triggerStored from "../fixtures/configs/shutdown-trigger.v1.json";
import type { FlowNode } from "../support/node-red";

/** The validation list of the first source document, and the bugs that its daemon had, on a real Node-RED. */
describe("S0's validation list", function () {
    this.timeout(60_000);
    const fake = "fa4efa4efa4efa4e";
    const inject = (watts: string): FlowNode => ({ id: fake, type: "inject", z: at.tab, x: 0, y: 0, props: [{ p: "payload" }, { p: "topic", vt: "str" }], topic: "Solix output", payload: watts, payloadType: "num", wires: [[at.classifier]] });
    let rig: Rig;
    beforeEach(async () => {
        rig = await Rig.start([{ name: "db_server_1", services: ["postgresql"], after: ["web"] }, { name: "web", services: ["frontend", "api"] }]);
        await rig.switchOn();
    });
    afterEach(() => rig.stop());

    const results = (): RunResult[] => rig.red.received(at.result).flatMap(({ result }) => (result === undefined ? [] : [result as RunResult]));
    const texts = (): string[] => rig.telegram.messages.map(({ text }) => text);
    const told = (part: string): Promise<void> => rig.red.eventually(() => texts().some((text) => text.includes(part)), 10_000, () => `an alert with "${part}", got ${JSON.stringify(texts())}`);
    const connections = (): number => rig.hosts.reduce((sum, host) => sum + host.connections, 0);
    async function outage(options: Partial<MonitorOptions>, watts = 25): Promise<RunResult> {
        await rig.deploy(options);
        await rig.state("HEALTHY");
        rig.plug.setWatts(watts);
        await rig.red.eventually(() => results().length > 0, 30_000, () => "the end of the run");
        return results()[0] as RunResult;
    }

    it("runs without hardware in dry run: every step is walked through, no host is even connected to", async () => {
        const result = await outage({ dryRun: true, enabled: true });
        assert.deepEqual([result.outcome, result.mode], ["dry-run", "rehearsal"]);
        await told("[DRY RUN] POWER CRITICAL");
        assert.equal(connections(), 0);
    });

    it("respects SHUTDOWN_ENABLED: with dry run off it still sends nothing, and says that a person has to act", async () => {
        const result = await outage({ dryRun: false, enabled: false });
        assert.equal(result.outcome, "not-enabled");
        await told("Shutdown NOT enabled. Manual intervention required!");
        assert.equal(connections(), 0);
    });

    it("armed by both switches it stops the services in order, then shuts down every host, and tells it in S0's words", async () => {
        const result = await outage({ dryRun: false, enabled: true });
        assert.deepEqual([result.outcome, result.mode], ["completed", "live"]);
        assert.deepEqual(rig.told("web"), [stopCommand("frontend"), stopCommand("api"), finalCommand]);
        assert.deepEqual(rig.told("db_server_1"), [stopCommand("postgresql"), finalCommand]);
        await told("INITIATING GRACEFUL SHUTDOWN");
        await told("All services stopped.");
        assert.ok(texts().some((text) => text.includes("db_server_1")), "a host name with underscores arrives");
    });

    it("a jump from HEALTHY to DEAD still shuts down", async () => {
        assert.equal((await outage({ dryRun: false, enabled: true }, 2)).outcome, "completed");
        assert.deepEqual(rig.transitions().map(({ to }) => to), ["DEAD"]);
    });

    it("state and since survive kill -9, and the same outage neither alerts nor runs again", async () => {
        await outage({ dryRun: false, enabled: true });
        await told("All services stopped.");
        await told("Graceful shutdown done.");
        const { since } = rig.transitions().at(-1) as Transition;
        const [commands, alerts] = [rig.toldInAll, texts().length];
        await rig.red.kill("SIGKILL");
        await rig.switchOn();
        await rig.red.until(at.reading, 3, 15_000);
        const power = rig.red.received(at.reading).at(-1)?.power as { state: string; since: number };
        assert.deepEqual(power.state, "CRITICAL");
        assert.ok(Math.abs(power.since - since) < 1, `since ${since}, after the restart ${power.since}`);
        assert.equal(rig.toldInAll, commands);
        // What was delivered a moment before the kill may come once more: told twice is better than never.
        const again = texts().slice(alerts).filter((text) => !texts().slice(0, alerts).some((earlier) => text.endsWith(earlier)));
        assert.deepEqual(again, [], "no new alert");
    });

    it("a missing field is not 0 W: five such polls are one alert with their number, and nothing is shut down", async () => {
        await rig.deploy();
        await rig.state("HEALTHY");
        await rig.plug.setFault("bare");
        await told("5 consecutive failures");
        assert.deepEqual(rig.transitions().map(({ to }) => to), ["UNKNOWN"]);
        await told("10 consecutive failures");
        assert.equal(connections(), 0);
        await rig.plug.setFault("none");
        await rig.state("HEALTHY");
        assert.equal(results().length, 0);
    });

    it("everything armed and 3 W injected: rehearsed at most, not one connection; the real outage after it is not held up", async () => {
        await rig.deploy({ dryRun: false, enabled: true, more: [inject("3")] });
        await rig.state("HEALTHY");
        await rig.red.inject(fake);
        await rig.red.eventually(() => results().length > 0, 30_000, () => "the rehearsal");
        assert.deepEqual(results().map(({ mode, simulated }) => [mode, simulated]), [["rehearsal", true]]);
        assert.equal(connections(), 0);
        await told("[SIMULATED]");
        rig.plug.setWatts(25);
        assert.equal((await rig.result()).outcome, "completed");
    });

    it("everything armed and a tape of the very same device, that says of itself to be real, wired to everything: rehearsed at most", async () => {
        const lines: object[] = [{ kind: "tape", version: 1, name: "mine" }];
        for (let at = 0; at <= 60_000; at += 1000) {
            const dark = at > 10_000;
            lines.push({ kind: "reading", at, device: "solix_output", source: "kasa", quality: "good", watts: dark ? 3 : 420, charge: dark ? 1 : 90, mains: dark ? "absent" : "present", flags: dark ? ["FSD", "OB", "LB"] : ["OL"], simulated: false });
            lines.push({ kind: "power", at, device: "solix_output", state: dark ? "DEAD" : "HEALTHY", since: dark ? 11_000 : 0, conclusive: true });
            if (dark) lines.push({ kind: "command", at, action: "shutdown", stream: "solix_output", reason: "3 W", conclusive: true });
        }
        const folder = join(rig.red.userDir, "ridethrough", "tapes");
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, "mine.jsonl"), lines.map((line) => JSON.stringify(line)).join("\n"));
        const place = { z: at.tab, x: 0, y: 0 };
        const behind = [[at.sequencer], [at.sequencer], [at.sequencer]];
        const more = [
            { ...playerStored, ...place, id: "player", tape: "mine", speed: "1000", wires: [["trigger", "group", at.classifier, at.sequencer], ["replay"]] },
            { ...triggerStored, ...place, id: "trigger", wires: [[at.sequencer, "group"], [at.sequencer], [at.sequencer, "group"]] },
            { ...groupStored, ...place, id: "group", members: [{ name: "solix_output", role: "counts" }], wires: behind },
            { ...place, id: "replay", type: "junction", wires: [[]] },
            { ...inject("play"), payloadType: "str", wires: [["player"]] },
        ] as FlowNode[];
        await rig.deploy({ dryRun: false, enabled: true, more });
        await rig.state("HEALTHY");
        await rig.red.inject(fake);
        const ended = (): boolean => rig.red.received("replay").some(({ replay }) => (replay as { state: string }).state === "ended");
        await rig.red.eventually(() => ended() && results().length > 0, 30_000, () => "the end of the tape and of the rehearsal");
        assert.ok(results().every(({ mode, simulated }) => mode === "rehearsal" && simulated === true), JSON.stringify(results()));
        assert.equal(connections(), 0);
        rig.plug.setWatts(25);
        assert.equal((await rig.result()).mode, "live", "the real outage after it is not held up");
    });
});
