import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { parseRapl, raplPower, raplWatts } from "../../../lib/devices/rapl";
import type { Trouble } from "../../../lib/kit/trouble";
import { VirtualClock } from "../../support/virtual-clock";

const range = 262_143_328_850;
const answer = (uptime: number, energies: (number | undefined)[], names = energies.map((_, index) => `package-${index}`)): string => [
    `/proc/uptime:${uptime} 999.99`,
    ...energies.flatMap((energy, index) => [
        `/sys/class/powercap/intel-rapl:${index}/name:${names[index]}`, `/sys/class/powercap/intel-rapl:${index}/max_energy_range_uj:${range}`,
        ...(energy === undefined ? [] : [`/sys/class/powercap/intel-rapl:${index}/energy_uj:${energy}`]),
    ]),
].join("\n");
const watts = (before: string, now: string): number | undefined => {
    const later = parseRapl(now);
    return later && raplWatts(parseRapl(before), later);
};

describe("the processors' energy counters (RAPL)", () => {
    const cases: [string, string, string, number | undefined][] = [
        ["two packages are added", answer(100, [1e6, 2e6]), answer(110, [501e6, 252e6]), 75],
        ["a counter that turned round goes on", answer(100, [range - 100e6]), answer(110, [400e6]), 50],
        ["psys counts the packages once more: left out", answer(100, [0, 0], ["package-0", "psys"]), answer(110, [500e6, 900e6], ["package-0", "psys"]), 50],
        ["two samples at one moment tell nothing", answer(100, [0]), answer(100, [500e6]), undefined],
        ["a restart between tells nothing", answer(5000, [0]), answer(60, [500e6]), undefined],
        ["too long between: it could have turned round unseen", answer(100, [0]), answer(500, [500e6]), undefined],
        ["a package that was not there before", answer(100, [0]), answer(110, [500e6, 1]), undefined],
    ];
    for (const [what, before, now, expected] of cases) it(what, () => equal(watts(before, now), expected));

    it("are measured by the host's own clock: two samples for the first reading, one for each later one", async () => {
        const clock = new VirtualClock();
        const answers = [answer(100, [0]), answer(101, [65e6]), answer(161, [65e6 + 60 * 80e6])];
        const meter = raplPower(clock);
        const ask = (): Promise<{ code: number; stdout: string; stderr: string }> => Promise.resolve({ code: 2, stdout: answers.shift() ?? "", stderr: "" });
        const first = meter.read(ask, "host a");
        await clock.pass(1000);
        deepEqual(await first, { source: "rapl", watts: 65 });
        deepEqual(await meter.read(ask, "host a"), { source: "rapl", watts: 80 });
    });

    it("that root alone may read say so; a machine without them has none", async () => {
        const read = (stdout: string): Promise<unknown> => raplPower().read(() => Promise.resolve({ code: 2, stdout, stderr: "" }), "host a");
        await rejects(read(answer(100, [undefined])), (error: Trouble) => {
            equal(error.kind, "auth");
            match(error.message, /host a: only root/);
            return true;
        });
        equal(await read(answer(100, [])), undefined);
        equal(await read(""), undefined);
    });
});
