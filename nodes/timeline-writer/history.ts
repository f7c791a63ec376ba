import type { TimelineSeries } from "../../lib/stores/timeline-store";
import type { FlowMessage } from "../shared/wire";

/** What is put into the messages that carry a history. */
export type HistoryFields = FlowMessage & { topic?: string; payload: unknown };

/**
 * A history as messages. For a chart: one message a series, `topic` its name and `payload` a list of {x: ms, y: number}; the
 * first one tells the chart to replace what it shows. Else one message with everything.
 */
export function historyMessages(series: readonly TimelineSeries[], shape: "chart" | "series"): HistoryFields[] {
    if (shape === "series") return [{ payload: series }];
    const types = new Set(series.map(({ event_type }) => event_type));
    return series.map(({ event_type, source, points }, index) => ({
        topic: types.size === 1 ? source : `${source} ${event_type}`,
        payload: points.flatMap(({ at, value }) => (value === null ? [] : [{ x: Math.round(at), y: value }])),
        action: index === 0 ? "replace" : "append",
        event_type,
        source,
    }));
}
