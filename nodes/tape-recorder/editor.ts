import type { EditorNodeProperties, EditorRED } from "node-red";
import { ask, say } from "../shared/editor-ask";
import { category, colours, nameFields, numberBetween } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
    tape: string;
    verdicts: string;
    megabytes: string;
    days: string;
    version: number;
}

interface Listed {
    name: string;
    bytes: number;
    changed: number;
}

/** Hands a text to the browser as a file. It was asked for with the editor's own login, which a plain link would not carry. */
function download(name: string, text: string): void {
    const url = URL.createObjectURL(new Blob([text], { type: "application/x-ndjson" }));
    $("<a>").attr({ href: url, download: name })[0]?.click();
    URL.revokeObjectURL(url);
}

RED.nodes.registerType<Properties>("tape-recorder", {
    category,
    color: colours.actor,
    icon: "tape-recorder.svg",
    defaults: {
        name: { value: "" },
        tape: { value: "tape" },
        verdicts: { value: "changes" },
        megabytes: { value: "50", validate: numberBetween(1, 10_000, { required: false }) },
        days: { value: "30", validate: numberBetween(1, 3650, { required: false }) },
        version: { value: 1 },
    },
    inputs: 1,
    outputs: 1,
    paletteLabel: "tape recorder",
    label() {
        return this.name || this.tape || this._("tape-recorder.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    inputLabels() {
        return this._("tape-recorder.port.input");
    },
    outputLabels() {
        return this._("tape-recorder.port.output");
    },
    oneditprepare() {
        nameFields($("#dialog-form"));
        const box = $("#tape-recorder-tapes");
        ask<{ tapes: Listed[] }>("tape-recorder/tapes", {}, (answer) => {
            if (!answer.ok) return say(box, [answer.error], true);
            if (answer.tapes.length === 0) return say(box, [this._("tape-recorder.tapes.none")]);
            box.empty();
            for (const { name, bytes, changed } of answer.tapes) {
                const link = $('<a href="#" style="text-decoration: underline;">').text(name).on("click", (event) => {
                    event.preventDefault();
                    ask<{ text: string }>(`tape-recorder/tapes/${encodeURIComponent(name)}`, {}, (tape) => (tape.ok ? download(`${name}.jsonl`, tape.text) : RED.notify($("<span>").text(tape.error).html(), "error")));
                });
                box.append($("<div>").append(link, document.createTextNode(` ${(bytes / 1024).toFixed(0)} kB, ${new Date(changed).toLocaleString()}`)));
            }
        });
    },
});
