import assert from "node:assert/strict";
import { playTape, type Played, type Speed } from "../../../lib/stores/tape-deck";
import type { Tape, TapeReading } from "../../../lib/stores/tape";
import { VirtualClock } from "../../support/virtual-clock";

const at = (ms: number, device = "ups1"): TapeReading => ({ reading: { device, source: "nut", at: ms, quality: "good", charge: 90 } });
const tapeOf = (...readings: TapeReading[]): Tape => ({ header: { version: 1, name: "t", about: "", trigger: {} }, readings, decisions: [], others: 0, bad: 0, torn: false });
const base = 1_800_000_000_000;

describe("a tape that is played", () => {
    async function play(tape: Tape, speed: Speed, stopAfter = Infinity): Promise<{ real: number[]; played: Played[]; ended: number; pass: (ms: number) => Promise<void> }> {
        const clock = new VirtualClock();
        const start = clock.monotonic();
        const result = { real: [] as number[], played: [] as Played[], ended: 0, pass: (ms: number) => clock.pass(ms) };
        const stop = playTape(tape, {
            speed, base, clock,
            emit: (played) => {
                result.real.push(clock.monotonic() - start);
                if (result.played.push(played) >= stopAfter) stop();
            },
            ended: () => (result.ended += 1),
        });
        await clock.pass(1_000_000);
        assert.equal(clock.pending, 0, "no timer is left behind");
        return result;
    }

    const speeds: [speed: Speed, real: number[]][] = [[1, [0, 5000, 6000]], [10, [0, 500, 600]], [1000, [0, 5, 6]], ["max", [0, 0, 0]]];
    for (const [speed, real] of speeds) {
        it(`at ${speed}: at the same event times, ${real.at(-1)} ms long`, async () => {
            const result = await play(tapeOf(at(0), at(5000), at(6000)), speed);
            assert.deepEqual([result.real, result.played.map(({ reading }) => reading.at - base), result.ended], [real, [0, 5000, 6000], 1]);
        });
    }
    it("every reading is tainted, and the first of each device begins its stream anew", async () => {
        const { played } = await play(tapeOf(at(0), at(0, "ups2"), at(5), at(5, "ups2")), "max");
        assert.deepEqual(played.map(({ reading }) => [reading.simulated, reading.begins]), [[true, true], [true, true], [true, undefined], [true, undefined]]);
    });
    it("days of readings are made ready one by one: a tape that begins holds nobody up", () => {
        let looks = 0;
        const watched = Array.from({ length: 1000 }, (_, ms) => ({ get reading() { return looks += 1, at(ms).reading; } }));
        playTape(tapeOf(...watched), { speed: "max", base, clock: new VirtualClock(), emit: () => undefined, ended: () => undefined });
        assert.ok(looks < 1500, `1000 readings were looked at ${looks} times`); // for their times alone
    });
    it("power states and estimates move with their readings", async () => {
        const entry: TapeReading = { reading: { ...at(5000).reading, estimated: { low: 1, high: 2, since: 4000 } }, power: { state: "CRITICAL", since: 3000, conclusive: true } };
        const [played] = (await play(tapeOf(entry), 1)).played;
        assert.deepEqual([played?.power?.since, played?.reading.estimated?.since, played?.power?.reading === played?.reading], [base + 3000, base + 4000, true]);
    });
    it("a gap of hours, or a clock that jumps, is waited for a minute of the tape; one that goes back not at all", async () => {
        assert.deepEqual((await play(tapeOf(at(0), at(7_200_000), at(3000), at(4000)), 1)).real, [0, 60_000, 60_000, 61_000]);
    });
    it("stopped, it says nothing more, not even that it has ended", async () => {
        const { played, ended } = await play(tapeOf(at(0), at(1), at(2)), 1, 2);
        assert.deepEqual([played.length, ended], [2, 0]);
    });
    it("of many readings it gives others their turn in between, and keeps the order", async () => {
        const { played, ended } = await play(tapeOf(...Array.from({ length: 500 }, (_, ms) => at(ms))), "max");
        assert.deepEqual([played.map(({ reading }) => reading.at - base), ended], [Array.from({ length: 500 }, (_, ms) => ms), 1]);
    });
    it("an empty one ends", async () => assert.equal((await play(tapeOf(), 60)).ended, 1));
});
