/** Editor side: a host's own steps, in the order in which they are taken. */
import type { Offer } from "./catalogue-route";
import { parameterFields } from "./editor-action";
import { asText, choiceField, Fields, line, textField, textOf, type Stored, type Words } from "./editor-form";

interface StepItem {
    step?: Stored;
}

const isStored = (value: unknown): value is Stored => typeof value === "object" && value !== null && !Array.isArray(value);
export const asStored = (value: unknown): Stored => (isStored(value) ? value : {});
export const storedSteps = (value: unknown): Stored[] => (Array.isArray(value) ? value.map(asStored) : []);

/**
 * A list of steps that can be sorted.
 * @param changed is called when one comes, goes or moves @returns reads what the list holds
 */
export function stepList(box: JQuery, steps: readonly Stored[], { actions, failurePolicies }: Offer, text: Words, changed: () => void): () => unknown[] {
    const list = $("<ol>", { class: "shutdown-plan-actions" }).appendTo(box);
    const offered = actions.filter(({ ends }) => !ends);

    const addItem = (container: JQuery, _index: number, { step }: StepItem): void => {
        const stored = step ?? { action: offered[0]?.verb ?? "", params: {} };
        const fields = new Fields(stored);
        const action = choiceField("action", asText(stored.action), offered.map(({ verb }) => [verb, text(`action.${verb}.label`)] as const));
        const about = $("<div>", { class: "shutdown-plan-quiet" });
        const grid = $("<div>", { class: "shutdown-plan-grid" });
        const limit = textField("limit", asText(stored.timeout), { width: "60px", title: text("step.limit-title") });
        const failure = choiceField("failure", asText(stored.onFailure) || "go-on", failurePolicies.map((policy) => [policy, text(`step.${policy}`)] as const));
        let params = new Fields({});
        const show = (values: Stored): void => {
            const chosen = offered.find(({ verb }) => verb === textOf(action));
            grid.empty();
            about.text(chosen === undefined ? text("step.unknown") : text(`action.${chosen.verb}.about`));
            params = chosen === undefined ? new Fields(values) : parameterFields(grid, chosen, values, text);
        };
        show(asStored(stored.params));
        action.on("change", () => show({}));
        container.append(action, about, grid);
        const rest = $("<div>", { class: "shutdown-plan-grid" }).appendTo(container);
        line(rest, text("step.limit"), limit);
        line(rest, text("step.failure"), failure);
        fields.add("action", () => textOf(action));
        fields.add("params", () => params.values());
        fields.add("timeout", () => textOf(limit));
        fields.add("onFailure", () => textOf(failure));
        container.data("shutdown-plan-step", fields);
        if (step === undefined) changed();
    };
    list.editableList<StepItem>({ sortable: true, removable: true, height: "auto", addButton: text("step.add"), addItem, removeItem: changed, sortItems: changed });
    for (const step of steps) list.editableList("addItem", { step });
    return () => list.editableList("items").toArray().flatMap((element) => ($(element).data("shutdown-plan-step") as Fields | undefined)?.values() ?? []);
}
