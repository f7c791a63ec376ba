import assert from "node:assert/strict";
import { defaultTriggerConfig } from "../../../lib/power/trigger-config";
import { Streams } from "../../../lib/power/streams";
import type { TriggerState } from "../../../lib/power/trigger-state";
import { decideAmong } from "../../../lib/power/trigger-streams";
import { differences } from "../../../lib/stores/tape-check";
import { playable } from "../../../lib/stores/tape-deck";
import { readTape } from "../../../lib/stores/tape-file";
import { listTapes, shippedFolder } from "../../../lib/stores/tape-library";
import { onTape, replay } from "../../../lib/stores/tape-replay";
import { parseConfig } from "../../../nodes/shutdown-trigger/config";
import { scripts } from "../../../scripts/tape-scripts";

describe("the shipped tapes", () => {
    for (const { name, about, trigger = {} } of scripts) {
        describe(`${name}: ${about}`, () => {
            const load = async (): Promise<Awaited<ReturnType<typeof readTape>>> => readTape((await listTapes(shippedFolder)).find((tape) => tape.name === name)?.path ?? "");
            it("leads to what it must lead to, and to nothing else", async () => {
                const { check } = replay(await load(), parseConfig(trigger).config);
                assert.deepEqual(check && differences(check), []);
            });
            it("gives the same verdicts byte for byte: whenever it is played, and again after another play that was broken off", async () => {
                const tape = await load();
                const { config } = parseConfig(trigger);
                const wanted = replay(tape, config).verdicts.map((verdict) => JSON.stringify(verdict));
                const streams = new Streams<TriggerState>();
                const play = (base: number, upTo?: number): string[] => playable(tape, base).slice(0, upTo).map((played) => JSON.stringify(onTape(decideAmong(config, streams, played).verdict, base)));
                play(1, Math.floor((tape.readings.length * 2) / 3));
                for (const base of [1_800_000_000_001, 1_800_000_000_001, 4_000_000_000_000, 86_400_000]) assert.deepEqual(play(base), wanted);
            });
        });
    }
});

describe("a play that begins anew after a decision", () => {
    it("tells those who rehearse, in no verdict of the tape", async () => {
        const tape = await readTape((await listTapes(shippedFolder)).find(({ name }) => name === "cliff")?.path ?? "");
        const streams = new Streams<TriggerState>();
        const commands = [1, 2].map((base) => playable(tape, base * 1e12).flatMap((played) => decideAmong(defaultTriggerConfig, streams, played).command?.action ?? []));
        assert.deepEqual(commands, [["shutdown"], ["restored", "shutdown"]]);
    });
});
