import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

export interface TimelineWriterConfig {
    /** Id of the timeline-store. */
    store: string;
    /** Whether fakes are written too. */
    simulated: boolean;
    /** The history that is sent when the flow starts: so many hours back, 0 for none. */
    startHours: number;
    /** Event types of the history, with commas; empty: all. */
    types: string;
    maxPoints: number;
    /** `chart`: a message a series, as a chart takes it. `series`: all in one message. */
    shape: "chart" | "series";
}

export function parseConfig(stored: StoredConfig): { config: TimelineWriterConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const config: TimelineWriterConfig = {
        store: settings.text("store"),
        simulated: settings.boolean("simulated", true),
        startHours: settings.number("startHours", { fallback: 0, min: 0, max: 87_600 }),
        types: settings.text("types"),
        maxPoints: settings.number("maxPoints", { fallback: 720, min: 1, max: 5000, integer: true }),
        shape: settings.choice("shape", ["chart", "series"], "chart"),
    };
    if (config.store === "") settings.problem("no timeline store");
    return { config, problems: settings.problems };
}
