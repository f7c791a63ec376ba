/** Editor side: what a plan knows of a host besides its services: its place, what it gives to others, its steps, its end. */
import type { Offer } from "./catalogue-route";
import { parameterFields } from "./editor-action";
import { asText, choiceField, Fields, line, names, switchField, textField, textOf, type Stored, type Words } from "./editor-form";
import { asStored, stepList, storedSteps } from "./editor-steps";

/** Draws the part of a host that is folded away at first, and adds its fields to those of the host. */
export function moreFields(box: JQuery, fields: Fields, offer: Offer, text: Words, changed: () => void): void {
    const { stored } = fields;
    $("<div>", { class: "shutdown-plan-title" }).text(text("more.steps")).appendTo(box);
    fields.add("actions", stepList($("<div>").appendTo(box), storedSteps(stored.actions), offer, text, changed));

    const grid = $("<div>", { class: "shutdown-plan-grid" }).appendTo(box);
    const priority = choiceField("priority", asText(stored.priority) || "normal", offer.priorities.map((name) => [name, text(`priority.${name}`)] as const));
    line(grid, text("more.priority"), priority);
    fields.add("priority", () => textOf(priority));
    const listField = (name: "needs" | "fedBy"): void => {
        const input = textField(name, names(stored[name]).join(", "), { placeholder: text(`more.${name}-hint`) });
        line(grid, text(`more.${name}`), input);
        fields.add(name, () => names(input.val()));
    };
    listField("needs");
    const given = names(stored.provides);
    const boxes = offer.facilities.map((name) => switchField("provides", name, given.includes(name)));
    line(grid, text("more.provides"), ...boxes.map((input, index) => $("<label>", { class: "shutdown-plan-switch" }).append(input, document.createTextNode(text(`facility.${offer.facilities[index]}`)))));
    fields.add("provides", () => boxes.filter((input) => input.prop("checked")).map((input) => textOf(input)));
    listField("fedBy");
    const watch = textField("watch", asText(stored.watch), { placeholder: text("more.watch-hint") });
    line(grid, text("more.watch"), watch);
    fields.add("watch", () => textOf(watch));
    endFields(grid, box, fields, offer, text);
}

function endFields(grid: JQuery, box: JQuery, fields: Fields, { actions }: Offer, text: Words): void {
    const own = asStored(fields.stored.end);
    const first = asText(fields.stored.end) || asText(own.action) || "plan";
    const ends = actions.filter((action) => action.ends);
    const end = choiceField("end", first, [["plan", text("end.plan")], ["none", text("end.none")], ...ends.map(({ verb }) => [verb, text(`action.${verb}.label`)] as const)]);
    line(grid, text("more.end"), end);
    const more = $("<div>", { class: "shutdown-plan-grid" }).appendTo(box);
    let params = new Fields({});
    const show = (values: Stored): void => {
        const chosen = ends.find(({ verb }) => verb === textOf(end));
        more.empty();
        params = chosen === undefined ? new Fields(values) : parameterFields(more, chosen, values, text);
    };
    show(asStored(own.params));
    end.on("change", () => show(textOf(end) === first ? asStored(own.params) : {}));
    fields.add("end", () => {
        const chosen = textOf(end);
        if (chosen === "plan" || chosen === "none") return chosen;
        return { ...(chosen === asText(own.action) && own), action: chosen, params: params.values() };
    });
}

/** What is folded away, in one line: "core · provides network · Stop Docker containers". Empty when there is nothing. */
export function summaryOf(stored: Stored, text: Words): string {
    const list = (key: "needs" | "fedBy"): string[] => (names(stored[key]).length === 0 ? [] : [`${text(`summary.${key}`)} ${names(stored[key]).join(", ")}`]);
    const provides = names(stored.provides).map((name) => text(`facility.${name}`));
    const priority = asText(stored.priority);
    const end = asText(stored.end) || asText(asStored(stored.end).action);
    return [
        ...storedSteps(stored.actions).map(({ action }) => text(`action.${asText(action)}.label`)),
        ...(priority === "" || priority === "normal" ? [] : [text(`summary.${priority}`)]),
        ...list("needs"),
        ...(provides.length === 0 ? [] : [`${text("summary.provides")} ${provides.join(", ")}`]),
        ...list("fedBy"),
        ...(asText(stored.watch) === "" ? [] : [`${text("summary.watch")} ${asText(stored.watch)}`]),
        ...(end === "" || end === "plan" ? [] : [end === "none" ? text("end.none") : text(`action.${end}.label`)]),
    ].join(" · ");
}
