import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import type { RealNut } from "../test/support/nut";
import { startUpsmon, upsmonMissing } from "../test/support/upsmon";
import { atMost, type Figure } from "./figure";
import { childrenCpuMsOf, cpuMsOf, cpuMsWithin } from "./process-time";
import type { Runtime } from "./runtime";
import { upsFlow } from "./ups-flow";

const measuredMs = 30_000;
const settleMs = 8000;
const upscRuns = 300;
const streams = 50;
const burst = 400;

const hourly = (msPerSecond: number): number => msPerSecond * 3.6;
const seconds = (value: number): string => `${value.toFixed(2)} CPU-s`;
const percent = (value: number): string => `${value.toFixed(1)} %`;
const micros = (value: number): string => `${value.toFixed(0)} us`;

/** CPU time for a UPS that is read once a second: ours, upsmon's, and of an upsc for each reading; and how far one core goes. */
export async function measureUpsCpu(runtime: Runtime, nut: RealNut, upses: readonly string[]): Promise<Figure[]> {
    await runtime.deploy([]);
    await wait(settleMs);
    const idle = await busy();
    const reading = async (names: readonly string[], decided = true): Promise<{ perReadingMs: number; percent: number; readings: number }> => {
        let readings = 0;
        await runtime.deploy(upsFlow(nut, { upses: names, seconds: "1", decided }));
        await wait(settleMs);
        runtime.listen("verdicts", () => (readings += 1));
        const cpu = await busy();
        return { perReadingMs: Math.max(0, cpu - idle) * measuredMs / 1000 / readings, percent: cpu / 10, readings };
    };
    const one = await reading(upses.slice(0, 1));
    const many = await reading(upses);
    const perReading = await decisionMicros(runtime);
    await runtime.deploy([]);

    const upsmon = await upsmonMsPerSecond(nut, upses[0] ?? "");
    const upsc = await upscMs(nut, upses[0] ?? "");
    const ours = { one: hourly(one.perReadingMs), many: hourly(many.perReadingMs) };
    const besides = `upsc each second ${seconds(hourly(upsc))}, idle Node-RED ${seconds(hourly(idle))}`;
    const besideUpsmon = (name: string, value: number): Figure => {
        if (upsmon === undefined) return { name, value: `${seconds(value)} (${besides}; upsmon not measured: ${upsmonMissing()})` };
        return atMost(name, value / hourly(upsmon), 2, (ratio) => `${ratio.toFixed(2)} x upsmon`, ` (${seconds(value)}, upsmon ${seconds(hourly(upsmon))})`);
    };
    return [
        besideUpsmon(`UPS-hour at 1 s polling, one of ${upses.length} readers`, ours.many),
        besideUpsmon("UPS-hour at 1 s polling, a single reader", ours.one),
        atMost("UPS-hour at 1 s polling, a single reader", ours.one / hourly(upsc), 0.1, (ratio) => `${ratio.toFixed(3)} of spawning upsc`, ` (${besides})`),
        atMost(`${upses.length} UPSes at 1 s: CPU, of one core`, many.percent - idle / 10, 5, percent, ` (and idle ${percent(idle / 10)}; ${(many.readings / measuredMs * 1000).toFixed(0)} readings a second)`),
        { name: `${streams} UPSes: a decision`, value: `${micros(perReading)} of CPU a reading, Node-RED's wires included` },
    ];
}

/** CPU time of this process, ms a second. */
async function busy(): Promise<number> {
    return await cpuMsWithin(measuredMs) / measuredMs * 1000;
}

/** CPU time in us of a reading through the trigger, many streams taking turns. */
async function decisionMicros(runtime: Runtime): Promise<number> {
    const readings = streams * burst;
    let verdicts = 0;
    let full: () => void = () => undefined;
    runtime.listen("verdicts", ({ reading }) => {
        if ((reading as { source: string }).source !== "bench") return;
        verdicts += 1;
        if (verdicts % readings === 0) full();
    });
    let at = Date.now();
    const round = async (): Promise<number> => {
        const done = new Promise<void>((resolve) => { full = resolve; });
        const before = process.cpuUsage();
        for (let second = 0; second < burst; second += 1) {
            at += 1000;
            for (let ups = 0; ups < streams; ups += 1) {
                const onBattery = second % 200 > 100;
                const left = onBattery ? 100 - (second % 200 - 100) * 0.1 : 100;
                runtime.send("trigger", { topic: `bench${ups}`, payload: left, reading: {
                    device: `bench${ups}`, source: "bench", at, quality: "good", mains: onBattery ? "absent" : "present", flags: onBattery ? ["OB", "DISCHRG"] : ["OL"],
                    charge: Math.round(left), runtime: Math.round(left * 36), load: 30 + second % 3, watts: 270 + second % 7, volts: onBattery ? 0 : 230 + second % 4, simulated: true,
                } });
            }
            await new Promise((resolve) => setImmediate(resolve));
        }
        await done;
        const { user, system } = process.cpuUsage(before);
        return (user + system) / readings;
    };
    const rounds = [];
    for (let count = 0; count < 5; count += 1) rounds.push(await round());
    return Math.min(...rounds.slice(1));
}

/** CPU time of upsmon in one process, ms a second. */
async function upsmonMsPerSecond(nut: RealNut, ups: string): Promise<number | undefined> {
    if (upsmonMissing() !== undefined) return undefined;
    const upsmon = await startUpsmon({ ups, port: nut.port, user: "mon", password: nut.users.mon });
    await wait(settleMs);
    const before = cpuMsOf(upsmon.pid);
    await wait(measuredMs);
    const spent = cpuMsOf(upsmon.pid) - before;
    await upsmon.stop();
    return spent / measuredMs * 1000;
}

/** CPU time of one upsc from a shell, ms. Ten a second, since the system counts what has ended to 10 ms only. */
async function upscMs(nut: RealNut, ups: string): Promise<number> {
    const shell = spawn("bash", ["-c", `for run in $(seq ${upscRuns}); do upsc ${ups}@127.0.0.1:${nut.port} >/dev/null 2>&1; read -rt 0.1; done; echo done; read -r`], { stdio: ["pipe", "pipe", "ignore"] });
    await once(shell.stdout, "data");
    const spent = childrenCpuMsOf(shell.pid ?? 0);
    shell.stdin.end();
    await once(shell, "exit");
    return spent / upscRuns;
}
