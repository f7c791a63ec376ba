import { severities, type Severity } from "../../lib/alerts/alert";
import { stepChoices, type StepChoice } from "../../lib/alerts/run-alerts";
import type { Settings } from "./settings";

/** What every alert node lets people choose. */
export interface AlertChoices {
    /** What the watts are called in the messages. Empty: the device's name. */
    sourceLabel: string;
    /** Alerts below it are not told. */
    minimumSeverity: Severity;
    steps: StepChoice;
    /** What may be over in a moment waits for so long in s. */
    blipSeconds: number;
    /** Tells of Node-RED's starts. */
    service: boolean;
}

/** What people choose where the service can deliver without a sound. */
export interface SoundChoice {
    /** Alerts below it arrive silently. Critical ones never do. */
    loudFrom: Severity;
}

export function soundChoice(settings: Settings): SoundChoice {
    return { loudFrom: settings.choice("loudFrom", severities, "warning") };
}

/** @param sourceLabel for a configuration from before the field */
export function alertChoices(settings: Settings, sourceLabel = ""): AlertChoices {
    return {
        sourceLabel: settings.stored.sourceLabel === "" ? "" : settings.text("sourceLabel", sourceLabel),
        minimumSeverity: settings.choice("minimumSeverity", severities, "info"),
        steps: settings.choice("steps", stepChoices, "live"),
        blipSeconds: settings.number("blipSeconds", { fallback: 6, min: 0, max: 60 }),
        service: settings.boolean("service", false),
    };
}
