import type { EditorNodeProperties, EditorRED } from "node-red";
import { numberBetween } from "../shared/editor-fields";
import { showDrills } from "./editor-drill";

declare const RED: EditorRED;

interface Step {
    services: string[];
    after: string[];
    stopTimeout: string;
}

interface Properties extends EditorNodeProperties {
    hosts: string[];
    steps: Step[];
    final: string;
    delay: string;
    evidenceDays: string;
    version: number;
}

interface Row extends Partial<Step> {
    host?: string;
}

interface PreviewStep {
    host: string;
    label: string;
    layer?: number;
}

type Preview = { ok: true; problems: string[]; text?: string; steps?: PreviewStep[] } | { ok: false; error: string };

/** A power host as the editor holds it; its fields may not be deployed yet. */
type EditorHost = { id: string; name?: string; host?: string; kind?: string };

const field = (name: string): JQuery => $(`#node-config-input-${name}`);
/** The table of the open dialog. Kept, since the dialog is out of the document while that of a host is open above it. */
let table: JQuery = $();
const names = (text: unknown): string[] => String(text ?? "").split(/[\s,]+/).filter((name) => name !== "");

function powerHosts(): EditorHost[] {
    const found: EditorHost[] = [];
    RED.nodes.eachConfig((node) => {
        const host = node as EditorHost & { type: string };
        if (host.type === "power-host") found.push(host);
        return true;
    });
    return found;
}

/** What the table holds now. */
function rows(): { hosts: string[]; steps: Step[] } {
    const all = table.editableList("items").toArray().map((element) => {
        const value = (part: string): unknown => $(element).find(`.shutdown-plan-${part}`).val();
        return { host: String(value("host") ?? ""), services: names(value("services")), after: names(value("after")), stopTimeout: String(value("timeout") ?? "") };
    }).filter((row) => row.host !== "");
    return { hosts: all.map((row) => row.host), steps: all.map(({ services, after, stopTimeout }) => ({ services, after, stopTimeout })) };
}

RED.nodes.registerType<Properties>("shutdown-plan", {
    category: "config",
    defaults: {
        name: { value: "" },
        hosts: { value: [], type: "power-host[]" },
        steps: { value: [] },
        final: { value: "shutdown" },
        delay: { value: "2", validate: numberBetween(0, 60, { required: false }) },
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
        table = $("#shutdown-plan-hosts");
        const box = $("#shutdown-plan-preview");
        const [final, delay] = [field("final"), field("delay")];
        let asked = 0;
        const line = (text: string, bad = false): JQuery => $("<div>").text(text).css("color", bad ? "var(--red-ui-text-color-error)" : "");

        const draw = (preview: Preview): void => {
            box.empty();
            if (!preview.ok) return void box.append(line(preview.error, true));
            preview.problems.forEach((problem) => box.append(line(problem, true)));
            if (preview.steps === undefined) return;
            box.append(line(preview.text ?? ""));
            const layers = Math.max(...preview.steps.map((step) => step.layer ?? 0));
            for (let layer = 0; layer <= layers; layer += 1) {
                const here = (preview.steps ?? []).filter((step) => step.layer === layer).map((step) => `${step.host}: ${step.label}`);
                box.append($("<div>").append($("<b>").text(`${this._("shutdown-plan.preview.step")} ${layer + 1}  `)).append(document.createTextNode(here.join(" · "))));
            }
            box.append($("<div>", { class: "form-tips", style: "margin-top: 6px;" }).text(this._("shutdown-plan.preview.same-time")));
        };

        /** The preview comes from the runtime, from the function that executes plans. Only the newest answer counts. */
        const preview = (): void => {
            const { hosts, steps } = rows();
            const mine = ++asked;
            if (hosts.length === 0) return void box.empty().append(line(this._("shutdown-plan.preview.empty")));
            const known = powerHosts().map(({ id, name, host, kind }) => ({ id, name, host, kind }));
            $.ajax({ url: "ridethrough/shutdown-plan/preview", type: "POST", contentType: "application/json", data: JSON.stringify({ hosts, steps, final: final.val(), delay: delay.val(), powerHosts: known }) })
                .done((answer: Preview) => { if (mine === asked) draw(answer); })
                .fail((failure) => { if (mine === asked) draw({ ok: false, error: `HTTP ${failure.status} ${failure.statusText}` }); });
        };
        let waiting: ReturnType<typeof setTimeout> | undefined;
        const previewSoon = (): void => {
            clearTimeout(waiting);
            waiting = setTimeout(preview, 200);
        };

        const fillHosts = (select: JQuery, chosen: string): void => {
            select.empty().append($("<option>", { value: "" }).text(this._("shutdown-plan.host.choose")));
            for (const host of powerHosts()) select.append($("<option>", { value: host.id }).text(host.name || host.host || host.id));
            select.append($("<option>", { value: "_ADD_" }).text(this._("shutdown-plan.host.new")));
            select.val(chosen);
        };
        /** The row that a host is being added for. */
        let adding: JQuery = $();
        /** Opens the dialog of a host in the tray above; what it saves shows here at once. */
        const openHost = (id: string, row: JQuery): void => {
            adding = id === "_ADD_" ? row : $();
            RED.editor.editConfig("", "power-host", id, "");
        };

        table.editableList<Row>({
            sortable: true,
            removable: true,
            addItem: (container, _index, row) => {
                const select = $("<select>", { class: "shutdown-plan-host", style: "width: 34%;" }).appendTo(container);
                const edit = $("<button>", { type: "button", class: "red-ui-button", style: "margin: 0 4px;", title: this._("shutdown-plan.host.edit") }).append($("<i>", { class: "fa fa-pencil" })).appendTo(container);
                const input = (part: string, width: string, value: string, placeholder: string): JQuery =>
                    $("<input>", { type: "text", class: `shutdown-plan-${part}`, style: `width: ${width};`, placeholder, title: placeholder }).val(value).appendTo(container);
                input("services", "calc(66% - 60px)", (row.services ?? []).join(", "), this._("shutdown-plan.host.services"));
                container.append($("<div>", { style: "height: 4px;" }));
                input("after", "34%", (row.after ?? []).join(", "), this._("shutdown-plan.host.after")).css("margin-right", "42px");
                input("timeout", "50px", row.stopTimeout ?? "30", this._("shutdown-plan.host.timeout-title"));
                container.append($("<span>", { style: "margin-left: 4px;" }).text(this._("shutdown-plan.host.timeout")));
                fillHosts(select, row.host ?? "");
                let chosen = row.host ?? "";
                select.on("change", () => {
                    if (select.val() === "_ADD_") {
                        select.val(chosen);
                        openHost("_ADD_", select);
                    }
                    chosen = String(select.val() ?? "");
                });
                edit.on("click", () => openHost(chosen === "" ? "_ADD_" : chosen, select));
                container.on("change input", previewSoon);
            },
            removeItem: previewSoon,
            sortItems: previewSoon,
        });
        const stored = Array.isArray(this.hosts) ? this.hosts : [];
        stored.forEach((host, index) => table.editableList("addItem", { host, ...this.steps?.[index] }));

        const refresh = (): void => {
            table.find<HTMLSelectElement>(".shutdown-plan-host").each((_index, select) => fillHosts($(select), String($(select).val() ?? "")));
            previewSoon();
        };
        const added = (node: EditorHost & { type?: string }): void => {
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
        final.add(delay).on("change input", previewSoon);
        showDelay();
        preview();
        showDrills(this.id, (key, values) => this._(`shutdown-plan.drill.${key}`, values));
    },
    oneditsave() {
        Object.assign(this, rows());
    },
    oneditresize() {
        table.editableList("height", 260);
    },
});
