/** Editor side: the parameters of one action of the catalogue, as fields. */
import type { Parameter } from "../../lib/shutdown/catalogue";
import type { OfferedAction } from "./catalogue-route";
import { asText, choiceField, Fields, line, names, switchField, textField, textOf, words, wordsText, type Stored, type Words } from "./editor-form";

/**
 * Draws what an action needs to know.
 * @param stored its parameters as they are stored @returns what `config.ts` reads: texts, lists and switches
 */
export function parameterFields(grid: JQuery, { verb, parameters }: OfferedAction, stored: Stored, text: Words): Fields {
    const fields = new Fields(stored);
    for (const parameter of parameters) {
        const { input, read } = fieldOf(parameter, stored[parameter.name], text);
        line(grid, text(`action.${verb}.${parameter.name}`), input.attr("data-parameter", parameter.name));
        fields.add(parameter.name, read);
    }
    return fields;
}

function fieldOf({ name, kind, fallback, required, choices = [] }: Parameter, stored: unknown, text: Words): { input: JQuery; read: () => unknown } {
    const part = `parameter shutdown-plan-parameter-${name}`;
    const placeholder = required ? text("parameter.required") : asText(fallback);
    switch (kind) {
        case "flag": {
            const input = switchField(part, "", typeof stored === "boolean" ? stored : fallback === true);
            return { input, read: () => input.prop("checked") === true };
        }
        case "choice": {
            const input = choiceField(part, asText(stored) || asText(fallback), choices.map((choice) => [choice, choice] as const));
            return { input, read: () => textOf(input) };
        }
        case "names":
        case "paths": {
            const input = textField(part, names(stored).join(", "), { placeholder: placeholder || text(`parameter.${kind}`) });
            return { input, read: () => names(input.val()) };
        }
        case "words": {
            const input = textField(part, Array.isArray(stored) ? wordsText(stored.map(String)) : asText(stored), { placeholder: placeholder || text("parameter.none"), title: text("parameter.words") });
            return { input, read: () => words(textOf(input)) };
        }
        case "seconds":
        case "minutes": {
            const input = textField(part, asText(stored), { placeholder, width: "60px" });
            return { input, read: () => textOf(input) };
        }
        case "name":
        case "path": {
            const input = textField(part, asText(stored), { placeholder });
            return { input, read: () => textOf(input) };
        }
    }
}
