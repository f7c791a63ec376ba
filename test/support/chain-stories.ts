import assert from "node:assert/strict";
import * as fc from "fast-check";
import { parsePlan, priorities, type ShutdownPlan } from "../../lib/shutdown/plan";
import { faults as troubles, happenings, type Phase, type Trouble, type Ups } from "./battery-world";
import { wirings, type Wiring } from "./chain";
import type { Act, Story } from "./chain-source";
import { ChainWorld } from "./chain-world";
import type { Fault } from "./outage-machine";

/** Waits until nothing is left of an outage. */
async function settle(world: ChainWorld, limit: number): Promise<boolean> {
    let since: number | undefined;
    for (let second = 0; second < limit; second += 1) {
        await world.tick();
        since = world.upSince !== undefined && world.chain.settled ? (since ?? second) : undefined;
        if (since !== undefined && second - since > 150) return true;
    }
    return false;
}

/** Runs without a report or with two, and reports that are not what the machines are. */
function reportsOf(world: ChainWorld): string[] {
    const found: string[] = [];
    const live = world.results.filter(({ mode }) => mode === "live");
    for (const run of new Set(world.progress.filter(({ mode }) => mode === "live").map((each) => each.run))) {
        const ends = live.filter((result) => result.run === run);
        const noted = (kind: "run" | "end"): boolean => world.disk.records.some((record) => record.kind === kind && record.run === run);
        // A process may be killed between the last record and the word, or before the first is on the disk.
        const unsaid = ends.length === 0 && world.kills > 0 && (noted("end") || !noted("run"));
        // Of one that is given up it is told first, then written down: rather twice than never.
        const again = ends.length === 2 && world.kills > 1 && ends.every(({ text }) => text.startsWith("the run was interrupted"));
        if (ends.length !== 1 && !unsaid && !again) found.push(`run ${run} has ${ends.length} results`);
    }
    for (const { name } of world.story.plan.hosts) {
        const machine = world.machines.get(name) ?? assert.fail();
        if (machine.fault !== "none" || world.odd.has(name)) continue;
        const told = live.filter(({ startedAt }) => startedAt >= (world.onSince.get(name) ?? 0)).flatMap(({ steps }) => {
            const [final, undone] = [`${name}/power-off`, `${name}/power-off/undo`].map((id) => steps.find((step) => step.id === id)?.state);
            return final === "done" ? [undone !== "done"] : [];
        }).at(-1) ?? false;
        const unheard = machine.off && (world.kills > 0 || world.trace.some((line) => line.endsWith("deployed anew"))) && world.disk.records.some((record) => record.kind === "intent" && record.step === `${name}/power-off`);
        if (machine.off !== told && !unheard) found.push(`${name} is ${machine.off ? "off" : "on"}, and the reports say ${told ? "off" : "on"}`);
        if (machine.off) continue;
        for (const service of machine.services.filter((each) => !machine.running.has(each))) {
            const id = `${name}/stop-service/${service}`;
            const last = live.filter(({ steps }) => steps.some((step) => step.id === id && (step.state === "done" || step.state === "failed"))).at(-1);
            if (last === undefined || last.steps.find((step) => step.id === `${id}/undo`)?.state === "done") found.push(`${service} on ${name} is stopped, and no report says so`);
        }
    }
    return found;
}

const lengthOf = ({ phases }: Story): number => Math.max(...phases.map((row) => row.reduce((sum, { lasts }) => sum + lasts, 0)));

/** Everything that is wrong with a story, which ends with one more outage. */
export async function wrongIn(story: Story, world = new ChainWorld(story)): Promise<string[]> {
    await world.chain.sequencer.ready;
    while (world.second < lengthOf(story)) await world.tick();
    world.say("CALM");
    world.all("mains", { perMinute: 8, chargesPerMinute: 5, collapse: 0, gauge: "whole", claims: "true", lowBatteryAt: 0 });
    if (!(await settle(world, 3600))) return [...world.wrong, "mains is back for long, and it is not settled"];
    const found = [...world.wrong, ...reportsOf(world)];
    for (const name of world.machines.keys()) world.switchOn(name);
    world.say("ONE MORE OUTAGE");
    const before = world.results.length;
    world.all("outage", world.planSeconds > 400 ? { perMinute: 3 } : {});
    const isUp = (): string[] => [...world.machines].flatMap(([name, { off, fault }]) => (off || fault !== "none" ? [] : [name]));
    for (const end = world.second + 1800; world.second < end && isUp().length > 0;) await world.tick();
    if (isUp().length > 0) return [...found, `one more outage, and ${isUp().join()} stay up`];
    world.all("mains");
    if (!(await settle(world, 3600))) return [...found, "mains is back after one more outage, and it is not settled"];
    const after = world.results.slice(before).filter(({ mode }) => mode === "live");
    if (after.length === 0) found.push("one more outage, and no report");
    return [...found, ...world.wrong.slice(found.length), ...reportsOf(world)].slice(0, 4);
}

const upses: fc.Arbitrary<Ups> = fc.record({
    start: fc.integer({ min: 40, max: 100 }), perMinute: fc.constantFrom(3, 6, 8, 12, 25), chargesPerMinute: fc.constantFrom(0, 1, 5), collapse: fc.constantFrom(0, 0, 0, 45),
    gauge: fc.constantFrom("whole", "whole", "fine", "none"), claims: fc.constantFrom("true", "true", "hopeful", "none", "zero", "all ones"), lowBatteryAt: fc.constantFrom(0, 15, 35),
});
const phase: fc.Arbitrary<Phase> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ what: fc.constant("mains" as const), lasts: fc.constantFrom(5, 20, 40, 70, 200) }) },
    { weight: 6, arbitrary: fc.record({ what: fc.constant("outage" as const), lasts: fc.constantFrom(20, 60, 120, 300, 700, 1400) }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constantFrom(...happenings.filter((what) => !["mains", "outage", "off", "new battery"].includes(what))), lasts: fc.constantFrom(5, 25, 70, 400) }) },
);
const trouble: fc.Arbitrary<Trouble> = fc.record({ fault: fc.constantFrom(...troubles), from: fc.nat(1500), lasts: fc.constantFrom(3, 30, 100, 400, 2000) });
const soon = fc.constantFrom(0, 1, 10, 35, 80, 700, 4000, 15_000, 31_000, 62_000, 101_000, 130_000);
const word = fc.constantFrom("decided" as const, "told" as const, "putting back" as const, "back" as const);
const act: fc.Arbitrary<Act> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ when: fc.constant("decided" as const), afterMs: soon, does: fc.record({ kind: fc.constant("mains" as const), lasts: fc.constantFrom(33, 50, 90, 300, 900) }) }) },
    { weight: 2, arbitrary: fc.record({ when: fc.constantFrom("back" as const, "putting back" as const), afterMs: soon, does: fc.record({ kind: fc.constant("outage" as const), lasts: fc.constantFrom(3, 15, 50, 300, 900) }) }) },
    { weight: 4, arbitrary: fc.record({ when: word, afterMs: soon, does: fc.record({ kind: fc.constant("kill" as const), downMs: fc.constantFrom(400, 3000, 20_000, 45_000, 300_000, 1_200_000), boots: fc.integer({ min: 0, max: 4 }).map((one) => one === 0) }) }) },
    { weight: 1, arbitrary: fc.record({ when: word, afterMs: soon, does: fc.constant({ kind: "redeploy" as const }) }) },
    { weight: 2, arbitrary: fc.record({ when: word, afterMs: soon, does: fc.record({ kind: fc.constant("person" as const), word: fc.constantFrom("hold" as const, "release" as const, "cancel" as const) }) }) },
    {
        weight: 2, arbitrary: fc.record({
            when: fc.nat(1500), afterMs: soon,
            does: fc.oneof(fc.record({ kind: fc.constantFrom("mains" as const, "outage" as const), lasts: fc.constantFrom(3, 15, 33, 90, 300) }), fc.record({ kind: fc.constant("kill" as const), downMs: fc.constantFrom(400, 20_000, 45_000, 300_000), boots: fc.boolean() })),
        }),
    },
);
const hosts = fc.array(fc.record({ services: fc.constantFrom(0, 1, 3, 4), priority: fc.constantFrom(...priorities, "normal" as const), end: fc.constantFrom("shutdown", "poweroff"), fedBy: fc.subarray(["ups1", "ups2"]) }), { minLength: 1, maxLength: 3 });

function planOf(drafts: readonly { services: number; priority: (typeof priorities)[number]; end: string; fedBy: string[] }[], wiring: Wiring, sources: number, local: boolean): ShutdownPlan {
    const names = Array.from({ length: sources }, (_, index) => `ups${index + 1}`);
    return parsePlan({
        hosts: drafts.map(({ services, priority, end, fedBy }, index) => {
            const mine = wiring === "group" || wiring === "plug" ? [] : fedBy.filter((name) => names.includes(name));
            return {
                name: `h${index}`, priority: local && index === 0 ? "normal" as const : priority, fedBy: local && index === 0 ? [] : mine, local: local && index === 0, final: { action: end, ...(end === "shutdown" && { params: { delayMinutes: 2 } }) },
                services: Array.from({ length: services }, (_, number) => `s${number}`),
            };
        }),
    }).plan ?? assert.fail();
}

export const stories: fc.Arbitrary<Story> = fc.record({
    wiring: fc.constantFrom(...wirings, "level" as const), ups: fc.tuple(upses, upses), two: fc.boolean(), plug: fc.integer({ min: 0, max: 4 }).map((one) => one === 0),
    rows: fc.tuple(fc.array(phase, { minLength: 1, maxLength: 6 }), fc.option(fc.array(phase, { minLength: 1, maxLength: 6 }))), every: fc.constantFrom<Story["every"][]>(5, 5, 5, 30, 30, "reader"),
    troubles: fc.array(trouble, { maxLength: 2 }), hosts, local: fc.integer({ min: 0, max: 4 }).map((one) => one === 0),
    faults: fc.array(fc.constantFrom<Fault>("none", "none", "none", "none", "hangs at login", "hangs in a service", "refuses"), { minLength: 2, maxLength: 2 }), slow: fc.array(fc.constantFrom(0, 7000, 20_000, 25_000), { minLength: 3, maxLength: 3 }),
    diskMs: fc.constantFrom(0, 30), acts: fc.array(act, { minLength: 1, maxLength: 6, size: "max" }),
}).map(({ ups, two, rows: [own, other], hosts: drafts, local, plug, faults, ...story }) => {
    const sources = story.wiring === "group" || (two && story.wiring !== "plug") ? ups : ups.slice(0, 1);
    const begin: Phase = { what: "mains", lasts: 150 };
    return { ...story, faults: ["none", ...faults], plug: plug && sources.length === 1 && story.wiring !== "plug", upses: sources, phases: [[begin, ...own], ...(other !== null && sources.length > 1 ? [[begin, ...other]] : [])], plan: planOf(drafts, story.wiring, sources.length, local) };
});
