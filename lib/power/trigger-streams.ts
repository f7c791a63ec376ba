import { streamOf } from "./reading";
import type { Streams } from "./streams";
import { decide } from "./trigger";
import type { TriggerConfig } from "./trigger-config";
import type { TriggerInput, TriggerStep } from "./trigger-input";
import type { TriggerState } from "./trigger-state";
import { witnessesOf } from "./witness";

/** decide, among all the streams of one trigger: remembers the new state, and lets the other sources be heard where two kinds must agree. */
export function decideAmong(config: TriggerConfig, streams: Streams<TriggerState>, { reading, power }: Omit<TriggerInput, "witnesses">): TriggerStep {
    const stream = streamOf(reading);
    const witnesses = config.agreement === "each" ? undefined : witnessesOf(streams, stream, reading.simulated === true, reading.at);
    const judged = power && { state: power.state, since: power.since, conclusive: power.conclusive };
    const step = decide(config, streams.get(stream), { reading, ...(judged && { power: judged }), ...(witnesses && { witnesses }) });
    streams.set(stream, step.state);
    return step;
}
