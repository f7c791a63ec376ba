import { detailOf } from "./event-detail";
import { countRecovery, type Flaps } from "./flapping";
import type { PowerEvent, PowerEventKind } from "./power-event";
import type { Reading } from "./reading";
import { settle, still, type Steady } from "./steady";
import { conditions, speaks, type Condition } from "./ups-conditions";
import { followNominal, isPlausible, parseNominal, placeOf, type Nominal, type VoltagePlace } from "./voltage-band";

export interface UpsEventConfig {
    /** On mains, a UPS that can't be read is told once that has lasted so long, ms; on battery at once. */
    connectionGraceMs: number;
    /** So many losses in 24 h that were over before they were told are told together as flapping; 0: never. */
    flapThreshold: number;
    /** Half the band of normal input voltage, % of the nominal; absent: the voltage is not watched. */
    bandPercent?: number;
    /** How long a voltage must be out of the band, or back in it, ms; more than 15 % off is told at once. */
    voltageDwellMs: number;
}

/** A self-test that goes on for longer than this is a report that got stuck, and hides no outage any more. */
const longestTestMs = 30 * 60_000;

/** What is watched besides the words of the status. */
const others = {
    credentials: { normal: "credentials-accepted", others: ["credentials-refused"] },
    connection: { normal: "connection-restored", others: ["connection-lost"] },
    voltage: { normal: "voltage-normal", others: ["brownout", "over-voltage"] },
} as const;

type Watched = keyof typeof conditions | keyof typeof others;
const watched: Readonly<Record<Watched, Pick<Condition, "normal" | "others">>> = { ...others, ...conditions };
const fromStatus = Object.entries(conditions) as [keyof typeof conditions, Condition][];

/** What a server says to user and password, and why, for people. */
export interface Login {
    accepted: boolean;
    detail?: string;
}

/** What is remembered of a UPS: of each thing watched, the event that was told last. */
export interface UpsState {
    told: Partial<Record<Watched, Steady<PowerEventKind>>>;
    flaps: Flaps;
    nominal?: Nominal;
    /** When it began to test itself, event time in ms. */
    testingSince?: number;
}

export interface UpsStep {
    state: UpsState;
    events: PowerEvent[];
    /** Something changed that must survive a restart. */
    changed: boolean;
}

/**
 * The events of one reading: each once, when it changes. Pure and in event time. A reading that is not good is a failure
 * of the connection and says nothing else; so does not knowing, as while the server has heard nothing of the UPS yet.
 * @param login what the server says to user and password, where there is something to say
 */
export function stepUpsEvents(config: UpsEventConfig, before: UpsState | undefined, reading: Reading, login?: Login): UpsStep {
    const { at } = reading;
    const state: UpsState = { ...before, told: { ...before?.told }, flaps: before?.flaps ?? { recoveries: [] } };
    const events: PowerEvent[] = [];
    const tell = (kind: PowerEventKind, detail?: string, since?: number): void => {
        events.push({ kind, device: reading.device, at, ...(since !== undefined && { since }), ...(detail !== undefined && { detail }), ...(reading.simulated && { simulated: true }) });
    };
    /** Follows one thing; `kind` is undefined when nothing can be said of it. */
    const watch = (name: Watched, kind: PowerEventKind | undefined, needMs: number, detail?: string): void => {
        const { normal } = watched[name];
        const held = state.told[name] ?? { value: normal, since: at };
        const now = kind === undefined ? still(held) : settle(held, kind, at, needMs);
        state.told[name] = now;
        if (now.value === held.value) return;
        const since = now.value === normal ? Math.min(held.since, at) : undefined;
        const numbers = detailOf(now.value, reading, since === undefined ? undefined : Math.max(0, now.since - since));
        tell(now.value, [numbers, detail].filter((text) => text !== undefined).join(", ") || undefined, since);
    };

    if (login !== undefined) watch("credentials", login.accepted ? "credentials-accepted" : "credentials-refused", 0, login.detail);

    const good = reading.quality === "good";
    const wasLost = state.told.connection?.next !== undefined;
    const graceMs = onBattery(state) ? 0 : config.connectionGraceMs;
    watch("connection", good ? "connection-restored" : "connection-lost", good ? 0 : graceMs, good ? undefined : reading.error);
    if (!good) return { state, events, changed: events.length > 0 };
    if (wasLost) recovered(config, state, at, tell);

    const testing = followTest(state, reading);
    if (speaks(reading)) {
        for (const [name, condition] of fromStatus) {
            const kind = condition.seen(reading, testing);
            watch(name, kind, kind === undefined ? 0 : condition.needMs(kind, reading));
        }
    }
    if (config.bandPercent !== undefined) {
        const place = followVoltage(state, reading, config.bandPercent, tell);
        watch("voltage", place?.kind, place?.severe ? 0 : config.voltageDwellMs, place?.detail);
    }
    const changed = events.length > 0 || wasLost || state.testingSince !== before?.testingSince || (state.nominal?.settled ?? false) !== (before?.nominal?.settled ?? false);
    return { state, events, changed };
}

/** Whether a transfer to battery was the last that was told of the supply. */
export function onBattery({ told }: UpsState): boolean {
    return told.supply?.value === "on-battery";
}

/** When what was told last of the supply began, event time in ms. */
export function supplySince({ told }: UpsState): number | undefined {
    return told.supply?.since;
}

type Tell = (kind: PowerEventKind, detail?: string) => void;

/** A loss that nobody was told of is over. */
function recovered({ flapThreshold }: UpsEventConfig, state: UpsState, at: number, tell: Tell): void {
    const { flaps, told } = countRecovery(state.flaps, at, flapThreshold);
    state.flaps = flaps;
    if (told) tell("connection-flapping", `lost and back ${flapThreshold} times within 24 h`);
}

/** Whether the UPS is testing itself, as far as that is believed. */
function followTest(state: UpsState, { testing, at }: Reading): boolean {
    if (!testing) delete state.testingSince;
    else state.testingSince = Math.min(state.testingSince ?? at, at);
    return state.testingSince !== undefined && at - state.testingSince <= longestTestMs;
}

/** On mains only: on battery many UPSes go on reporting some input voltage. */
function followVoltage(state: UpsState, { mains, volts, nominalVolts }: Reading, bandPercent: number, tell: Tell): VoltagePlace | undefined {
    if (mains !== "present" || volts === undefined || !isPlausible(volts)) return undefined;
    const { nominal, news } = followNominal(state.nominal, volts, nominalVolts);
    state.nominal = nominal;
    if (news !== undefined) tell("nominal-voltage", news);
    return placeOf(nominal, volts, bandPercent);
}

/** What of a state is worth keeping: what was told. What has not lasted yet begins anew after a restart. */
export function savedUpsState({ told, flaps, nominal, testingSince }: UpsState): UpsState {
    const lasting = Object.entries(told).filter(([name, { value }]) => value !== watched[name as Watched].normal || name === "supply");
    return { told: Object.fromEntries(lasting.map(([name, held]) => [name, still(held)])), flaps, ...(nominal?.settled && { nominal: { ...nominal, seen: [] } }), ...(testingSince !== undefined && { testingSince }) };
}

/** A saved state, or undefined for what is none. */
export function parseUpsState(value: unknown): UpsState | undefined {
    const raw = fields(value);
    const [toldRaw, flapsRaw] = [fields(raw?.told), fields(raw?.flaps)];
    if (raw === undefined || toldRaw === undefined || flapsRaw === undefined || !Array.isArray(flapsRaw.recoveries)) return undefined;
    const state: UpsState = { told: {}, flaps: { recoveries: flapsRaw.recoveries.filter(isTime), ...(isTime(flapsRaw.toldAt) && { toldAt: flapsRaw.toldAt }) } };
    for (const [name, { normal, others: kinds }] of Object.entries(watched) as [Watched, Condition][]) {
        const held = fields(toldRaw[name]);
        const kind = [normal, ...kinds].find((each) => each === held?.value);
        if (kind !== undefined && isTime(held?.since)) state.told[name] = { value: kind, since: held.since };
    }
    const nominal = parseNominal(raw.nominal);
    if (nominal !== undefined) state.nominal = nominal;
    if (isTime(raw.testingSince)) state.testingSince = raw.testingSince;
    return state;
}

function fields(value: unknown): Record<string, unknown> | undefined {
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

function isTime(value: unknown): value is number {
    return typeof value === "number" && Number.isFinite(value);
}
