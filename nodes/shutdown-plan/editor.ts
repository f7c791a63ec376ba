import type { EditorNodeProperties, EditorRED } from "node-red";
import { ask } from "../shared/editor-ask";
import { numberBetween } from "../shared/editor-fields";
import type { Offer } from "./catalogue-route";
import { showDrills } from "./editor-drill";
import type { Stored, Words } from "./editor-form";
import { drawRow, fillHosts, powerHosts, readTable, type EditorHost, type Row, type RowActions } from "./editor-hosts";
import { showKit } from "./editor-kit";
import { drawPreview, type Preview } from "./editor-preview";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
    hosts: string[];
    steps: Stored[];
    final: string;
    delay: string;
    runtime: string;
    proof: string;
    evidenceDays: string;
    version: number;
}

const field = (name: string): JQuery => $(`#node-config-input-${name}`);
/** The table of the open dialog. Kept, since the dialog is out of the document while that of a host is open above it. */
let table: JQuery = $();
/** Fields that a plan from before them lacks. */
const later = ["runtime", "proof", "evidenceDays"] as const;
/** What the runtime has to know of a host that is not deployed yet. */
const hostFields = ["id", "version", "name", "kind", "host", "port", "user", "auth", "keyFile", "trust", "hostKey", "knownHosts", "transport"];

/** The plan as the dialog holds it. */
function draft(): object {
    const known = powerHosts().map((host) => Object.fromEntries(hostFields.flatMap((key) => (host[key] === undefined ? [] : [[key, host[key]]]))));
    const [final, delay, runtime, proof] = ["final", "delay", "runtime", "proof"].map((name) => field(name).val());
    return { ...readTable(table), final, delay, runtime, proof, powerHosts: known };
}

/** Asks for the catalogue when it is needed first. */
function catalogue(failed: (error: string) => void): RowActions["offer"] {
    let known: Offer | undefined;
    let waiting: ((offer: Offer) => void)[] | undefined;
    return (then) => {
        if (known !== undefined) return then(known);
        if (waiting !== undefined) return void waiting.push(then);
        waiting = [then];
        ask<Offer>("shutdown-plan/catalogue", {}, (answer) => {
            const all = waiting ?? [];
            waiting = undefined;
            if (!answer.ok) return failed(answer.error);
            known = answer;
            for (const each of all) each(answer);
        });
    };
}

RED.nodes.registerType<Properties>("shutdown-plan", {
    category: "config",
    defaults: {
        name: { value: "" },
        hosts: { value: [], type: "power-host[]" },
        steps: { value: [] },
        final: { value: "shutdown" },
        delay: { value: "2", validate: numberBetween(0, 60, { required: false }) },
        runtime: { value: "", validate: numberBetween(0, 10_080, { required: false }) },
        proof: { value: "120", validate: numberBetween(0, 3600, { required: false }) },
        evidenceDays: { value: "30", validate: numberBetween(1, 3650, { required: false }) },
        version: { value: 1 },
    },
    label() {
        return this.name || this._("shutdown-plan.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    oneditprepare() {
        const text: Words = (key, values) => this._(`shutdown-plan.${key}`, values);
        table = $("#shutdown-plan-hosts");
        const box = $("#shutdown-plan-preview");
        const [final, delay] = [field("final"), field("delay")];
        let asked = 0;

        /** The preview comes from the runtime, from the function that executes plans. Only the newest answer counts. */
        const preview = (): void => {
            const mine = ++asked;
            if (readTable(table).hosts.length === 0) return void box.empty().append($("<div>").text(text("preview.empty")));
            ask<Exclude<Preview, { ok: false }>>("shutdown-plan/preview", { ...draft(), id: this.id }, (answer) => { if (mine === asked) drawPreview(box, answer, text); });
        };
        let waiting: ReturnType<typeof setTimeout> | undefined;
        const previewSoon = (): void => {
            clearTimeout(waiting);
            waiting = setTimeout(preview, 200);
        };

        /** The row that a host is being added for. */
        let adding: JQuery = $();
        const actions: RowActions = {
            offer: catalogue((error) => RED.notify(error, "error")),
            // In the tray above; what it saves shows here at once.
            openHost(id, select) {
                adding = id === "_ADD_" ? select : $();
                RED.editor.editConfig("", "power-host", id, "");
            },
            kit: (kitBox, id) => showKit(kitBox, draft(), id, text),
            changed: previewSoon,
        };
        table.editableList<Row>({
            sortable: true,
            removable: true,
            height: "auto",
            addItem: (container, _index, row) => drawRow(container, row, text, actions),
            removeItem: previewSoon,
            sortItems: previewSoon,
        });
        const stored = Array.isArray(this.hosts) ? this.hosts : [];
        stored.forEach((host, index) => table.editableList("addItem", { host, step: this.steps?.[index] ?? {} }));

        const refresh = (): void => {
            table.find<HTMLSelectElement>(".shutdown-plan-host").each((_index, select) => fillHosts($(select), String($(select).val() ?? ""), text));
            previewSoon();
        };
        const added = (node: EditorHost): void => {
            refresh();
            if (node.type === "power-host") adding.val(node.id).trigger("change");
            adding = $();
        };
        RED.events.on("nodes:add", added);
        RED.events.on("nodes:change", refresh);
        box.on("remove", () => {
            clearTimeout(waiting);
            RED.events.off("nodes:add", added);
            RED.events.off("nodes:change", refresh);
        });

        const showDelay = (): void => void $(".shutdown-plan-delay").toggle(final.val() === "shutdown");
        final.on("change", showDelay);
        final.add(delay).add(field("runtime")).add(field("proof")).on("change input", previewSoon);
        showDelay();
        preview();
        showDrills(this.id, (key, values) => text(`drill.${key}`, values));
    },
    oneditsave() {
        Object.assign(this, readTable(table));
        // An empty field of a plan from before it stays absent.
        for (const name of later) if (this[name] === undefined && field(name).val() === "") field(name).remove();
    },
});
