/** What happens to a UPS, or to the way to it, that people want to hear of. Each is told once per change. */
export const powerEventKinds = [
    "on-battery", "on-mains",
    "connection-lost", "connection-restored", "connection-flapping", "credentials-refused", "credentials-accepted",
    "low-battery", "low-battery-ended", "replace-battery", "replace-battery-ended",
    "overload", "overload-ended", "bypass", "bypass-ended", "output-off", "output-on",
    "boost", "trim", "regulation-ended",
    "brownout", "over-voltage", "voltage-normal", "nominal-voltage",
    "calibration", "calibration-ended", "forced-shutdown", "forced-shutdown-ended",
] as const;
export type PowerEventKind = (typeof powerEventKinds)[number];

/** Such an event, as `msg.event` carries it. */
export interface PowerEvent {
    kind: PowerEventKind;
    device: string;
    /** Event time in ms. */
    at: number;
    /** When what now ended had begun, event time in ms: on `on-mains`, `...-ended`, `...-restored`, `voltage-normal`. */
    since?: number;
    /** The numbers behind it, for people: "165 V, below 207 V (230 V - 10 %)". */
    detail?: string;
    simulated?: true;
}
