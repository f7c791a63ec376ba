import type { EditorNodeProperties, EditorRED } from "node-red";
import { ask, say } from "../shared/editor-ask";
import { category, colours, fieldText, isEnvironment, nameFields, numberBetween } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
    server: string;
    ups: string;
    device: string;
    interval: string;
    batteryInterval: string;
    payload: string;
    voltage: string;
    dwell: string;
    grace: string;
    flaps: string;
    version: number;
}

interface FoundUps {
    name: string;
    description: string;
}

const field = (name: string): JQuery => $(`#node-input-${name}`);

RED.nodes.registerType<Properties>("ups-reader", {
    category,
    color: colours.reader,
    icon: "ups-reader.svg",
    defaults: {
        name: { value: "" },
        server: { value: "", type: "nut-server", required: true },
        ups: { value: "", validate: (ups: unknown) => isEnvironment(ups) || /^[^\s"\\]*$/.test(fieldText(ups)) },
        device: { value: "" },
        interval: { value: "5", validate: numberBetween(0.5, 86_400) },
        batteryInterval: { value: "1", validate: numberBetween(0.5, 86_400) },
        payload: { value: "charge" },
        voltage: { value: "normal" },
        dwell: { value: "30", validate: numberBetween(0, 86_400) },
        grace: { value: "60", validate: numberBetween(0, 86_400) },
        flaps: { value: "5", validate: numberBetween(0, 1000) },
        version: { value: 1 },
    },
    inputs: 1,
    outputs: 2,
    paletteLabel: "ups reader",
    label() {
        return this.name || this.device || this.ups || this._("ups-reader.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    inputLabels() {
        return this._("ups-reader.port.input");
    },
    outputLabels(index) {
        return this._(`ups-reader.port.${["reading", "event"][index] ?? "reading"}`);
    },
    button: {
        enabled() {
            return !(this as { changed?: boolean }).changed;
        },
        onclick() {
            ask(`ups-reader/${this.id}`, {}, (answer) => {
                if (answer.ok) RED.notify(this._("ups-reader.now.done"), "success");
                else RED.notify(`${this._("ups-reader.now.failed")} ${$("<span>").text(answer.error).html()}`, "error");
            });
        },
    },
    oneditprepare() {
        nameFields($("#dialog-form"));
        const found = $("#ups-reader-found");
        const offer = ({ name, description }: FoundUps): void => {
            const choose = (): void => {
                field("ups").val(name).trigger("change");
                found.hide();
            };
            $("<button>", { type: "button", class: "red-ui-button", style: "display: block; width: 100%; text-align: left; margin-top: 2px;" }).text(description === "" ? name : `${name} · ${description}`).on("click", choose).appendTo(found);
        };
        $("#ups-reader-search").on("click", (event) => {
            event.preventDefault();
            const server = String(field("server").val() ?? "");
            if (server === "" || server === "_ADD_") return say(found, [this._("ups-reader.search.no-server")], true);
            const button = $(event.currentTarget).prop("disabled", true);
            say(found, [this._("ups-reader.search.under-way")]);
            ask<{ upses: FoundUps[] }>(`nut-server/${server}/upses`, {}, (answer) => {
                button.prop("disabled", false);
                if (!answer.ok) return say(found, [answer.error], true);
                say(found, [this._(answer.upses.length === 0 ? "ups-reader.search.none" : "ups-reader.search.choose")]);
                answer.upses.forEach(offer);
            });
        });

        const showDwell = (): void => {
            $(".ups-reader-dwell").toggle(field("voltage").val() !== "off");
        };
        field("voltage").on("change", showDwell);
        showDwell();
    },
});
