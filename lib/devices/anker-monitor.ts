import { sleep, type Cancel, type Clock } from "../kit/clock";
import { formatDuration } from "../kit/duration";
import { StandStill } from "../kit/stand-still";
import type { Trouble } from "../kit/trouble";
import { beginCharge, estimateCharge, olderCharge, withInflow, withLoad, type ChargeModel } from "../power/charge-model";
import type { Reading } from "../power/reading";
import type { AnkerDevice } from "./anker-device";
import { afterTelemetry, afterTrigger, mayAskNow, modeAfter, nextTrigger, noDuty, type Duty, type DutyConfig, type Mode } from "./anker-duty";
import { realtimeTrigger, type Frame } from "./anker-frame";
import { models, valuesOf } from "./anker-models";
import type { AnkerStream, Seat } from "./anker-stream";
import { capacityOf, noTelemetry, olderTelemetry, readingOf, takeValues, type Telemetry } from "./anker-telemetry";

export interface MonitorConfig extends DutyConfig {
    /** Slug of the readings. */
    device: string;
    /** Empty: the account's only device. */
    serial: string;
    /** Wh with all packs; absent: what the model is known for. */
    capacityWh?: number;
    /** Data older than this are stale; absent: two and a half intervals. */
    staleMs?: number;
}

/** What happens at a power station besides its readings. */
export type MonitorEvent =
    | { kind: "mode"; mode: Mode; text: string }
    | { kind: "stale"; text: string }
    | { kind: "fresh"; text: string }
    | { kind: "auto-off"; text: string };

/** Whom a monitor tells. */
export interface MonitorEars {
    reading(reading: Reading): void;
    event(event: MonitorEvent): void;
    /** The first message with a charge has come: what the model reports can be shown. */
    discovered(telemetry: Telemetry, device: AnkerDevice): void;
    /** It can't be heard, until `heard`. */
    trouble(trouble: Trouble): void;
    heard(): void;
    /** A message that was not believed or not understood; the next one may be. */
    doubt(text: string): void;
    /** Worth keeping over a restart. */
    model(model: ChargeModel): void;
}

const askSeconds = 60;
const shortestStaleMs = 60_000;
/** Readings come with the device's own rhythm: one that is this near to its time is on time. */
const onTime = 0.9;
/** What a plug said about mains counts for so long. */
const outageHoldsMs = 600_000;
/** How often it looks whether the machine was suspended, ms: timers stand still meanwhile. */
const lookMs = 10_000;

/** Watches one power station: asks it for telemetry, reads it, says when it is silent, and carries its charge on. */
export class AnkerMonitor {
    mode: Mode = "normal";
    telemetry: Telemetry = noTelemetry;
    device: AnkerDevice | undefined;
    #duty: Duty = noDuty;
    #model: ChargeModel | undefined;
    #trouble: Trouble | undefined;
    #stale = false;
    #discovered = false;
    #warnedOff = false;
    #outageAt = -Infinity;
    /** When a reading was last told, and when a charge was last heard: monotonic ms; the start counts as both. */
    #toldAt: number;
    #heardAt: number;
    #told: Reading | undefined;
    #wake: Cancel = () => undefined;
    readonly #standStill: StandStill;
    readonly #closing = new AbortController();
    /** Ends the wait of those who asked for a reading, all of whom get the same one. */
    #answer: { reading: Promise<Reading>; come: () => void } | undefined;
    readonly #seat: Seat;

    constructor(stream: Pick<AnkerStream, "listen">, readonly config: MonitorConfig, readonly clock: Clock, readonly ears: MonitorEars, remembered?: ChargeModel) {
        this.#model = remembered;
        this.#toldAt = this.#heardAt = clock.monotonic();
        this.#standStill = new StandStill(clock);
        this.#seat = stream.listen({
            serial: config.serial,
            up: (device) => this.#up(device),
            frame: (frame) => this.#frame(frame),
            trouble: (trouble) => {
                this.#trouble = trouble;
                this.ears.trouble(trouble);
            },
            doubt: (text) => this.ears.doubt(text),
        });
        this.#schedule();
    }

    /** The watts of the loads, from a plug; `mains` where the plug's reading knows. */
    load({ watts, at, mains }: Pick<Reading, "watts" | "at" | "mains">): void {
        this.#age();
        if (mains === "absent") this.#outageAt = this.clock.monotonic();
        if (mains === "present") this.#outageAt = -Infinity;
        if (this.#model !== undefined && watts !== undefined) this.#model = withLoad(this.#model, { watts, at });
        if (this.#model !== undefined && mains !== undefined) this.#model = withInflow(this.#model, { watts: this.#inflowWatts(mains), at });
        this.#turnMode(this.reading());
        this.#schedule();
    }

    /** Asks now and waits for the answer, but no longer than `withinMs`; resolves with the reading of then. */
    readNow(withinMs: number): Promise<Reading> {
        if (this.#answer !== undefined) return this.#answer.reading;
        if (mayAskNow(this.#duty, this.clock.monotonic())) this.#trigger(askSeconds);
        const wait = new AbortController();
        const reading = sleep(withinMs, this.clock, AbortSignal.any([wait.signal, this.#closing.signal])).then(() => {
            this.#answer = undefined;
            return this.#closing.signal.aborted ? this.reading() : this.#tell();
        });
        this.#answer = { reading, come: () => wait.abort() };
        return reading;
    }

    /** The present reading: measured, or carried on by the model, or missing. Stale data are never good. */
    reading(): Reading {
        this.#age();
        const now = this.clock.now();
        const reading = readingOf(this.telemetry, { device: this.config.device, now });
        const { stateAt } = this.telemetry;
        if (stateAt !== undefined && now - stateAt <= this.#staleMs()) return reading;
        const since = stateAt ?? this.#model?.measured.at;
        const unknown = this.device !== undefined && !(this.device.model in models);
        const why = this.#trouble?.message ?? (unknown ? `what its model ${this.device?.model} sends is not known yet` : "the device sends nothing: is it awake, and in reach of its Wi-Fi?");
        const error = since === undefined ? `${this.config.device}: no data yet: ${why}` : `${this.config.device}: no data for ${formatDuration(now - since)}: ${why}`;
        const bare = { device: this.config.device, source: "anker", at: now, error };
        if (this.#model === undefined) return { ...bare, quality: "missing" };
        const { charge, low, high, since: measuredAt } = estimateCharge(this.#model, now);
        return { ...bare, quality: "stale", charge, estimated: { low, high, since: measuredAt } };
    }

    close(): void {
        this.#closing.abort();
        this.#wake();
        this.#seat.leave();
    }

    /** What is known from before the machine was suspended is older than the steady clock says. */
    #age(): void {
        const ms = this.#standStill.take();
        if (ms === 0) return;
        this.telemetry = olderTelemetry(this.telemetry, ms);
        if (this.#model !== undefined) this.#model = olderCharge(this.#model, ms);
        this.#heardAt -= ms;
        this.#toldAt -= ms;
        this.#outageAt -= ms;
        this.#duty = { ...this.#duty, until: this.#duty.until - ms };
    }

    #up(device: AnkerDevice): void {
        this.device = device;
        this.#trouble = undefined;
        // What was running has ended with the connection.
        this.#duty = { ...this.#duty, until: 0, unanswered: 0 };
        this.ears.heard();
        this.#schedule();
    }

    #frame(frame: Frame): void {
        if (this.device === undefined || frame.direction !== "from-device") return;
        this.#age();
        if (frame.wrongChecksum !== undefined) this.ears.doubt(`a message ${frame.type} fails its checksum: taken all the same`);
        const { telemetry, fresh, doubt } = takeValues(this.telemetry, valuesOf(this.device.model, frame), this.clock.now());
        this.telemetry = telemetry;
        if (doubt !== undefined) this.ears.doubt(doubt);
        if (!fresh) return;
        const reading = this.reading();
        if (reading.quality !== "good") return;
        this.#heardAt = this.clock.monotonic();
        this.#duty = afterTelemetry(this.#duty);
        this.#renewModel(reading);
        if (!this.#discovered) {
            this.#discovered = true;
            this.ears.discovered(telemetry, this.device);
        }
        this.#warnOfAutoOff();
        const turned = this.#turnMode(reading);
        const asked = this.#answer !== undefined;
        this.#answer?.come();
        if (this.#stale) {
            this.#stale = false;
            this.ears.event({ kind: "fresh", text: "data arrive again" });
        }
        const due = this.clock.monotonic() - this.#toldAt >= this.#intervalMs() * onTime;
        const news = this.#told?.quality !== "good" || this.#told.mains !== reading.mains;
        if (!asked && (due || news || turned)) this.#tell();
        this.#schedule();
    }

    #renewModel(reading: Reading): void {
        const capacityWh = this.config.capacityWh ?? capacityOf(this.device?.model ?? "", this.telemetry);
        if (capacityWh === undefined || reading.charge === undefined) return;
        this.#model = beginCharge({ capacityWh, charge: reading.charge, at: reading.at, watts: reading.watts ?? this.#model?.load.watts ?? 0, inflowWatts: this.#inflowWatts(reading.mains) });
        this.ears.model(this.#model);
    }

    /** The most that may flow in while nobody looks: without mains what the sun gives now, and half as much again. */
    #inflowWatts(mains: Reading["mains"]): number {
        const outage = mains === "absent" || this.clock.monotonic() - this.#outageAt < outageHoldsMs;
        const solar = this.telemetry.fields.photovoltaic_power?.value;
        return outage ? (typeof solar === "number" ? solar : 0) * 1.5 : (models[this.device?.model ?? ""]?.inflowWatts ?? 0);
    }

    #turnMode({ charge, mains, estimated }: Reading): boolean {
        const outage = mains === "absent" || this.clock.monotonic() - this.#outageAt < outageHoldsMs;
        const mode = modeAfter(this.mode, { charge, outage }, this.config);
        if (mode === this.mode) return false;
        this.mode = mode;
        const why = outage ? "mains is gone" : `charge ${estimated === undefined ? "" : "estimated at "}${charge ?? "?"} %`;
        this.ears.event({ kind: "mode", mode, text: mode === "fast" ? `FAST mode: ${why}` : `normal mode: ${why}` });
        return true;
    }

    #warnOfAutoOff(): void {
        const minutes = this.telemetry.fields.device_timeout_minutes?.value;
        if (this.#warnedOff || typeof minutes !== "number" || minutes <= 0) return;
        this.#warnedOff = true;
        this.ears.event({ kind: "auto-off", text: `it switches itself off after ${minutes} min with little load: set its device timeout to "never" in the Anker app` });
    }

    #tell(): Reading {
        const reading = this.reading();
        this.#told = reading;
        this.#toldAt = this.clock.monotonic();
        this.ears.reading(reading);
        return reading;
    }

    #intervalMs(): number {
        return this.mode === "fast" ? this.config.fastIntervalMs : this.config.intervalMs;
    }

    #staleMs(): number {
        return this.config.staleMs ?? Math.max(shortestStaleMs, this.#intervalMs() * 2.5);
    }

    #schedule(): void {
        this.#wake();
        if (this.#closing.signal.aborted) return;
        const now = this.clock.monotonic();
        this.#wake = this.clock.after(Math.max(0, Math.min(this.#triggerAt(), this.#silentAt(), now + lookMs) - now), () => this.#step());
    }

    #triggerAt(): number {
        const trigger = this.device !== undefined && this.#trouble === undefined && (models[this.device.model]?.needsTrigger ?? true);
        return trigger ? nextTrigger(this.#duty, this.mode, this.config).at : Infinity;
    }

    /** When the next reading is told though nothing has come. */
    #silentAt(): number {
        return this.#stale ? this.#toldAt + this.#intervalMs() : this.#heardAt + this.#staleMs() + 1;
    }

    #step(): void {
        this.#age();
        const now = this.clock.monotonic();
        if (now >= this.#triggerAt()) this.#trigger(nextTrigger(this.#duty, this.mode, this.config).seconds);
        if (now >= this.#silentAt()) {
            const reading = this.reading();
            if (!this.#stale) this.ears.event({ kind: "stale", text: reading.error ?? "no data" });
            this.#stale = true;
            this.#turnMode(reading);
            this.#tell();
        }
        this.#schedule();
    }

    #trigger(seconds: number): void {
        this.#duty = afterTrigger(this.#duty, this.clock.monotonic(), seconds);
        this.#seat.command(realtimeTrigger(seconds, this.clock.wall()), this.#closing.signal).catch(() => undefined);
    }
}
