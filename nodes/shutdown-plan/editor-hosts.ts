/** Editor side: the table of a plan's hosts. */
import type { EditorRED } from "node-red";
import type { Offer } from "./catalogue-route";
import { asText, Fields, names, textField, textOf, type Stored, type Words } from "./editor-form";
import { moreFields, summaryOf } from "./editor-more";

declare const RED: EditorRED;

/** A row as the plan stores it: the host's id in `hosts`, the rest at the same place in `steps`. */
export interface Row {
    host?: string;
    step?: Stored;
}

/** What a row does with the world around its table. */
export interface RowActions {
    /** Calls back with what there is to choose from, once, when the runtime has said it. */
    offer(then: (offer: Offer) => void): void;
    /** Opens the dialog of a host, or of a new one for this row's select. */
    openHost(id: string, select: JQuery): void;
    /** Shows in the box what to set up on a host. */
    kit(box: JQuery, id: string): void;
    changed(): void;
}

/** A power host as the editor holds it; its fields may not be deployed yet. */
export type EditorHost = { id: string; type: string; name?: string; host?: string } & Stored;

export function powerHosts(): EditorHost[] {
    const found: EditorHost[] = [];
    RED.nodes.eachConfig((node) => {
        const host = node as unknown as EditorHost;
        if (host.type === "power-host") found.push(host);
        return true;
    });
    return found;
}

export function fillHosts(select: JQuery, chosen: string, text: Words): void {
    select.empty().append($("<option>", { value: "" }).text(text("host.choose")));
    for (const host of powerHosts()) select.append($("<option>", { value: host.id }).text(host.name || host.host || host.id));
    select.append($("<option>", { value: "_ADD_" }).text(text("host.new")));
    select.val(chosen);
}

const iconButton = (part: string, icon: string, title: string): JQuery =>
    $("<button>", { type: "button", class: `red-ui-button shutdown-plan-${part}`, title, "aria-label": title }).append($("<i>", { class: `fa ${icon}` }));

/** Draws a row. What it holds is read by `readRow`. */
export function drawRow(container: JQuery, { host = "", step }: Row, text: Words, { offer, openHost, kit, changed }: RowActions): void {
    const fields = new Fields(step ?? { services: [], after: [], stopTimeout: "30" });
    const { stored } = fields;
    const select = $("<select>", { class: "shutdown-plan-host" });
    const edit = iconButton("edit", "fa-pencil", text("host.edit"));
    const unfold = iconButton("unfold", "fa-caret-right", text("host.more")).attr("aria-expanded", "false");
    const services = textField("services", names(stored.services).join(", "), { placeholder: text("host.services"), width: "auto" });
    const after = textField("after", names(stored.after).join(", "), { placeholder: text("host.after"), width: "auto" });
    const timeout = textField("timeout", stored.stopTimeout === undefined ? "30" : asText(stored.stopTimeout), { placeholder: "30", width: "50px", title: text("host.timeout-title") });
    const summary = $("<div>", { class: "shutdown-plan-quiet shutdown-plan-summary" }).text(summaryOf(stored, text));
    const more = $("<div>", { class: "shutdown-plan-more" }).hide();
    container.append(
        $("<div>", { class: "shutdown-plan-row" }).append(unfold, select, edit, services),
        $("<div>", { class: "shutdown-plan-row shutdown-plan-second" }).append(after, $("<span>").append(timeout, document.createTextNode(` ${text("host.timeout")}`))),
        summary, more,
    );
    fields.add("services", () => names(services.val()));
    fields.add("after", () => names(after.val()));
    fields.add("stopTimeout", () => textOf(timeout));

    fillHosts(select, host, text);
    let chosen = host;
    select.on("change", () => {
        if (select.val() === "_ADD_") {
            select.val(chosen);
            openHost("_ADD_", select);
        }
        chosen = String(select.val() ?? "");
    });
    edit.on("click", () => openHost(chosen === "" ? "_ADD_" : chosen, select));

    // What is never unfolded stays as it is stored.
    unfold.on("click", () => {
        const open = !more.is(":visible");
        more.toggle(open);
        summary.text(summaryOf(fields.values(), text)).toggle(!open);
        unfold.attr("aria-expanded", String(open)).children("i").toggleClass("fa-caret-right", !open).toggleClass("fa-caret-down", open);
        if (more.children().length > 0) return;
        offer((choices) => {
            if (more.children().length > 0) return;
            moreFields(more, fields, choices, text, changed);
            const box = $("<div>", { class: "shutdown-plan-kit" });
            const button = $("<button>", { type: "button", class: "red-ui-button red-ui-button-small shutdown-plan-kit-button" }).append($("<i>", { class: "fa fa-key" }), document.createTextNode(` ${text("kit.button")}`));
            button.on("click", () => kit(box, chosen));
            more.append($("<div>", { class: "shutdown-plan-title" }).append(button), box);
        });
    });
    container.data("shutdown-plan-row", () => ({ host: chosen, step: fields.values() }));
    container.on("change input", changed);
}

/** What the table holds now, as the plan stores it. */
export function readTable(table: JQuery): { hosts: string[]; steps: Stored[] } {
    const rows = table.editableList("items").toArray().flatMap((element) => ($(element).data("shutdown-plan-row") as (() => { host: string; step: Stored }) | undefined)?.() ?? []).filter(({ host }) => host !== "");
    return { hosts: rows.map(({ host }) => host), steps: rows.map(({ step }) => step) };
}
