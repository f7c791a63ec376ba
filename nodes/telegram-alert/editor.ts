import type { EditorNodeProperties, EditorRED } from "node-red";
import { alertDefaults, prepareAlertDialog, soundDefault, type AlertFields, type SoundField } from "../shared/editor-alerts";
import { category, colours, fieldText, isEnvironment, numberBetween } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties, AlertFields, SoundField {
    chatId: string;
    threadId: string;
    baseUrl: string;
}

interface Credentials {
    token: string;
}

RED.nodes.registerType<Properties, Credentials>("telegram-alert", {
    category,
    color: colours.alert,
    icon: "telegram-alert.svg",
    defaults: {
        name: { value: "" },
        chatId: { value: "", validate: (value: unknown) => isEnvironment(value) || /^(-?\d+|@\w+)$/.test(fieldText(value)) },
        threadId: { value: "", validate: numberBetween(0, Number.MAX_SAFE_INTEGER, { required: false }) },
        baseUrl: { value: "", validate: (value: unknown) => isEnvironment(value) || /^(|https:\/\/\S+|http:\/\/(localhost|127(\.\d+){3}|\[::1\])(:\d+)?(\/\S*)?)$/.test(fieldText(value)) },
        sourceLabel: { value: "Solix output" },
        ...alertDefaults,
        ...soundDefault,
        version: { value: 1 },
    },
    credentials: { token: { type: "password" } },
    inputs: 1,
    outputs: 2,
    align: "right",
    paletteLabel: "telegram alert",
    label() {
        return this.name || this._("telegram-alert.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    inputLabels() {
        return this._("telegram-alert.port.alert");
    },
    outputLabels(index) {
        return this._(index === 0 ? "telegram-alert.port.delivered" : "telegram-alert.port.accepted");
    },
    oneditprepare() {
        const fields = ["chatId", "threadId", "baseUrl", "sourceLabel", "loudFrom", "token"];
        prepareAlertDialog<{ chatId: string }>("telegram-alert", this.id, fields, this._.bind(this), ({ chatId }) => this._("telegram-alert.test.sent", { chat: chatId }));
    },
});
