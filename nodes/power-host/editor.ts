import type { EditorNodeProperties, EditorRED } from "node-red";
import { ask, say } from "../shared/editor-ask";
import { fieldText, isEnvironment, numberBetween } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
    kind: string;
    host: string;
    port: string;
    user: string;
    auth: string;
    keyFile: string;
    transport: string;
    trust: string;
    hostKey: string;
    confined: boolean;
    knownHosts: string;
    version: number;
}

interface Credentials {
    privateKey: string;
    passphrase: string;
}

const field = (name: string): JQuery => $(`#node-config-input-${name}`);
const text = (name: string): string => String(field(name).val() ?? "").trim();

/** Empty passes: a plan can be rehearsed before its hosts are there. */
const matches = (pattern: RegExp) => (value: unknown): boolean => isEnvironment(value) || fieldText(value) === "" || pattern.test(fieldText(value).trim());

RED.nodes.registerType<Properties, Credentials>("power-host", {
    category: "config",
    // Plans hold their hosts in a list, which the editor does not count as use. Not in the types.
    ...{ hasUsers: false },
    defaults: {
        name: { value: "", validate: matches(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9_])?$/) },
        kind: { value: "ssh" },
        host: { value: "", validate: matches(/^[A-Za-z0-9_:][A-Za-z0-9._:%-]*$/) },
        port: { value: "22", validate: numberBetween(1, 65_535, { required: false }) },
        user: { value: "", validate: matches(/^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/) },
        auth: { value: "key" },
        keyFile: { value: "" },
        transport: { value: "ssh2" },
        trust: { value: "pinned" },
        // Without a pinned key a plan can be rehearsed, not armed: that is no mistake yet.
        hostKey: { value: "", validate: matches(/^\s*$|SHA256:[A-Za-z0-9+/]{43}|(ssh-|ecdsa-)[a-z0-9-]+ [A-Za-z0-9+/]+/) },
        knownHosts: { value: "", validate: (value: unknown) => isEnvironment(value) || !/["\\\p{Cc}]|\$\{/u.test(fieldText(value)) },
        confined: { value: false },
        version: { value: 2 },
    },
    credentials: {
        privateKey: { type: "password" },
        passphrase: { type: "password" },
    },
    label() {
        return this.name || this.host || this._("power-host.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    oneditprepare() {
        const showKind = (): void => {
            const local = text("kind") === "local";
            $(".power-host-ssh").toggle(!local);
            $(".power-host-local").toggle(local);
        };
        const showAuth = (): void => {
            $(".power-host-auth-key, .power-host-auth-keyFile").hide();
            $(`.power-host-auth-${text("auth")}`).show();
        };
        const showTrust = (): void => {
            $(".power-host-trust-pinned, .power-host-trust-knownHosts").hide();
            $(`.power-host-trust-${text("trust")}`).show();
        };
        const showTransport = (): void => void $(".power-host-transport-ssh").toggle(text("transport") === "ssh");
        // A host of an earlier version has none of these fields; this dialog stores them all.
        for (const [name, first] of [["transport", "ssh2"], ["trust", "pinned"]] as const) if (text(name) === "") field(name).val(first);
        field("version").val(2);
        for (const [name, show] of [["kind", showKind], ["auth", showAuth], ["trust", showTrust], ["transport", showTransport]] as const) {
            field(name).on("change", show);
            show();
        }

        const offer = $("#power-host-offer");
        $("#power-host-learn").on("click", (event) => {
            event.preventDefault();
            const button = $(event.currentTarget).prop("disabled", true);
            say(offer, [this._("power-host.learn.under-way")]);
            ask<{ type: string; fingerprint: string; line: string }>("power-host/host-key", { host: text("host"), port: text("port") }, (answer) => {
                button.prop("disabled", false);
                if (!answer.ok) return say(offer, [answer.error], true);
                const pinned = text("hostKey");
                const same = pinned.includes(answer.line) || pinned.includes(answer.fingerprint);
                say(offer, [this._("power-host.learn.found"), `${answer.type} ${answer.fingerprint}`]);
                const verdict = same ? "same" : pinned === "" ? "compare" : "changed";
                $("<div>").text(this._(`power-host.learn.${verdict}`)).css("color", verdict === "changed" ? "var(--red-ui-text-color-error)" : "").appendTo(offer);
                if (same) return;
                $("<button>", { type: "button", class: "red-ui-button", id: "power-host-accept", style: "margin-top: 4px;" }).text(this._("power-host.learn.accept")).on("click", () => {
                    field("hostKey").val(answer.line).trigger("change");
                    say(offer, []);
                }).appendTo(offer);
            });
        });

        const result = $("#power-host-result");
        $("#power-host-test").on("click", (event) => {
            event.preventDefault();
            const button = $(event.currentTarget).prop("disabled", true);
            say(result, [this._("power-host.test.under-way")]);
            const names = ["name", "kind", "host", "port", "user", "auth", "keyFile", "transport", "trust", "hostKey", "knownHosts"];
            const secrets = { privateKey: field("privateKey").val(), passphrase: field("passphrase").val() };
            ask<{ ms: number }>("power-host/test", { id: this.id, ...Object.fromEntries(names.map((name) => [name, text(name)])), ...secrets }, (answer) => {
                button.prop("disabled", false);
                say(result, [answer.ok ? this._("power-host.test.done", { ms: String(answer.ms) }) : answer.error], !answer.ok);
            });
        });
    },
});
