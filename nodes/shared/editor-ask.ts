/** Editor side: how dialogs ask the runtime, and show what it says. */

export type Answer<T> = ({ ok: true } & T) | { ok: false; error: string };

/** Asks one of our admin routes; the address is relative, so that it works behind a proxy and under httpAdminRoot. */
export function ask<T>(path: string, body: object, then: (answer: Answer<T>) => void): void {
    const sent = $.ajax({ url: `ridethrough/${path}`, type: "POST", contentType: "application/json", data: JSON.stringify(body) });
    sent.done((answer: Answer<T>) => then(answer)).fail((failure) => then({ ok: false, error: failure.status === 0 ? "no connection to Node-RED" : `HTTP ${failure.status} ${failure.statusText}` }));
}

/** Lines of text in a box that is hidden without any. */
export function say(box: JQuery, lines: string[], bad = false): void {
    box.empty().toggle(lines.length > 0).css("color", bad ? "var(--red-ui-text-color-error)" : "");
    for (const line of lines) box.append($("<div>").text(line));
}

/** A device as the account's routes list it. */
export interface FoundDevice {
    serial: string;
    name: string;
    model: string;
    online: boolean;
    known: boolean;
}
