import type { EditorNodeProperties, EditorRED } from "node-red";
import { category, colours, isEnvironment, numberBetween } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
    chatId: string;
    threadId: string;
    baseUrl: string;
    sourceLabel: string;
    minimumSeverity: string;
    steps: string;
    version: number;
}

interface Credentials {
    token: string;
}

/** What the test route answers. */
type TestAnswer = { ok: true; chatId: string } | { ok: false; error: string };

const fields = ["chatId", "threadId", "baseUrl", "sourceLabel", "minimumSeverity", "steps", "token"] as const;

RED.nodes.registerType<Properties, Credentials>("telegram-alert", {
    category,
    color: colours.alert,
    icon: "telegram-alert.svg",
    defaults: {
        name: { value: "" },
        chatId: { value: "", validate: (value: string) => isEnvironment(value) || /^\s*(-?\d+|@\w+)\s*$/.test(value) },
        threadId: { value: "", validate: numberBetween(0, Number.MAX_SAFE_INTEGER, { required: false }) },
        baseUrl: { value: "", validate: (value: string) => isEnvironment(value) || /^\s*(|https:\/\/\S+|http:\/\/(localhost|127(\.\d+){3}|\[::1\])(:\d+)?(\/\S*)?)\s*$/.test(value) },
        sourceLabel: { value: "Solix output" },
        minimumSeverity: { value: "info" },
        steps: { value: "live" },
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
        const button = $("#telegram-alert-test");
        const result = $("#telegram-alert-test-result");
        const show = (text: string, failed: boolean): void => void result.text(text).css("color", failed ? "var(--red-ui-text-color-error)" : "");
        button.on("click", (event) => {
            event.preventDefault();
            button.prop("disabled", true);
            show(this._("telegram-alert.test.sending"), false);
            const values = Object.fromEntries(fields.map((name) => [name, $(`#node-input-${name}`).val()]));
            void $.ajax({ url: "ridethrough/telegram-alert/test", method: "POST", contentType: "application/json", data: JSON.stringify({ id: this.id, ...values }) })
                .then((answer: TestAnswer) => {
                    if (answer.ok) show(this._("telegram-alert.test.sent", { chat: answer.chatId }), false);
                    else show(answer.error, true);
                }, (request: JQuery.jqXHR) => show(this._("telegram-alert.test.failed", { status: String(request.status) }), true))
                .always(() => button.prop("disabled", false));
        });
    },
});
