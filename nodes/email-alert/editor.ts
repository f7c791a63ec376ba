import type { EditorNodeProperties, EditorRED } from "node-red";
import { alertDefaults, prepareAlertDialog, type AlertFields } from "../shared/editor-alerts";
import { category, colours, fieldText, isEnvironment, numberBetween } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties, AlertFields {
    host: string;
    port: string;
    security: string;
    from: string;
    to: string;
    caFile: string;
}

interface Credentials {
    user: string;
    password: string;
}

const ports: Record<string, string> = { starttls: "587", tls: "465", none: "25" };
const isAddress = (value: unknown): boolean => isEnvironment(value) || /^[^\s@,;<>]+@[^\s@,;<>]+$/.test(fieldText(value));

RED.nodes.registerType<Properties, Credentials>("email-alert", {
    category,
    color: colours.alert,
    icon: "email-alert.svg",
    defaults: {
        name: { value: "" },
        host: { value: "", validate: (value: unknown) => isEnvironment(value) || /^[\w.:[\]-]+$/.test(fieldText(value)) },
        port: { value: "", validate: numberBetween(1, 65_535, { required: false }) },
        security: { value: "starttls" },
        from: { value: "", validate: isAddress },
        to: { value: "", validate: (value: unknown) => isEnvironment(value) || fieldText(value).split(/[,;\s]+/).every(isAddress) },
        caFile: { value: "" },
        sourceLabel: { value: "" },
        ...alertDefaults,
        version: { value: 2 },
    },
    credentials: { user: { type: "text" }, password: { type: "password" } },
    inputs: 1,
    outputs: 2,
    align: "right",
    paletteLabel: "email alert",
    label() {
        return this.name || this._("email-alert.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    inputLabels() {
        return this._("email-alert.port.alert");
    },
    outputLabels(index) {
        return this._(index === 0 ? "email-alert.port.delivered" : "email-alert.port.accepted");
    },
    oneditprepare() {
        $("#node-input-version").val("2");
        const security = $("#node-input-security");
        const showPort = (): void => void $("#node-input-port").attr("placeholder", ports[String(security.val())] ?? "");
        security.on("change", showPort);
        showPort();
        prepareAlertDialog<{ to: string; refused: string }>("email-alert", this.id, ["host", "port", "security", "from", "to", "caFile", "user", "password"], this._.bind(this),
            ({ to, refused }) => refused || this._("email-alert.test.sent", { to }));
    },
});
