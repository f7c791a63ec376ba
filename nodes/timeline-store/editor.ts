import type { EditorNodeProperties, EditorRED } from "node-red";
import { fieldText, isEnvironment, numberBetween } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
    kind: string;
    host: string;
    port: string;
    database: string;
    schema: string;
    table: string;
    tls: string;
    caFile: string;
    deadline: string;
    rawHours: string;
    fiveMinuteDays: string;
    hourlyYears: string;
    spoolMegabytes: string;
    version: number;
}

interface Credentials {
    user: string;
    password: string;
}

type TestAnswer = { ok: true; text: string } | { ok: false; error: string };

const fields = ["name", "kind", "host", "port", "database", "schema", "table", "tls", "caFile", "deadline", "rawHours", "fiveMinuteDays", "hourlyYears", "spoolMegabytes", "user", "password"] as const;
const field = (name: string): JQuery => $(`#node-config-input-${name}`);

/** Needed for PostgreSQL only. */
function neededForPostgres(this: Properties, value: unknown): boolean {
    return this.kind !== "postgres" || isEnvironment(value) || fieldText(value) !== "";
}
/** What PostgreSQL takes for a name. */
const isIdentifier = (value: unknown): boolean => isEnvironment(value) || new TextEncoder().encode(fieldText(value)).length <= 63;

RED.nodes.registerType<Properties, Credentials>("timeline-store", {
    category: "config",
    defaults: {
        name: { value: "" },
        kind: { value: "embedded" },
        host: { value: "", validate: neededForPostgres },
        port: { value: "5432", validate: numberBetween(1, 65_535, { required: false }) },
        database: { value: "", validate: neededForPostgres },
        schema: { value: "", validate: isIdentifier },
        table: { value: "unified_timeline", validate: isIdentifier },
        tls: { value: "off" },
        caFile: { value: "" },
        deadline: { value: "10", validate: numberBetween(0.1, 120, { required: false }) },
        rawHours: { value: "24", validate: numberBetween(1, 8784, { required: false }) },
        fiveMinuteDays: { value: "30", validate: numberBetween(2, 3660, { required: false }) },
        hourlyYears: { value: "5", validate: numberBetween(0.1, 100, { required: false }) },
        spoolMegabytes: { value: "64", validate: numberBetween(4, 65_536, { required: false }) },
        version: { value: 1 },
    },
    credentials: {
        user: { type: "text" },
        password: { type: "password" },
    },
    label() {
        return this.name || (this.kind === "postgres" && this.host ? `${this.host}/${this.database}` : this._("timeline-store.label.node"));
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    oneditprepare() {
        const show = (): void => {
            const postgres = field("kind").val() === "postgres";
            $(".timeline-store-postgres").toggle(postgres);
            $(".timeline-store-embedded").toggle(!postgres);
            $(".timeline-store-ca").toggle(postgres && field("tls").val() === "verify");
        };
        field("kind").on("change", show);
        field("tls").on("change", show);
        show();

        const result = $("#timeline-store-result");
        const say = (text: string, failed: boolean): void => void result.text(text).css("color", failed ? "var(--red-ui-text-color-error)" : "");
        $("#timeline-store-test").on("click", (event) => {
            event.preventDefault();
            const button = $(event.currentTarget).prop("disabled", true);
            say(this._("timeline-store.test.under-way"), false);
            const values = Object.fromEntries(fields.map((name) => [name, field(name).val()]));
            void $.ajax({ url: "ridethrough/timeline-store/test", method: "POST", contentType: "application/json", data: JSON.stringify({ id: this.id, ...values }) })
                .then((answer: TestAnswer) => say(answer.ok ? answer.text : answer.error, !answer.ok), (request: JQuery.jqXHR) => say(`HTTP ${request.status}`, true))
                .always(() => button.prop("disabled", false));
        });
    },
});
