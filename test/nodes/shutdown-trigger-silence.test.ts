import assert from "node:assert/strict";
import type { TriggerState } from "../../lib/power/trigger-state";
import { Silence } from "../../nodes/shutdown-trigger/silence";
import { judgeAll, onBattery, online, poll, polls } from "../support/trigger-story";

/** Its event time runs 1,000,000 ms ahead of the monotonic clock. */
const ahead = 1_000_000;
const stateOf = (on: Partial<typeof onBattery>) => (): TriggerState | undefined => judgeAll([poll(0, on)])[0]?.state;

describe("silence of a stream", () => {
    /** Listens to polls until 60 s, then to nothing; when missing readings are made up, in s of the monotonic clock. */
    const made = (every: number, on: Partial<typeof onBattery>, simulated = false): number[] => {
        const silence = new Silence();
        for (const reading of polls(0, 61, on, every)) silence.hear("ups1", { ...reading, at: reading.at + ahead, ...(simulated && { simulated: true }) }, reading.at);
        const seconds = Array.from({ length: 240 }, (_, second) => 61 + second);
        return seconds.filter((second) => silence.due(stateOf(on), second * 1000).length > 0).slice(0, 3);
    };
    it("is noticed after 15 s, then told as often as the source used to speak", () => {
        assert.deepEqual(made(1, onBattery), [75, 76, 77]);
        assert.deepEqual(made(5, onBattery), [75, 80, 85]);
    });
    it("of a slow source after three times its usual interval", () => assert.deepEqual(made(30, onBattery), [150, 180, 210]));
    it("of one that has spoken once, as of a slow one; a few quick words make a slow source no quick one", () => {
        const silence = new Silence();
        const noticed = (): number => Array.from({ length: 300 }, (_, second) => second).find((second) => silence.due(stateOf(onBattery), second * 1000).length > 0) ?? Infinity;
        silence.hear("ups1", poll(-61, onBattery), -61_000);
        silence.hear("ups1", poll(-1, onBattery), -1000);
        for (const second of [0, 1, 2]) silence.hear("ups1", poll(second, onBattery), second * 1000);
        assert.equal(noticed(), 182);
        const once = new Silence();
        once.hear("ups1", poll(0, onBattery), 0);
        assert.deepEqual([once.due(stateOf(onBattery), 89_000).length, once.due(stateOf(onBattery), 90_000).length], [0, 1]);
    });
    it("needs no look while nothing can be due: who looks when it says so misses nothing", () => {
        for (const every of [1, 5, 30]) {
            const silence = new Silence();
            const looks: number[] = [];
            let look = 0;
            const heard = polls(0, 61, onBattery, every);
            for (let now = 0; now < 300; now += 1) {
                for (const reading of heard.filter(({ at }) => at === now * 1000)) silence.hear("ups1", reading, now * 1000);
                if (now < look) continue;
                if (silence.due(stateOf(onBattery), now * 1000).length > 0) looks.push(now);
                look = now + Math.max(1, silence.quietMs(now * 1000) / 1000);
            }
            assert.deepEqual(looks.slice(0, 3), made(every, onBattery), `every ${every} s`);
        }
        const quiet = new Silence();
        quiet.hear("ups1", poll(0, onBattery), 0);
        assert.deepEqual([quiet.quietMs(0), quiet.quietMs(85_000)], [15_000, 5000]);
    });
    it("of one that repeats its last reading for ever is noticed, too", () => {
        const silence = new Silence();
        for (let second = 0; second <= 20; second += 5) silence.hear("ups1", poll(Math.min(second, 5), onBattery), second * 1000);
        assert.deepEqual([silence.due(stateOf(onBattery), 19_000).length, silence.due(stateOf(onBattery), 20_000).length], [0, 1]);
    });
    it("of a simulated stream never: it just ends", () => assert.deepEqual(made(1, onBattery, true), []));
    it("makes missing readings in the stream's own event time, with the cause", () => {
        const silence = new Silence();
        for (const second of [-5, 0]) silence.hear("ups1", { ...poll(0, online), at: ahead + second * 1000 }, second * 1000);
        const [reading] = silence.due(stateOf(online), 16_000);
        assert.deepEqual([reading?.at, reading?.quality, reading?.source, reading?.mains], [ahead + 16_000, "missing", "nut", undefined]);
        assert.match(reading?.error ?? "", /^ups1: nothing new has come in for 16 s; is its reader deployed/);
    });
    it("of what was on battery before a restart is noticed too, unless that was long ago", () => {
        const heard = (agoMs: number, on = onBattery): number => {
            const silence = new Silence();
            const state = { ...stateOf(on)()!, intervals: [5000] };
            silence.expect("ups1", state, state.order.at + agoMs, 0);
            return silence.due(() => state, 20_000).length;
        };
        assert.deepEqual([heard(60_000), heard(7_200_000), heard(60_000, online)], [1, 0, 0]);
    });
});
