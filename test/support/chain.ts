import assert from "node:assert/strict";
import { sleep } from "../../lib/kit/clock";
import { classify, type ClassifierConfig } from "../../lib/power/classify";
import { afterBoot, parseClassifierState, type ClassifierState } from "../../lib/power/classifier-state";
import { defaultQuorum, type QuorumConfig } from "../../lib/power/quorum";
import { evidenceFrom } from "../../lib/power/quorum-evidence";
import { heardIn, parseQuorumState, resumeInBoot, type QuorumState } from "../../lib/power/quorum-state";
import { hearMember, passTime, type QuorumStep } from "../../lib/power/quorum-step";
import type { Reading } from "../../lib/power/reading";
import { parseStreams, Streams } from "../../lib/power/streams";
import { defaultThresholds } from "../../lib/power/thresholds";
import { defaultTriggerConfig } from "../../lib/power/trigger-config";
import { forgetBeforeBoot, markedBy, parseTriggerState, type TriggerState } from "../../lib/power/trigger-state";
import { decideAmong } from "../../lib/power/trigger-streams";
import { commandFrom } from "../../lib/shutdown/gate";
import type { JournalRecord } from "../../lib/shutdown/journal-records";
import type { ShutdownPlan } from "../../lib/shutdown/plan";
import { Sequencer, type SequencerVoice } from "../../lib/shutdown/sequencer";
import type { Transport } from "../../lib/shutdown/transport";
import { sourceOf, supplyOf } from "../../nodes/shutdown-sequencer/supply";
import { Silence } from "../../nodes/shutdown-trigger/silence";
import { MemoryJournal } from "./memory-journal";
import type { VirtualClock } from "./virtual-clock";

/**
 * How the flow is wired. `news`: a trigger's outputs 1 and 2 to the sequencer (example 09). `level`: its output 3, too. `group`: the
 * triggers' evidence to a group, its outputs 1 and 2 to the sequencer (10). `plug`: a classifier's two outputs to the sequencer (03).
 */
export const wirings = ["news", "level", "group", "plug"] as const;
export type Wiring = (typeof wirings)[number];

/** What outlives every process. */
export interface Disk {
    /** How long a write takes. */
    ms: number;
    files: Map<string, string>;
    records: JournalRecord[];
}

export interface ChainOptions {
    clock: VirtualClock;
    disk: Disk;
    boot: string;
    bootedAt: number;
    wiring: Wiring;
    plan: ShutdownPlan;
    lives: () => boolean;
    open: (host: string) => Transport;
    voice: SequencerVoice<string>;
    /** Hears of each decision that goes to the sequencer. */
    decided: (action: string, reason: string) => void;
}

const classifier: ClassifierConfig = { thresholds: defaultThresholds, hysteresis: 5, confirmations: 2, missedPolls: 3, loadIsConstant: true };
const group: QuorumConfig = { ...defaultQuorum, group: "rack", members: [{ name: "ups1", role: "counts" }, { name: "ups2", role: "counts" }] };
const stateIntervalMs = 5000;

/** A state file as a node keeps it. What was under way when its process was killed is not on the disk. */
class Saved {
    #busy = false;
    #waiting: unknown;
    constructor(readonly name: string, readonly io: ChainOptions) {}

    read(): unknown {
        const text = this.io.disk.files.get(this.name);
        return text === undefined ? undefined : JSON.parse(text);
    }

    save(value: unknown): void {
        if (this.#busy) return void (this.#waiting = value);
        const { clock, disk, lives } = this.io;
        const text = JSON.stringify(value);
        if (disk.ms === 0) return void disk.files.set(this.name, text);
        this.#busy = true;
        clock.after(disk.ms, () => {
            if (!lives()) return;
            this.#busy = false;
            disk.files.set(this.name, text);
            const next = this.#waiting;
            this.#waiting = undefined;
            if (next !== undefined) this.save(next);
        });
    }
}

type Message = Record<string, unknown>;

/** The deciding nodes of a flow in one process, from a reading to the sequencer, as their nodes drive them. */
export class Chain {
    readonly sequencer: Sequencer<string>;
    readonly #triggers: Streams<TriggerState>;
    readonly #classifiers: Streams<ClassifierState>;
    readonly #silence = new Silence();
    readonly #files: Record<"trigger" | "classifier" | "group", Saved>;
    #group: QuorumState | undefined;
    #unsavedSince: number | undefined;
    #groupSavedAt: number;

    constructor(readonly io: ChainOptions) {
        const { clock, disk, boot, bootedAt, lives, plan, open, voice } = io;
        this.#files = { trigger: new Saved("trigger", io), classifier: new Saved("classifier", io), group: new Saved("group", io) };
        this.#triggers = this.#loaded("trigger", parseTriggerState);
        for (const [stream, saved] of [...this.#triggers.entries()]) {
            const state = forgetBeforeBoot(saved, boot);
            this.#triggers.set(stream, state);
            this.#silence.expect(stream, state, clock.now(), clock.monotonic());
        }
        this.#classifiers = this.#loaded("classifier", parseClassifierState);
        for (const [stream, saved] of [...this.#classifiers.entries()]) this.#classifiers.set(stream, afterBoot(saved, boot));
        const before = this.#loaded("group", parseQuorumState).get("rack");
        if (before !== undefined) this.#group = resumeInBoot(group, before, clock.now(), boot);
        this.#groupSavedAt = clock.now();
        this.sequencer = new Sequencer<string>({
            setup: () => ({ plan, switches: { dryRun: false, enabled: true, problems: [], unready: [] }, access: (host) => ({ root: true, open: () => open(host) }) }),
            clock, boot, uptimeMs: () => clock.monotonic() - bootedAt, voice, journal: new MemoryJournal(disk.records, lives, disk.ms === 0 ? undefined : () => sleep(disk.ms, clock)),
        });
    }

    #loaded<S>(name: "trigger" | "classifier" | "group", parse: (value: unknown) => S | undefined): Streams<S> {
        const value = this.#files[name].read();
        return value === undefined ? new Streams<S>() : (parseStreams(value, parse) ?? assert.fail(`the ${name}'s state on the disk is not believed`));
    }

    /** What a person can see of it: nothing is left of an outage. */
    get settled(): boolean {
        const isCalm = [...this.#triggers.entries()].every(([, { decided, battery }]) => decided === undefined && battery === undefined);
        return isCalm && this.#group?.lost === undefined && [...this.#classifiers.entries()].every(([, { state }]) => state === "HEALTHY") && this.sequencer.run === undefined;
    }

    /** A reader sends a reading. */
    async hear(reading: Reading): Promise<void> {
        if (reading.source !== "kasa") return this.#trigger({ reading });
        const step = classify(classifier, this.#classifiers.get(reading.device), reading);
        step.state.boot ??= this.io.boot;
        this.#classifiers.set(reading.device, step.state);
        if (step.transition) this.io.decided(step.transition.to, `${step.transition.device} ${step.transition.from} to ${step.transition.to}`);
        this.#files.classifier.save(this.#classifiers);
        if (this.io.wiring !== "plug") return this.#trigger({ reading, power: step.classified });
        await this.#tell({ reading, power: step.classified });
        if (step.transition) await this.#tell({ reading, power: step.classified, transition: step.transition });
    }

    async #trigger(input: Parameters<typeof decideAmong>[2]): Promise<void> {
        const { clock, boot, wiring } = this.io;
        this.#silence.hear(input.reading.device, input.reading, clock.monotonic());
        const { verdict, command, state } = decideAmong(defaultTriggerConfig, this.#triggers, input);
        this.#triggers.set(verdict.stream, markedBy(boot, state));
        if (verdict.change !== undefined && verdict.change !== "evidence") {
            this.#unsavedSince = undefined;
            this.#files.trigger.save(this.#triggers);
        } else if (state.battery !== undefined || state.decided !== undefined || verdict.change !== undefined) this.#unsavedSince ??= clock.now();
        const carried = { reading: input.reading, verdict };
        if (wiring === "group") return this.#heard(carried);
        if (command) {
            this.io.decided(command.action, command.reason);
            await this.#tell({ ...carried, command });
        }
        if (wiring === "level") await this.#tell(carried);
    }

    async #heard(msg: Message): Promise<void> {
        const now = this.io.clock.now();
        const heard = evidenceFrom(msg, group.members, now, undefined);
        if (!("evidence" in heard)) assert.fail("no evidence of a member");
        await this.#pass(now);
        await this.#counted(hearMember(group, this.#group, heard.evidence));
    }

    async #pass(now: number): Promise<void> {
        if (this.#group !== undefined) await this.#counted(passTime(group, this.#group, now));
    }

    async #counted({ state, news }: QuorumStep): Promise<void> {
        const before = this.#group;
        this.#group = heardIn(this.io.boot, state);
        if (news.length > 0 || standingOf(before) !== standingOf(state) || this.io.clock.now() - this.#groupSavedAt >= 10_000) {
            this.#groupSavedAt = this.io.clock.now();
            this.#files.group.save({ streams: [["rack", this.#group]] });
        }
        for (const { command, quorum } of news) {
            if (command === undefined) continue;
            this.io.decided(command.action, command.reason);
            await this.#tell({ command, quorum });
        }
    }

    /** What the nodes do each second by themselves. */
    async watch(): Promise<void> {
        const { clock } = this.io;
        if (this.#unsavedSince !== undefined && clock.now() - this.#unsavedSince >= stateIntervalMs) {
            this.#unsavedSince = undefined;
            this.#files.trigger.save(this.#triggers);
        }
        if (this.io.wiring !== "plug") for (const reading of this.#silence.due((stream) => this.#triggers.get(stream), clock.monotonic())) await this.#trigger({ reading });
        if (this.io.wiring === "group") await this.#pass(clock.now());
    }

    /** A message comes to the sequencer. */
    async #tell(msg: Message): Promise<void> {
        const { lives, clock } = this.io;
        const heard = commandFrom(msg, { at: clock.now(), startOn: "critical" });
        if ("error" in heard) assert.fail(heard.error);
        if ("ignored" in heard) return void (supplyOf(msg) !== undefined && this.sequencer.speaks(sourceOf(msg)));
        if ("command" in heard && lives()) await this.sequencer.handle(heard.command, undefined, heard.level === true);
    }

    /** The flows are deployed anew. */
    async close(): Promise<void> {
        this.#files.trigger.save(this.#triggers);
        if (this.#group !== undefined) this.#files.group.save({ streams: [["rack", this.#group]] });
        await this.sequencer.close(false);
    }
}

function standingOf(state: QuorumState | undefined): string {
    return JSON.stringify(state?.members.map(({ word, heard, silent }) => [word?.health, word?.supply, heard, silent !== undefined]));
}
