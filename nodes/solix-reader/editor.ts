import type { EditorNodeProperties, EditorRED } from "node-red";
import { ask, say, type FoundDevice } from "../shared/editor-ask";
import { category, colours, fieldText, isEnvironment, nameFields, numberBetween } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
    account: string;
    serial: string;
    device: string;
    interval: string;
    fastInterval: string;
    fastBelow: string;
    capacity: string;
    stale: string;
    payload: string;
    version: number;
}

const field = (name: string): JQuery => $(`#node-input-${name}`);

RED.nodes.registerType<Properties>("solix-reader", {
    category,
    color: colours.reader,
    icon: "solix-reader.svg",
    defaults: {
        name: { value: "" },
        account: { value: "", type: "anker-account", required: true },
        serial: { value: "", validate: (serial: unknown) => isEnvironment(serial) || /^[A-Za-z0-9_-]*$/.test(fieldText(serial)) },
        device: { value: "" },
        interval: { value: "120", validate: numberBetween(1, 86_400) },
        fastInterval: { value: "30", validate: numberBetween(1, 86_400) },
        fastBelow: { value: "30", validate: numberBetween(0, 100) },
        capacity: { value: "", validate: numberBetween(0, 1_000_000, { required: false }) },
        stale: { value: "", validate: numberBetween(0, 86_400, { required: false }) },
        payload: { value: "charge" },
        version: { value: 1 },
    },
    inputs: 1,
    outputs: 3,
    paletteLabel: "solix reader",
    label() {
        return this.name || this.device || this._("solix-reader.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    inputLabels() {
        return this._("solix-reader.port.input");
    },
    outputLabels(index) {
        return this._(`solix-reader.port.${["reading", "event", "fields"][index] ?? "reading"}`);
    },
    button: {
        enabled() {
            return !(this as { changed?: boolean }).changed;
        },
        onclick() {
            ask(`solix-reader/${this.id}`, {}, (answer) => {
                if (answer.ok) RED.notify(this._("solix-reader.now.done"), "success");
                else RED.notify(`${this._("solix-reader.now.failed")} ${$("<span>").text(answer.error).html()}`, "error");
            });
        },
    },
    oneditprepare() {
        nameFields($("#dialog-form"));
        const found = $("#solix-reader-found");
        const offer = ({ serial, name, model, online, known }: FoundDevice): void => {
            const notes = [...(online ? [] : [this._("solix-reader.search.offline")]), ...(known ? [] : [this._("solix-reader.search.unknown")])];
            const choose = (): void => {
                field("serial").val(serial).trigger("change");
                if (field("device").val() === "") field("device").val(name).trigger("change");
                found.hide();
            };
            $("<button>", { type: "button", class: "red-ui-button", style: "display: block; width: 100%; text-align: left; margin-top: 2px;" }).text([name, model, serial, ...notes].join(" · ")).on("click", choose).appendTo(found);
        };
        $("#solix-reader-search").on("click", (event) => {
            event.preventDefault();
            const button = $(event.currentTarget).prop("disabled", true);
            say(found, [this._("solix-reader.search.under-way")]);
            ask<{ devices: FoundDevice[] }>(`anker-account/${String(field("account").val())}/devices`, {}, (answer) => {
                button.prop("disabled", false);
                if (!answer.ok) return say(found, [answer.error], true);
                say(found, [this._(answer.devices.length === 0 ? "solix-reader.search.none" : "solix-reader.search.choose")]);
                answer.devices.forEach(offer);
            });
        });
    },
});
