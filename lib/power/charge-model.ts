/**
 * The charge of a battery while nobody measures it: from the last measured charge, the capacity and the watts of the
 * loads. It assumes that the battery is being drained, which is the safe side; that it may be charging only raises the
 * upper bound.
 */
export interface ChargeModel {
    capacityWh: number;
    measured: { charge: number; at: number };
    /** Event time in ms up to which `drawnWh` counts. */
    at: number;
    /** Wh out of the battery since it was measured: as expected, at least (negative: charged), at most. */
    drawnWh: { usual: number; least: number; most: number };
    /** The last known load. */
    load: { watts: number; at: number };
    /** W: the highest load seen. */
    peakWatts: number;
    /** W: the most that may flow into the battery meanwhile. */
    inflowWatts: number;
}

/** A charge that was not measured, % of the battery. */
export interface ChargeEstimate {
    charge: number;
    low: number;
    high: number;
    /** Event time in ms of the last measurement. */
    since: number;
}

/**
 * What a watt at the outlet costs the battery. An F3800's inverter gives back 80 to 90 % of the energy at common loads and
 * draws some tens of watts by itself; a battery of some years holds less than its plate says.
 */
const losses = {
    usual: { efficiency: 0.87, idleWatts: 20, capacity: 0.97 },
    least: { efficiency: 0.97, idleWatts: 5, capacity: 1 },
    most: { efficiency: 0.75, idleWatts: 50, capacity: 0.85 },
} as const;
/** Whole percents are reported, and the step may be just about to come. */
const stepPercent = 1;
/** A load that nobody measured for so long may be anything between nothing and a bit above the highest seen. */
const loadHoldsMs = 150_000;
const unseenPeak = 1.25;

/**
 * Begins at a measured charge.
 * @param at event time in ms
 * @param watts the load at that moment
 * @param inflowWatts the most that may flow in from now on: 0 when mains is gone and there is no sun
 */
export function beginCharge({ capacityWh, charge, at, watts, inflowWatts = 0 }: { capacityWh: number; charge: number; at: number; watts: number; inflowWatts?: number }): ChargeModel {
    const load = Math.max(0, watts);
    return { capacityWh, measured: { charge, at }, at, drawnWh: { usual: 0, least: 0, most: 0 }, load: { watts: load, at }, peakWatts: load, inflowWatts };
}

/** The model after another measurement of the load. One that is older than what the model knows changes nothing. */
export function withLoad(model: ChargeModel, { watts, at }: { watts: number; at: number }): ChargeModel {
    if (at < model.at || !Number.isFinite(watts)) return model;
    const load = Math.max(0, watts);
    return { ...drawnUntil(model, at), load: { watts: load, at }, peakWatts: Math.max(model.peakWatts, load) };
}

/** The model once it is known how much may flow in from now on: less when mains is gone, more when it is back. */
export function withInflow(model: ChargeModel, { watts, at }: { watts: number; at: number }): ChargeModel {
    if (at < model.at || !Number.isFinite(watts)) return model;
    return { ...drawnUntil(model, at), inflowWatts: Math.max(0, watts) };
}

/** The same, so many ms older: the machine was suspended, and event time stood still. */
export function olderCharge(model: ChargeModel, ms: number): ChargeModel {
    const { measured, load, at } = model;
    return { ...model, at: at - ms, measured: { ...measured, at: measured.at - ms }, load: { ...load, at: load.at - ms } };
}

/** The charge at `at` (event time in ms), between bounds that only ever move apart. */
export function estimateCharge(model: ChargeModel, at: number): ChargeEstimate {
    const { drawnWh, capacityWh, measured } = drawnUntil(model, Math.max(at, model.at));
    const left = (how: keyof typeof losses): number => measured.charge - (drawnWh[how] / (capacityWh * losses[how].capacity)) * 100;
    const low = percent(left("most") - stepPercent);
    const high = percent(left("least") + stepPercent);
    return { charge: Math.min(high, Math.max(low, percent(left("usual")))), low, high, since: measured.at };
}

function drawnUntil(model: ChargeModel, at: number): ChargeModel {
    const { load, peakWatts, inflowWatts, drawnWh } = model;
    const knownMs = Math.max(0, Math.min(at, load.at + loadHoldsMs) - model.at);
    const unknownMs = Math.max(0, at - model.at - knownMs);
    const drawn = (how: keyof typeof losses, watts: number, ms: number): number => ((watts / losses[how].efficiency + losses[how].idleWatts) * ms) / 3_600_000;
    const charged = (inflowWatts * (knownMs + unknownMs)) / 3_600_000;
    return {
        ...model,
        at,
        drawnWh: {
            usual: drawnWh.usual + drawn("usual", load.watts, knownMs + unknownMs),
            least: drawnWh.least + drawn("least", load.watts, knownMs) + drawn("least", 0, unknownMs) - charged,
            most: drawnWh.most + drawn("most", load.watts, knownMs) + drawn("most", peakWatts * unseenPeak, unknownMs),
        },
    };
}

function percent(value: number): number {
    return Math.round(Math.min(100, Math.max(0, value)) * 10) / 10;
}

/** A model from a JSON document, or undefined for anything that is not wholly one. */
export function parseChargeModel(value: unknown): ChargeModel | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const { capacityWh, measured, at, drawnWh, load, peakWatts, inflowWatts } = value as Partial<ChargeModel>;
    const numbers = [capacityWh, measured?.charge, measured?.at, at, drawnWh?.usual, drawnWh?.least, drawnWh?.most, load?.watts, load?.at, peakWatts, inflowWatts];
    return numbers.every((number) => typeof number === "number" && Number.isFinite(number)) && (capacityWh ?? 0) > 0 ? (value as ChargeModel) : undefined;
}
