/** Editor side: what the dialogs of all alert nodes have. */
import { ask } from "./editor-ask";
import { numberBetween } from "./editor-fields";

/** The fields that every alert node has; `nodes/shared/alert-settings.ts` reads them. */
export interface AlertFields {
    sourceLabel: string;
    minimumSeverity: string;
    steps: string;
    blipSeconds: string;
    service: boolean;
    version: number;
}

export const alertDefaults = {
    minimumSeverity: { value: "info" },
    steps: { value: "live" },
    blipSeconds: { value: "6", validate: numberBetween(0, 60, { required: false }) },
    service: { value: true },
    version: { value: 1 },
};

/** Of a service that can deliver without a sound. */
export interface SoundField {
    loudFrom: string;
}

export const soundDefault = { loudFrom: { value: "warning" } };

const laterFields = { loudFrom: "warning", blipSeconds: "6" };

/**
 * Fills what a node from before a field lacks, and makes the "send a test message" button work.
 * @param sent the words for where the message went, from what the route answers
 */
export function prepareAlertDialog<Sent>(type: string, id: string, fields: readonly string[], say: (key: string, values?: Record<string, string>) => string, sent: (answer: Sent) => string): void {
    for (const [name, value] of Object.entries(laterFields)) {
        const input = $(`#node-input-${name}`);
        if (!input.val()) input.val(value);
    }
    const button = $(`#${type}-test`);
    const result = $(`#${type}-test-result`);
    const show = (text: string, failed: boolean): void => void result.text(text).css("color", failed ? "var(--red-ui-text-color-error)" : "");
    button.on("click", (event) => {
        event.preventDefault();
        button.prop("disabled", true);
        show(say(`${type}.test.sending`), false);
        const values = Object.fromEntries(fields.map((name) => [name, $(`#node-input-${name}`).val()]));
        ask<Sent>(`${type}/test`, { id, ...values }, (answer) => {
            button.prop("disabled", false);
            show(answer.ok ? sent(answer) : answer.error, !answer.ok);
        });
    });
}
