import { createRequire } from "node:module";
import { setTimeout as wait } from "node:timers/promises";
import type { FlowMsg } from "../test/support/node-red";
import { eventually } from "../test/support/eventually";
import type { RealNut } from "../test/support/nut";
import { startUpsmon, upsmonMissing } from "../test/support/upsmon";
import type { NutLines } from "../lib/devices/nut-line";
import type { Verdict } from "../lib/power/verdict";
import { atMost, median, quantile, type Figure } from "./figure";
import type { Runtime } from "./runtime";
import { upsFlow } from "./ups-flow";

const outages = 400;
const changesBeside = 8;
const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;

/** From the bytes of the server's answer to what follows from it, through reader and trigger. */
export async function measureDecisions(runtime: Runtime, nut: RealNut): Promise<Figure[]> {
    // No polls but those that are asked for, and an outage is over with the first reading on mains.
    await runtime.deploy(upsFlow(nut, { upses: ["ups1"], seconds: "3600", mainsStable: "0" }));
    const arrival = watchArrivals();
    let came: (place: string) => void = () => undefined;
    for (const place of ["decisions", "restored", "verdicts"]) runtime.listen(place, () => came(place));
    const poll = async (place: string): Promise<number> => {
        const arrived = new Promise<number>((resolve) => { came = (at) => void (at === place && resolve(performance.now() - arrival.at)); });
        runtime.send("ups1", {});
        return await arrived;
    };
    const times: number[] = [];
    for (let outage = -20; outage < outages; outage += 1) {
        await nut.apply("ups1", { "ups.status": "FSD OB LB" });
        const decided = await poll("decisions");
        await nut.apply("ups1", { "ups.status": "OL" });
        await poll("restored");
        if (outage >= 0) times.push(decided);
    }
    arrival.stop();
    await runtime.deploy([]);
    return [
        { name: "UPS: a reading's arrival to the decision, p50", value: ms(median(times)) },
        atMost("UPS: a reading's arrival to the decision, p99", quantile(times, 0.99), 20, ms, ` (${times.length} decisions)`),
    ];
}

/** Notes when bytes from a NUT server reach the built package. */
function watchArrivals(): { at: number; stop(): void } {
    const { NutLines: { prototype } } = createRequire(__filename)("../dist/lib/devices/nut-line") as { NutLines: { prototype: NutLines } };
    const { take } = prototype;
    const watch = { at: 0, stop: () => void (prototype.take = take) };
    prototype.take = function (this: NutLines, chunk: Buffer) {
        watch.at = performance.now();
        return take.call(this, chunk);
    };
    return watch;
}

/** Changes that both must act upon at once, and what of our defaults that takes. */
const changes = [
    { status: "FSD OB LB", settings: {}, said: "FSD, our defaults" },
    { status: "OB LB", settings: { stabilization: "0", lowBatterySamples: "1", lowBatteryFor: "0", lowBatteryAlone: "0" }, said: "OB LB, our stabilization and persistence set to 0, as upsmon has none" },
];

/** From the moment when upsd serves a change until our decision, and until upsmon's SHUTDOWNCMD: of the same change, both polling once a second. */
export async function measureBesideUpsmon(runtime: Runtime, nut: RealNut): Promise<Figure[]> {
    const missing = upsmonMissing();
    if (missing !== undefined) return [{ name: "UPS: change served to decision, beside upsmon", value: `not measured: ${missing}` }];
    const figures: Figure[] = [];
    for (const { status, settings, said } of changes) {
        await runtime.deploy(upsFlow(nut, { upses: ["ups1"], seconds: "1", mainsStable: "0", ...settings }));
        let decidedAt: number | undefined;
        let last: Verdict | undefined;
        runtime.listen("decisions", () => (decidedAt ??= now()));
        runtime.listen("verdicts", ({ verdict }: FlowMsg) => (last = verdict as Verdict));
        const times = { ours: [] as number[], upsmon: [] as number[] };
        for (let change = 0; change < changesBeside; change += 1) {
            await eventually(() => last?.supply === "mains" && last.decision === "none", 90_000, () => `a quiet UPS, not ${last?.text}`);
            const upsmon = await startUpsmon({ upses: ["ups1"], port: nut.port, user: "mon", password: nut.users.mon });
            // Wherever in their second the two polls lie.
            await wait(1200 + (change + 0.5) / changesBeside * 1000);
            decidedAt = undefined;
            await nut.apply("ups1", { "ups.status": status });
            const servedAt = now();
            await eventually(() => decidedAt !== undefined && upsmon.shutdownAt() !== undefined, 20_000, () => `both to decide: ${last?.text}; ${upsmon.log()}`);
            times.ours.push(Math.max(0, (decidedAt ?? NaN) - servedAt));
            times.upsmon.push(Math.max(0, (upsmon.shutdownAt() ?? NaN) - servedAt));
            await upsmon.stop();
            // upsmon has set FSD, which the server keeps until it starts anew.
            await nut.apply("ups1", { "ups.status": "OL" });
            await nut.restart();
            last = undefined;
        }
        figures.push(beside(said, times));
    }
    await runtime.deploy([]);
    return figures;
}

function beside(said: string, { ours, upsmon }: { ours: number[]; upsmon: number[] }): Figure {
    const range = (list: number[]): string => `median ${ms(median(list))}, ${ms(Math.min(...list))} to ${ms(Math.max(...list))}`;
    return { name: "UPS: change served to decision at 1 s polling", value: `${range(ours)}; upsmon ${range(upsmon)} (${ours.length} changes each; ${said})` };
}

/** As the shell's date says it, ms. */
function now(): number {
    return performance.timeOrigin + performance.now();
}
