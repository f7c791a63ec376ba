import type { EditorNodeProperties, EditorRED } from "node-red";
import { ask, say } from "../shared/editor-ask";
import { category, colours, fieldText, isEnvironment, numberBetween } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
    device: string;
    plugType: string;
    host: string;
    port: string;
    channels: string;
    interval: string;
    deadline: string;
    payload: string;
    version: number;
}

interface Credentials {
    user: string;
    password: string;
}

interface FoundPlug {
    host: string;
    port?: number;
    model: string;
    alias: string;
    meters: boolean;
}

const field = (name: string): JQuery => $(`#node-input-${name}`);

RED.nodes.registerType<Properties, Credentials>("plug-reader", {
    category,
    color: colours.reader,
    icon: "plug-reader.svg",
    defaults: {
        name: { value: "" },
        device: { value: "" },
        plugType: { value: "auto" },
        host: { value: "", required: true, validate: (host: unknown) => isEnvironment(host) || /^[A-Za-z0-9._:%-]+$/.test(fieldText(host)) },
        port: { value: "", validate: numberBetween(1, 65535, { required: false }) },
        channels: { value: "" },
        interval: { value: "60", validate: numberBetween(1, 86_400) },
        deadline: { value: "5", validate: numberBetween(0.1, 120) },
        payload: { value: "watts" },
        version: { value: 1 },
    },
    credentials: {
        user: { type: "text" },
        password: { type: "password" },
    },
    inputs: 1,
    outputs: 1,
    paletteLabel: "plug reader",
    label() {
        return this.name || this.device || this._("plug-reader.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    inputLabels() {
        return this._("plug-reader.port.now");
    },
    outputLabels() {
        return this._("plug-reader.port.reading");
    },
    button: {
        enabled() {
            return !(this as { changed?: boolean }).changed;
        },
        onclick() {
            ask(`plug-reader/${this.id}`, {}, (answer) => {
                if (answer.ok) RED.notify(this._("plug-reader.now.done"), "success");
                else RED.notify(`${this._("plug-reader.now.failed")} ${$("<span>").text(answer.error).html()}`, "error");
            });
        },
    },
    oneditprepare() {
        const found = $("#plug-reader-found");
        const result = $("#plug-reader-result");
        const offer = (plug: FoundPlug): void => {
            const label = `${plug.alias} · ${plug.model} · ${plug.host}${plug.meters ? "" : ` · ${this._("plug-reader.search.unmetered")}`}`;
            const choose = (): void => {
                field("host").val(plug.host).trigger("change");
                field("port").val(plug.port ?? "").trigger("change");
                field("plugType").val("kasa").trigger("change");
                if (field("device").val() === "") field("device").val(plug.alias).trigger("change");
                found.hide();
            };
            $("<button>", { type: "button", class: "red-ui-button", style: "display: block; width: 100%; text-align: left; margin-top: 2px;" }).text(label).on("click", choose).appendTo(found);
        };

        $("#plug-reader-search").on("click", (event) => {
            event.preventDefault();
            const button = $(event.currentTarget).prop("disabled", true);
            say(found, [this._("plug-reader.search.under-way")]);
            ask<{ plugs: FoundPlug[] }>("plug-reader/discover", {}, (answer) => {
                button.prop("disabled", false);
                if (!answer.ok) return say(found, [answer.error], true);
                say(found, [this._(answer.plugs.length === 0 ? "plug-reader.search.none" : "plug-reader.search.choose")]);
                answer.plugs.forEach(offer);
            });
        });

        $("#plug-reader-test").on("click", (event) => {
            event.preventDefault();
            const button = $(event.currentTarget).prop("disabled", true);
            say(result, [this._("plug-reader.test.under-way")]);
            const names = ["name", "device", "plugType", "host", "port", "channels", "deadline", "user", "password"];
            ask<{ lines: string[] }>("plug-reader/test", { id: this.id, ...Object.fromEntries(names.map((name) => [name, field(name).val()])) }, (answer) => {
                button.prop("disabled", false);
                say(result, answer.ok ? answer.lines : [answer.error], !answer.ok);
            });
        });

        const showLogin = (): void => {
            $(".plug-reader-login").toggle(field("plugType").val() !== "kasa");
        };
        field("plugType").on("change", showLogin);
        showLogin();
    },
});
