import { isTestStuck, testOf } from "./evidence";
import { whyUnready } from "./readiness";
import type { Asked } from "./trigger-rules";

/** What was odd about a reading and is named although no rule turned on it. `setBackMs`: the source's clock was set back. */
export function notesOf({ config, input, evidence, passing, state }: Asked, setBackMs: number | undefined): string[] {
    const { reading } = input;
    const notes: string[] = [];
    if (setBackMs !== undefined) notes.push(`the clock of the source was set back by ${seconds(setBackMs)} s`);
    if (passing.gap) notes.push(`${seconds(passing.gap.ms)} s without a reading${passing.gap.away ? " while this was not running" : ", or a clock that jumped"}`);
    if (evidence.excuse) notes.push(evidence.excuse);
    if (isTestStuck(state.testedSince, reading.at)) notes.push(`${testOf(reading) ?? "test"} on mains for ${seconds(reading.at - (state.testedSince ?? 0))} s: a report that got stuck, ignored`);
    if (evidence.standing === "mains" && evidence.lowBattery) notes.push("LB while mains is present: ignored");
    if (evidence.standing === "mains" && reading.flags?.includes("DISCHRG")) notes.push("discharging while mains is present: no outage");
    if (reading.quality === "good" && state.missed) notes.push(`neither OL nor OB in "${reading.flags?.join(" ") ?? ""}": what it runs on is unknown`);
    const unready = state.readiness && evidence.standing !== "battery" && evidence.standing !== "excused" ? whyUnready(config, state.readiness, { charge: evidence.charge ?? state.known.charge, at: reading.at }) : undefined;
    if (unready) notes.push(`not ready for an outage: ${unready}`);
    if (state.still && reading.at - state.still.since >= config.frozenMs) notes.push(`no number has moved for ${seconds(reading.at - state.still.since)} s: frozen`);
    return notes;
}

function seconds(ms: number): number {
    return Math.round(ms / 1000);
}
