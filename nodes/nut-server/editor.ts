import type { EditorNodeProperties, EditorRED } from "node-red";
import { ask, say } from "../shared/editor-ask";
import { fieldText, isEnvironment, numberBetween } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
    host: string;
    port: string;
    tls: string;
    caFile: string;
    pin: string;
    version: number;
}

interface Credentials {
    user: string;
    password: string;
}

interface Found {
    upses: { name: string; description: string; status?: string; charge?: string; error?: string }[];
    credentials: string;
    refused?: string;
}

const fields = ["host", "port", "tls", "caFile", "pin", "user", "password"] as const;
const field = (name: string): JQuery => $(`#node-config-input-${name}`);

RED.nodes.registerType<Properties, Credentials>("nut-server", {
    category: "config",
    defaults: {
        name: { value: "" },
        host: { value: "127.0.0.1", validate: (value: unknown) => isEnvironment(value) || !/[\s/]|^-|^[^:]*:[^:]*$/.test(fieldText(value)) },
        port: { value: "3493", validate: numberBetween(1, 65_535, { required: false }) },
        tls: { value: "off" },
        caFile: { value: "" },
        pin: { value: "", validate: (value: unknown) => isEnvironment(value) || fieldText(value) === "" || /^[0-9a-f]{64}$/i.test(fieldText(value).replace(/^\s*sha-?256( fingerprint)?\s*[:=]|[:\s]/gi, "")) },
        version: { value: 1 },
    },
    credentials: {
        user: { type: "text" },
        password: { type: "password" },
    },
    label() {
        return this.name || (this.host ? `${this.host}${this.port && this.port !== "3493" ? `:${this.port}` : ""}` : this._("nut-server.label.node"));
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    oneditprepare() {
        const show = (): void => void $(".nut-server-tls").toggle(field("tls").val() === "required");
        field("tls").on("change", show);
        show();

        const result = $("#nut-server-result");
        $("#nut-server-test").on("click", (event) => {
            event.preventDefault();
            const button = $(event.currentTarget).prop("disabled", true);
            say(result, [this._("nut-server.test.under-way")]);
            ask<Found>("nut-server/test", { id: this.id, ...Object.fromEntries(fields.map((name) => [name, field(name).val()])) }, (answer) => {
                button.prop("disabled", false);
                if (!answer.ok) return say(result, [answer.error], true);
                const { upses, credentials, refused } = answer;
                const lines = upses.map(({ name, description, status, charge, error }) => error ?? [name, description, status, charge && `${charge} %`].filter(Boolean).join(" · "));
                const login = refused ?? (credentials === "accepted" ? this._("nut-server.test.accepted") : "");
                say(result, [this._(upses.length > 0 ? "nut-server.test.found" : "nut-server.test.none"), ...lines, ...(login === "" ? [] : [login])], refused !== undefined || upses.length === 0);
            });
        });
    },
});
