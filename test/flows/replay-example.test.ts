import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { runCli } from "../../cli/run-cli";
import type { RunResult } from "../../lib/shutdown/progress";
import type { Replay } from "../../nodes/tape-player/replay";
import { example, nodeOf } from "../support/example-flow";
import { startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";

/** The example as a person imports it, only faster. */
describe("example 11, Replay an outage", function () {
    this.timeout(60_000);
    const flow: FlowNode[] = example("11 Replay an outage").map((node) => (node.type === "tape-player" ? { ...node, speed: "1000" } : node));
    let red: NodeRed;
    before(async () => {
        red = await startNodeRed();
        await red.deploy(flow);
    });
    after(() => red?.stop());
    beforeEach(() => red.forget());
    const debug = (name: string): string => nodeOf(flow, "debug", name).id;
    const results = (): RunResult[] => red.received(debug("result")).map((msg) => msg.result as RunResult);
    const ends = (): Replay[] => red.received(debug("replay")).map((msg) => msg.replay as Replay).filter(({ state }) => state === "ended");
    const play = async (name: string): Promise<Replay | undefined> => {
        const before = ends().length;
        await red.inject(nodeOf(flow, "inject", name).id);
        await red.eventually(() => ends().length > before, 20_000, () => `the end of ${name}`);
        return ends().at(-1);
    };

    for (const round of ["the first time", "and again"]) {
        it(`an outage is decided, rehearsed and over, as expected: ${round}`, async () => {
            assert.equal((await play("slow-drain"))?.text, "slow-drain: as expected, 2 of 2");
            await red.eventually(() => results().length === 1, 20_000, () => "the rehearsal");
            assert.deepEqual([results()[0]?.mode, results()[0]?.simulated], ["rehearsal", true]);
            assert.match(results()[0]?.reason ?? "", /runtime 599 s is below 600 s/);
            assert.deepEqual(red.received(debug("alert")).filter((msg) => msg.verdict !== undefined).map(({ payload }) => payload), ["shutdown", "restored"]);
        });
    }
    it("an outage that ends in the dark leaves the next one free to be rehearsed", async () => {
        for (const name of ["cliff", "lb-alone"]) {
            const before = results().length;
            assert.match((await play(name))?.text ?? "", /: as expected, /);
            await red.eventually(() => results().length > before, 20_000, () => `the rehearsal of ${name}`);
        }
    });
    for (const name of ["blip", "apc-bx-lb-glitch", "calibration"]) {
        it(`${name} shuts nothing down`, async () => {
            assert.match((await play(name))?.text ?? "", /: as expected, /);
            assert.deepEqual(results(), []);
        });
    }
    it("what happened is on a tape, and that tape leads to the same decisions without Node-RED", async () => {
        const folder = join(red.userDir, "ridethrough", "tapes");
        await red.eventually(() => (red.status(nodeOf(flow, "tape-recorder").id)?.text ?? "").startsWith("recording"), 10_000, () => "the tape");
        const [file = ""] = readdirSync(folder);
        assert.match(file, /^replay-\d{8}T\d{6}\.jsonl$/);
        const lines: string[] = [];
        const take = (line: string): void => void lines.push(line);
        await runCli(["replay", join(folder, file)], { out: take, complain: take });
        assert.ok(lines.some((line) => /shutdown {4}ups1: shutdown: runtime 599 s/.test(line)), lines.join("\n"));
    });
    it("nothing is said to have gone wrong", () => assert.deepEqual(red.errors(), []));
});
