import type { EditorNodeProperties, EditorRED } from "node-red";
import { ask, say, type FoundDevice } from "../shared/editor-ask";
import { fieldText, isEnvironment } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
    country: string;
    version: number;
}

interface Credentials {
    email: string;
    password: string;
}

RED.nodes.registerType<Properties, Credentials>("anker-account", {
    category: "config",
    defaults: {
        name: { value: "" },
        country: { value: "US", required: true, validate: (country: unknown) => isEnvironment(country) || /^[A-Za-z]{2}$/.test(fieldText(country)) },
        version: { value: 1 },
    },
    credentials: {
        email: { type: "text" },
        password: { type: "password" },
    },
    label() {
        return this.name || this._("anker-account.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    oneditprepare() {
        const result = $("#anker-account-result");
        $("#anker-account-login").on("click", (event) => {
            event.preventDefault();
            const button = $(event.currentTarget).prop("disabled", true);
            say(result, [this._("anker-account.login.under-way")]);
            ask<{ devices: FoundDevice[] }>(`anker-account/${this.id}/login`, {}, (answer) => {
                button.prop("disabled", false);
                if (!answer.ok) return say(result, [answer.error], true);
                const lines = answer.devices.map(({ name, model, online }) => `${name} · ${model} · ${this._(online ? "anker-account.login.online" : "anker-account.login.offline")}`);
                say(result, lines.length > 0 ? [this._("anker-account.login.done"), ...lines] : [this._("anker-account.login.none")], lines.length === 0);
            });
        });
    },
});
