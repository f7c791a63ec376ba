import assert from "node:assert/strict";
import type { Reading } from "../../lib/power/reading";
import type { RunProgress, RunResult } from "../../lib/shutdown/progress";
import { polled, type Phase, type Ups } from "./battery-world";
import { Chain, type Disk } from "./chain";
import { Source, type Act, type Story } from "./chain-source";
import { Machine, wayTo } from "./outage-machine";
import { VirtualClock } from "./virtual-clock";

export const startMs = 1_700_000_000_000;

/** Physics: batteries, mains, machines, a process that can be killed; and what is wrong by them. */
export class ChainWorld {
    readonly clock = new VirtualClock(startMs);
    readonly sources: Source[];
    readonly machines: ReadonlyMap<string, Machine>;
    readonly disk: Disk;
    readonly wrong: string[] = [];
    readonly trace: string[] = [];
    readonly progress: RunProgress[] = [];
    readonly results: RunResult[] = [];
    second = 0;
    /** When the process came up, and the machine that it runs on; undefined while it is down. */
    upSince: number | undefined = 0;
    kills = 0;
    personAt = -Infinity;
    boot = 0;
    chain: Chain;
    /** Everything is well from here on. */
    calm = false;
    /** When machines were switched on last. */
    readonly onSince = new Map<string, number>();
    readonly #life: { now: number } = { now: 0 };
    readonly #acts: Act[];
    readonly #told = new Map<string, string>();
    #bootedAt = startMs;
    #override: { what: "mains" | "outage"; until: number } | undefined;
    #forced: Phase["what"] | undefined;
    /** The machine of Node-RED is off until somebody switches it on. */
    #isOff = false;
    /** Machines whose power was cut: they come up with the mains. Those that did so in the middle of a run: no report is about that. */
    readonly #cut = new Set<string>();
    readonly odd = new Set<string>();
    /** A new battery, for what comes next. */
    #fresh: Partial<Ups> | undefined;
    #busy = false;

    constructor(readonly story: Story) {
        this.disk = { ms: story.diskMs, files: new Map(), records: [] };
        this.sources = story.upses.map((ups, index) => new Source(`ups${index + 1}`, ups, story.phases[index] ?? story.phases[0] ?? []));
        this.#acts = [...story.acts];
        this.machines = new Map(story.plan.hosts.map(({ name, steps, local }, index) => [name, new Machine(this.clock, steps.map(({ params }) => String(params.service)), story.faults[index] ?? "none", story.slow[index] ?? 0, () => {
            this.say(`${name} goes down`);
            if (local) this.#kill(Infinity, true);
        })]));
        this.chain = this.#start();
    }

    say(text: string): void {
        this.trace.push(`${((this.clock.now() - startMs) / 1000).toFixed(3)} ${text}`);
    }

    #start(): Chain {
        const life = (this.#life.now += 1);
        const lives = (): boolean => life === this.#life.now;
        return new Chain({
            clock: this.clock, disk: this.disk, boot: String(this.boot), bootedAt: this.#bootedAt, wiring: this.story.wiring, plan: this.story.plan, lives,
            open: (host) => wayTo(host, this.machines.get(host) ?? assert.fail(host), lives, () => this.#judgeTold(host)),
            voice: {
                progress: (next) => {
                    if (!lives()) return;
                    this.progress.push(next);
                    this.say(`${next.run.slice(-4)} ${next.text}`);
                    if (this.chain.sequencer.run?.undoing) this.#happens("putting back");
                },
                result: (next) => {
                    if (!lives()) return;
                    this.results.push(next);
                    this.say(`RESULT ${next.run.slice(-4)} ${next.outcome}: ${next.text.replaceAll("\n", " / ")}`);
                },
                warn: (text) => this.say(`warning: ${text}`),
            },
            decided: (action, reason) => {
                this.say(`${action}: ${reason}`);
                this.#happens(action === "shutdown" || action === "DEAD" || action === "CRITICAL" ? "decided" : "back");
            },
        });
    }

    #happens(when: Act["when"]): void {
        if (this.calm) return;
        const due = this.#acts.filter((act) => act.when === when);
        for (const act of due) {
            this.#acts.splice(this.#acts.indexOf(act), 1);
            this.clock.after(act.afterMs, () => this.#act(act));
        }
    }

    #act({ does }: Act): void {
        if (this.calm) return;
        this.say(JSON.stringify(does));
        switch (does.kind) {
            case "mains": case "outage":
                this.#override = { what: does.kind, until: this.second + does.lasts };
                return;
            case "kill":
                return this.#kill(does.downMs, does.boots);
            case "redeploy":
                return void this.#redeploy();
            case "person":
                if (this.upSince === undefined) return;
                this.personAt = this.second;
                if (does.word === "cancel") void this.chain.sequencer.handle({ action: "cancel", reason: "by hand", at: this.clock.now(), stream: "manual (simulated)", conclusive: false });
                else this.chain.sequencer.hold(does.word === "hold", false, undefined);
        }
    }

    /** @param downMs Infinity: until the machine is switched on */
    #kill(downMs: number, boots: boolean): void {
        if (this.upSince === undefined) {
            if (downMs < Infinity || this.#isOff) return;
            this.#isOff = true;
            this.boot += 1;
            return;
        }
        this.kills += 1;
        this.upSince = undefined;
        this.#life.now += 1;
        if (boots) this.boot += 1;
        this.#isOff = downMs === Infinity;
        if (!this.#isOff) this.clock.after(downMs, () => (this.#isOff ? undefined : this.#startProcess(boots)));
    }

    #startProcess(boots: boolean): void {
        if (this.upSince !== undefined) return;
        this.say("the process starts");
        if (boots) this.#bootedAt = this.clock.now();
        this.upSince = this.second;
        this.#isOff = false;
        this.chain = this.#start();
    }

    async #redeploy(): Promise<void> {
        if (this.upSince === undefined) return;
        const [old, life] = [this.chain, this.#life.now];
        this.#busy = true;
        await old.close();
        this.clock.after(100, () => {
            this.#busy = false;
            if (life !== this.#life.now) return;
            this.say("deployed anew");
            this.chain = this.#start();
        });
    }

    /** What every source does from here on, with new batteries. */
    all(what: Phase["what"], fresh: Partial<Ups> = {}): void {
        this.#forced = what;
        this.#fresh = fresh;
        this.calm = true;
        for (const source of this.sources) source.ups = { ...source.ups, ...fresh };
    }

    /** One second. */
    async tick(): Promise<void> {
        const { second } = this;
        this.sources.forEach((source) => this.#physics(source));
        this.#fresh = undefined;
        this.#machines();
        for (const act of this.calm ? [] : this.#acts.filter(({ when }) => when === second)) {
            this.#acts.splice(this.#acts.indexOf(act), 1);
            this.clock.after(act.afterMs, () => this.#act(act));
        }
        if (this.upSince !== undefined && !this.#busy) await this.#hear();
        if (this.clock.pending === 0) this.clock.leap(1000);
        else await this.clock.pass(1000);
        this.second += 1;
    }

    #physics(source: Source): void {
        const what = this.#forced ?? (this.#override !== undefined && this.#override.until > this.second ? this.#override.what : undefined);
        const [before, now] = source.pass(this.second, what, this.#fresh !== undefined);
        if (before && (before.onBattery !== now.onBattery || before.mains !== now.mains)) this.say(`${source.name} ${now.mains ? "has mains" : "no mains"}${now.onBattery ? ", on battery" : ""} at ${now.charge.toFixed(0)} %`);
    }

    /** The names of what feeds a host. */
    feeds(host: string): Source[] {
        const { fedBy } = this.story.plan.hosts.find(({ name }) => name === host) ?? assert.fail();
        return this.sources.filter(({ name }) => fedBy.length === 0 || fedBy.includes(name));
    }

    #machines(): void {
        for (const [name, machine] of this.machines) {
            const isFed = !this.feeds(name).every(({ dead }) => dead);
            if (isFed && this.#cut.delete(name)) {
                if (this.chain.sequencer.run !== undefined || this.upSince === undefined) this.odd.add(name);
                if (!this.isLocal(name)) this.switchOn(name);
            }
            if (isFed) continue;
            this.#cut.add(name);
            if (machine.off) continue;
            this.say(`${name} loses its power`);
            this.#judgeLost(name, machine);
            machine.cut();
            this.odd.add(name);
            if (this.isLocal(name)) this.#kill(Infinity, true);
        }
        // The machine of Node-RED hangs on all of them, and somebody switches it on when mains is back.
        if (this.sources.every(({ dead }) => dead)) this.#kill(Infinity, true);
        const isBack = this.sources.some(({ truth }) => truth.length > 60 && truth.slice(-60).every(({ mains }) => mains));
        if (this.#isOff && isBack) {
            for (const name of this.machines.keys()) if (this.isLocal(name)) this.switchOn(name);
            this.#startProcess(true);
        }
    }

    /** Somebody switches a machine on. */
    switchOn(name: string): void {
        const machine = this.machines.get(name);
        if (machine?.off !== true) return;
        this.say(`${name} is switched on`);
        machine.boot();
        this.onSince.set(name, this.clock.now());
    }

    isLocal(host: string): boolean {
        return this.story.plan.hosts.some(({ name, local }) => name === host && local);
    }

    async #hear(): Promise<void> {
        const { second } = this;
        for (const source of this.sources) {
            const now = source.truth[second] ?? assert.fail();
            const interval = this.story.every === "reader" ? (now.onBattery ? 1 : 5) : this.story.every;
            if (this.story.wiring !== "plug" && second % interval === 0) source.pending.push(...polled(source.ups, source.truth, second, this.calm ? [] : this.story.troubles, startMs, source.name));
            const come = source.pending.filter((each) => each.second <= second);
            if (come.length > 0) source.pending = source.pending.filter((each) => each.second > second);
            for (const { input: { reading } } of come) await this.chain.hear(reading);
        }
        if ((this.story.plug || this.story.wiring === "plug") && second % 10 === 0) await this.chain.hear(this.#plugged());
        await this.chain.watch();
    }

    #plugged(): Reading {
        const isLost = this.story.troubles.some(({ fault, from, lasts }) => !this.calm && fault === "missing" && this.second >= from && this.second < from + lasts);
        const base = { device: "plug", source: "kasa", at: this.clock.now() };
        if (isLost) return { ...base, quality: "missing", error: "plug: no answer" };
        return { ...base, quality: "good", watts: this.sources[0]?.truth[this.second]?.mains ? 400 : 0 };
    }

    /** Whether every sensor tells the truth since this second. */
    isHonest(since: number): boolean {
        return this.calm || this.story.troubles.every(({ from, lasts }) => from + lasts < since - 120 || from > this.second);
    }

    /** How long it takes at most until word that mains is back has led to an end of a run, s. */
    get backSeconds(): number {
        const poll = this.story.every === "reader" ? 5 : this.story.every;
        return 30 + 2 * poll + 5 + (this.story.wiring === "group" ? 36 : 0) + (this.story.wiring === "plug" || this.story.plug ? 25 : 0);
    }

    #judgeTold(host: string): void {
        this.say(`${host} is told to go down`);
        this.#happens("told");
        const { run } = this.chain.sequencer;
        const fine = this.sources.map(({ fineSince }) => fineSince);
        const isFine = fine.every((since) => since !== undefined && since <= this.second - this.backSeconds);
        const since = Math.max(...fine.map((each) => each ?? Infinity));
        const isUp = this.upSince !== undefined && this.upSince <= this.second - this.backSeconds;
        const committed = run?.committed === true && this.#told.has(run.head.run);
        if (isFine && isUp && !committed && this.isHonest(this.second - this.backSeconds)) this.wrong.push(`${host} is told to go down at ${this.second} s, and there is mains since ${since} s`);
        // After a long interruption the readings come first.
        const cameBack = this.upSince !== undefined && this.upSince > since + 40 && this.second > this.upSince + 2;
        if (isFine && cameBack && !committed && this.isHonest(since)) this.wrong.push(`${host} is told to go down at ${this.second} s by a process that came up at ${this.upSince} s, and there is mains since ${since} s`);
        if (run !== undefined) this.#told.set(run.head.run, host);
    }

    /** The longest that the plan can take, s. */
    get planSeconds(): number {
        const { plan, faults, slow } = this.story;
        return plan.hosts.reduce((sum, { steps }, index) => sum + 2 * (faults[index] === "none" || faults[index] === undefined ? (slow[index] ?? 0) / 1000 : 30) * (steps.length + 1) + 22, 0) + 120;
    }

    #judgeLost(host: string, { fault }: Machine): void {
        if (fault !== "none") return;
        const feeds = this.feeds(host);
        const lows = feeds.map(({ lowSince, outSince }) => Math.max(lowSince ?? Infinity, (outSince ?? Infinity) + 30));
        const began = Math.min(...feeds.map(({ outSince }) => outSince ?? Infinity));
        if (feeds.some(({ ups }) => ups.gauge === "none") || this.story.upses.some(({ collapse }) => collapse > 0)) return;
        const poll = this.story.every === "reader" ? 1 : this.story.every;
        const since = Math.max(this.story.wiring === "plug" ? began + 25 : Math.max(...lows), this.upSince ?? Infinity);
        const needed = this.planSeconds + 4 * poll + 20 + (this.story.wiring === "group" ? 110 : 0) + (this.kills > 0 ? 60 : 0);
        if (this.second - since < needed || this.personAt >= began - 60 || !this.isHonest(began)) return;
        // A run that nobody went on with for a quarter of an hour is given up, and that is said.
        if (this.results.some(({ text, endedAt }) => text.includes("is not continued") && endedAt >= startMs + began * 1000)) return;
        this.wrong.push(`${host} is up at ${this.second} s, and its battery is empty; out since ${began} s, low since ${since} s`);
    }
}
