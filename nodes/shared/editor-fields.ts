/** Editor side: checks and small parts that the edit dialogs share. */

/** A text that Node-RED replaces from the environment at run time; its value can't be checked in the editor. */
export function isEnvironment(value: unknown): boolean {
    return typeof value === "string" && /^\$\{[^}]+\}$/.test(value.trim());
}

/** What a field of a text says. One that a node from before that field lacks is empty. */
export function fieldText(value: unknown): string {
    return typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
}

/** A validator for a number within bounds. An empty field passes unless `required`. */
export function numberBetween(min: number, max: number, { required = true }: { required?: boolean } = {}): (value: unknown) => boolean {
    return (value) => {
        if (isEnvironment(value)) return true;
        if (value === undefined || value === null || String(value).trim() === "") return !required;
        const number = Number(value);
        return Number.isFinite(number) && number >= min && number <= max;
    };
}

/** Gives the fields that share a row's label a name of their own, for those who hear the dialog: "Depletion: %/min". */
export function nameFields(dialog: JQuery): void {
    for (const field of dialog.find<HTMLInputElement>(".form-row input[type=text]")) {
        if ((field.labels?.length ?? 0) > 0 || field.hasAttribute("aria-label")) continue;
        const words = [$(field).closest(".form-row").find("label").first().text(), $(field).next("span").text()];
        field.setAttribute("aria-label", words.map((text) => text.trim()).filter(Boolean).join(": "));
    }
}

/** The colours of our nodes in the palette, by what they do. */
export const colours = { reader: "#A6D8C4", decider: "#F3D08B", actor: "#EFA193", alert: "#A9CBEA", simulator: "#CBBBE8" } as const;

/** The palette's category of all our nodes. */
export const category = "ridethrough";
