import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { RealNut } from "../test/support/nut";
import { startUpsmon, upsmonMissing } from "../test/support/upsmon";
import { atMost, type Figure } from "./figure";
import { childrenCpuMsOf, cpuMsOf, cpuMsPerSecond, windows } from "./process-time";
import type { Runtime } from "./runtime";
import { upsFlow } from "./ups-flow";

const settleMs = 8000;
/** As many polls as of 50 UPSes in seven minutes, since a monitor runs for months: in the first minute each costs twice as much. */
const warmPolls = 20_000;
const upscRuns = 300;
const streams = 50;
const burst = 400;

const hourly = (msPerSecond: number): number => msPerSecond * 3.6;
const seconds = (value: number): string => `${value.toFixed(2)} CPU-s`;
const percent = (value: number): string => `${value.toFixed(1)} %`;
const micros = (value: number): string => `${value.toFixed(0)} us`;

/** CPU time for a UPS that is read once a second: ours, upsmon's, and of an upsc for each reading; and how far one core goes. */
export async function measureUpsCpu(runtime: Runtime, nut: RealNut, upses: readonly string[]): Promise<Figure[]> {
    const [first = ""] = upses;
    await runtime.deploy(upsFlow(nut, { upses, seconds: "1" }));
    await warmUp(runtime, upses);
    const costOf = async (flow: { upses: readonly string[]; verdicts?: boolean }): Promise<number> => {
        await runtime.deploy(upsFlow(nut, { ...flow, seconds: "1" }));
        return await settledCpu();
    };
    const many = await costOf({ upses, verdicts: false });
    const one = await costOf({ upses: [first], verdicts: false });
    const told = await costOf({ upses: [first] });
    const decision = await decisionMicros(runtime);
    await runtime.deploy([]);
    const idle = await settledCpu();
    const others = { upsmon: await upsmonMsPerSecond(nut, [first]), upsmonOfAll: await upsmonMsPerSecond(nut, upses), upsc: await upscMs(nut, first) };
    const [read = NaN, ask = NaN, tick = NaN] = await Promise.all(["read", "ask", "tick"].map((work) => bareMsPerSecond(nut, work)));

    const ours = { one: hourly(one - idle), told: hourly(told - idle), each: hourly((many - idle) / upses.length) };
    const beside = (name: string, value: number): Figure[] => [
        others.upsmon === undefined
            ? { name: `${name}, beside upsmon`, value: `${seconds(value)} (upsmon not measured: ${upsmonMissing()})` }
            : atMost(`${name}, beside upsmon`, value / hourly(others.upsmon), 2, (ratio) => `${ratio.toFixed(2)} x upsmon`, ` (${seconds(value)}, upsmon ${seconds(hourly(others.upsmon))})`),
        atMost(`${name}, beside upsc`, value / hourly(others.upsc), 0.1, (ratio) => `${ratio.toFixed(3)} of an upsc a second`, ` (upsc ${seconds(hourly(others.upsc))})`),
    ];
    return [
        ...beside(`a UPS-hour at 1 s, one of ${upses.length}`, ours.each),
        ...(others.upsmonOfAll === undefined ? [] : [{ name: `a UPS-hour at 1 s, one of ${upses.length} in upsmon, too`, value: `${seconds(hourly(others.upsmonOfAll / upses.length))}: upsmon asks each for its status only, ours for all variables` }]),
        ...beside("a UPS-hour at 1 s, alone", ours.one),
        { name: "a UPS-hour at 1 s, alone: each verdict sent to a node that does nothing", value: seconds(ours.told) },
        { name: "a UPS-hour at 1 s, alone: what it can't do without", value: `a bare Node.js that reads ${seconds(hourly(read))}, that never looks at the answer ${seconds(hourly(ask))}, that only ticks ${seconds(hourly(tick))}; idle Node-RED ${seconds(hourly(idle))}` },
        atMost(`${upses.length} UPSes at 1 s: CPU, of one core`, (many - idle) / 10, 5, percent, ` (and idle ${percent(idle / 10)})`),
        { name: `${streams} UPSes: a decision`, value: `${micros(decision)} of CPU a reading, Node-RED's wires included` },
    ];
}

async function settledCpu(): Promise<number> {
    await wait(settleMs);
    return await cpuMsPerSecond();
}

async function warmUp(runtime: Runtime, upses: readonly string[]): Promise<void> {
    let heard = 0;
    let all: () => void = () => undefined;
    runtime.listen("verdicts", () => {
        heard += 1;
        if (heard >= upses.length) all();
    });
    for (let polls = 0; polls < warmPolls; polls += upses.length) {
        heard = 0;
        const round = new Promise<void>((resolve) => { all = resolve; });
        for (const ups of upses) runtime.send(ups, {});
        await round;
    }
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

/** CPU time of one upsmon for these UPSes, ms a second. */
async function upsmonMsPerSecond(nut: RealNut, upses: readonly string[]): Promise<number | undefined> {
    if (upsmonMissing() !== undefined) return undefined;
    const upsmon = await startUpsmon({ upses, port: nut.port, user: "mon", password: nut.users.mon });
    await wait(settleMs);
    const before = cpuMsOf(upsmon.pid);
    await wait(windows.count * windows.ms);
    const spent = cpuMsOf(upsmon.pid) - before;
    await upsmon.stop();
    return spent / (windows.count * windows.ms) * 1000;
}

/** CPU time of a Node.js process that does nothing but that `work` of ups-bare.cjs once a second, ms a second. */
async function bareMsPerSecond(nut: RealNut, work: string): Promise<number> {
    const child = fork(join(__dirname, "ups-bare.cjs"), [work, nut.port, windows.count, windows.ms].map(String), { execArgv: [] });
    const [told] = (await once(child, "message")) as [number];
    await once(child, "exit");
    return told;
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
