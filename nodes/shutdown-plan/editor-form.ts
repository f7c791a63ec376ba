/** Editor side: small parts that the plan's table is made of. */

/** The node's text under `shutdown-plan.`. */
export type Words = (key: string, values?: Record<string, string>) => string;

export type Stored = Readonly<Record<string, unknown>>;

/** The fields of something stored. What nobody touches stays as it was: absent where it was absent. */
export class Fields {
    readonly #fields: { name: string; read: () => unknown; first: string }[] = [];
    constructor(readonly stored: Stored) {}

    add(name: string, read: () => unknown): void {
        this.#fields.push({ name, read, first: JSON.stringify(read()) });
    }

    values(): Record<string, unknown> {
        const now = this.#fields.map(({ name, read, first }) => ({ name, value: read(), first }));
        return { ...this.stored, ...Object.fromEntries(now.filter(({ value, first }) => JSON.stringify(value) !== first).map(({ name, value }) => [name, value])) };
    }
}

/** Names in a list, or in a text with commas, blanks or lines between them. */
export const names = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : String(value ?? "").split(/[\s,]+/)).filter((name) => name !== "");

/** Words of a command: blanks stand between them, and those that have blanks of their own stand in double quotes. */
export function words(text: string): string[] {
    return [...text.matchAll(/"(?:[^"\\]|\\.)*"(?=\s|$)|\S+/g)].map(([word]) => {
        if (!/^".*"$/.test(word) || word.length < 2) return word;
        try {
            return String(JSON.parse(word));
        } catch {
            return word;
        }
    });
}

export const wordsText = (list: readonly string[]): string => list.map((word) => (word === "" || /[\s"]/.test(word) ? JSON.stringify(word) : word)).join(" ");

/** A label and what it is for, in one line of a grid of two columns. */
export function line(grid: JQuery, text: string, ...parts: JQuery[]): void {
    const id = parts[0]?.attr("id");
    $("<label>", id === undefined ? {} : { for: id }).text(text).appendTo(grid);
    $("<div>").append(...parts).appendTo(grid);
}

let counted = 0;
const freeId = (): string => `shutdown-plan-field-${(counted += 1)}`;

/** @param part its class is `shutdown-plan-<part>` */
export function textField(part: string, value: string, { placeholder = "", width = "100%", title = placeholder }: { placeholder?: string; width?: string; title?: string } = {}): JQuery {
    return $("<input>", { type: "text", id: freeId(), class: `shutdown-plan-${part}`, placeholder, title }).css("width", width).val(value);
}

export function choiceField(part: string, chosen: string, options: readonly (readonly [value: string, text: string])[], width = "100%"): JQuery {
    const select = $("<select>", { id: freeId(), class: `shutdown-plan-${part}` }).css("width", width);
    for (const [value, text] of options) select.append($("<option>", { value }).text(text));
    // What is stored and offered no more is shown all the same: it must not become something else by itself.
    if (!options.some(([value]) => value === chosen)) select.append($("<option>", { value: chosen }).text(chosen));
    return select.val(chosen);
}

export function switchField(part: string, value: string, on: boolean): JQuery {
    return $("<input>", { type: "checkbox", id: freeId(), class: `shutdown-plan-${part}`, value, style: "width: auto; margin: 0 6px 0 0;" }).prop("checked", on);
}

export const textOf = (input: JQuery): string => String(input.val() ?? "").trim();
export const asText = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");
