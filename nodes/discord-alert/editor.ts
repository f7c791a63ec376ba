import type { EditorNodeProperties, EditorRED } from "node-red";
import { alertDefaults, prepareAlertDialog, soundDefault, type AlertFields, type SoundField } from "../shared/editor-alerts";
import { category, colours } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties, AlertFields, SoundField {}

interface Credentials {
    webhook: string;
}

RED.nodes.registerType<Properties, Credentials>("discord-alert", {
    category,
    color: colours.alert,
    icon: "discord-alert.svg",
    defaults: {
        name: { value: "" },
        sourceLabel: { value: "" },
        ...alertDefaults,
        ...soundDefault,
        version: { value: 1 },
    },
    credentials: { webhook: { type: "password" } },
    inputs: 1,
    outputs: 2,
    align: "right",
    paletteLabel: "discord alert",
    label() {
        return this.name || this._("discord-alert.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    inputLabels() {
        return this._("discord-alert.port.alert");
    },
    outputLabels(index) {
        return this._(index === 0 ? "discord-alert.port.delivered" : "discord-alert.port.accepted");
    },
    oneditprepare() {
        prepareAlertDialog("discord-alert", this.id, ["webhook", "loudFrom"], this._.bind(this), () => this._("discord-alert.test.sent"));
    },
});
