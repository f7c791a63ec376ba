import assert from "node:assert/strict";
import { runCli } from "../../cli/run-cli";
import type { Verdict } from "../../lib/power/verdict";
import { onTape } from "../../lib/stores/tape-replay";
import type { Replay } from "../../nodes/tape-player/replay";
import player from "../fixtures/configs/tape-player.v1.json";
import trigger from "../fixtures/configs/shutdown-trigger.v1.json";
import { scripts } from "../../scripts/tape-scripts";
import { startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";

const names = scripts.map(({ name }) => name);
const tab = "abcdef0000000001";

/** For each tape a player of its own, a trigger behind it that is wired back, and a place where the verdicts arrive. */
function flowOf(name: string): FlowNode[] {
    const settings = scripts.find((script) => script.name === name)?.trigger ?? {};
    const place = { z: tab, x: 0, y: 0 };
    return [
        { ...player, ...place, id: `player ${name}`, tape: name, wires: [[`trigger ${name}`], [`replay ${name}`]] },
        { ...trigger, ...settings, ...place, id: `trigger ${name}`, wires: [[], [], [`verdicts ${name}`, `player ${name}`]] },
        { ...place, id: `verdicts ${name}`, type: "junction", wires: [[]] },
        { ...place, id: `replay ${name}`, type: "junction", wires: [[]] },
        { ...place, id: `play ${name} x1000`, type: "inject", props: [{ p: "payload" }], payload: '{"speed":1000}', payloadType: "json", wires: [[`player ${name}`]] },
        { ...place, id: `play ${name} x100`, type: "inject", props: [{ p: "payload" }], payload: '{"speed":100}', payloadType: "json", wires: [[`player ${name}`]] },
    ] as FlowNode[];
}

/**
 * One tape, one list of verdicts: on the command line and in a flow, at any speed, the first time and the second. `npm test` runs
 * with Node-RED 4.1, and with 5 where RIDETHROUGH_NODE_RED names it; the command line is the same in both.
 */
describe("the shipped tapes in a flow", function () {
    this.timeout(90_000);
    let red: NodeRed;
    const plays = new Map<string, { verdicts: string[]; end: Replay | undefined }>();

    before(async () => {
        red = await startNodeRed();
        await red.deploy([{ id: tab, type: "tab", label: "tapes" }, ...names.flatMap(flowOf)]);
        for (const speed of ["x1000", "x100"]) {
            red.forget();
            await Promise.all(names.map((name) => red.inject(`play ${name} ${speed}`)));
            const ends = (): (Replay | undefined)[] => names.map((name) => red.received(`replay ${name}`).map((msg) => msg.replay as Replay).find(({ state }) => state === "ended"));
            await red.eventually(() => ends().every((end) => end !== undefined), 60_000, () => `the end at ${speed} of ${names.filter((_, place) => ends()[place] === undefined).join(", ")}`);
            for (const [place, name] of names.entries()) {
                const verdicts = red.received(`verdicts ${name}`).map((msg) => msg.verdict as Verdict);
                const began = verdicts[0]?.at ?? 0;
                plays.set(`${name} ${speed}`, { verdicts: verdicts.map((verdict) => JSON.stringify(onTape(verdict, began))), end: ends()[place] });
            }
        }
    });
    after(() => red?.stop());

    for (const name of names) {
        it(`${name}: the same verdicts byte for byte as on the command line, at x1000 and then at x100`, async () => {
            const wanted: string[] = [];
            await runCli(["replay", name, "--json"], { out: (line) => wanted.push(line), complain: () => undefined });
            assert.ok(wanted.length > 10);
            for (const speed of ["x1000", "x100"]) assert.deepEqual(plays.get(`${name} ${speed}`)?.verdicts, wanted, speed);
        });
        it(`${name}: the player says that all is as expected`, () => {
            for (const speed of ["x1000", "x100"]) {
                const text = plays.get(`${name} ${speed}`)?.end?.text ?? "";
                assert.match(text, /: as expected, (\d+) of \1$/, `${speed}: ${text}`);
            }
        });
    }
    // Ten tapes at a thousand times their speed ask more of a busy machine's disk than a real outage: that it was late is then true.
    it("nothing is said to have gone wrong", () => assert.deepEqual(red.errors(), []));
});
