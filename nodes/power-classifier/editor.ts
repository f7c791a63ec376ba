import type { EditorNodeProperties, EditorRED } from "node-red";
import { defaultThresholds, thresholdNames, thresholdProblems, type Thresholds } from "../../lib/power/thresholds";
import { category, colours, isEnvironment, numberBetween } from "../shared/editor-fields";
import { keepLinksMutual } from "../shared/editor-links";

declare const RED: EditorRED;

keepLinksMutual(RED);

interface Properties extends EditorNodeProperties {
    warning: string;
    alert: string;
    critical: string;
    dead: string;
    hysteresis: string;
    confirmations: string;
    missedPolls: string;
    loadIsConstant: boolean;
    version: number;
}

/** What is wrong with the thresholds as a set; nothing while one of them comes from the environment. */
function problemsOf(value: (name: keyof Thresholds) => unknown): string[] {
    const texts = thresholdNames.map((name) => String(value(name) ?? "").trim());
    if (texts.some(isEnvironment)) return [];
    const numbers = thresholdNames.map((name, place) => [name, texts[place] === "" ? defaultThresholds[name] : Number(texts[place])] as const);
    return thresholdProblems(Object.fromEntries(numbers) as unknown as Thresholds);
}

const watts = numberBetween(0, Infinity, { required: false });

/** A threshold by itself, and its place above the one below it. */
function threshold(name: keyof Thresholds) {
    return {
        value: String(defaultThresholds[name]),
        validate(this: Partial<Record<keyof Thresholds, unknown>>, value: string): boolean {
            return watts(value) && !problemsOf((other) => (other === name ? value : this[other])).some((problem) => problem.startsWith(`${name} `));
        },
    };
}

RED.nodes.registerType<Properties>("power-classifier", {
    category,
    color: colours.decider,
    icon: "power-classifier.svg",
    defaults: {
        name: { value: "" },
        warning: threshold("warning"),
        alert: threshold("alert"),
        critical: threshold("critical"),
        dead: threshold("dead"),
        hysteresis: { value: "5", validate: watts },
        confirmations: { value: "1", validate: numberBetween(1, 100, { required: false }) },
        missedPolls: { value: "5", validate: numberBetween(1, 10_000, { required: false }) },
        loadIsConstant: { value: false },
        version: { value: 1 },
    },
    inputs: 1,
    outputs: 2,
    paletteLabel: "power classifier",
    label() {
        return this.name || this._("power-classifier.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    inputLabels() {
        return this._("power-classifier.port.reading");
    },
    outputLabels(index) {
        return this._(index === 0 ? "power-classifier.port.every" : "power-classifier.port.transition");
    },
    oneditprepare() {
        const field = (name: string): JQuery => $(`#node-input-${name}`);
        const show = (): void => {
            const problems = problemsOf((name) => field(name).val());
            $("#power-classifier-problem").text(problems.join(" · ")).toggle(problems.length > 0);
        };
        for (const name of thresholdNames) field(name).on("input change", show);
        show();
    },
});
