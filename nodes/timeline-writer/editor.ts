import type { EditorNodeProperties, EditorRED } from "node-red";
import { category, colours, numberBetween } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
    store: string;
    simulated: boolean;
    startHours: string;
    types: string;
    maxPoints: string;
    shape: string;
    version: number;
}

RED.nodes.registerType<Properties>("timeline-writer", {
    category,
    color: colours.actor,
    icon: "timeline-writer.svg",
    defaults: {
        name: { value: "" },
        store: { value: "", type: "timeline-store", required: true },
        simulated: { value: true },
        startHours: { value: "1", validate: numberBetween(0, 87_600, { required: false }) },
        types: { value: "" },
        maxPoints: { value: "720", validate: numberBetween(1, 5000, { required: false }) },
        shape: { value: "chart" },
        version: { value: 1 },
    },
    inputs: 1,
    outputs: 1,
    paletteLabel: "timeline writer",
    label() {
        return this.name || this._("timeline-writer.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    inputLabels() {
        return this._("timeline-writer.port.rows");
    },
    outputLabels() {
        return this._("timeline-writer.port.history");
    },
});
