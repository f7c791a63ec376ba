import type { EditorNodeProperties, EditorRED } from "node-red";
import { ask, say } from "../shared/editor-ask";
import { category, colours, numberBetween } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
    tape: string;
    speed: string;
    version: number;
}

interface Listed {
    name: string;
    about: string;
}

const isFactor = numberBetween(1, 1000, { required: false });

RED.nodes.registerType<Properties>("tape-player", {
    category,
    color: colours.simulator,
    icon: "tape-player.svg",
    defaults: {
        name: { value: "" },
        tape: { value: "blip" },
        speed: { value: "60", validate: (speed: string) => speed === "max" || isFactor(speed) },
        version: { value: 1 },
    },
    inputs: 1,
    outputs: 2,
    paletteLabel: "tape player",
    label() {
        return this.name || this.tape || this._("tape-player.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    inputLabels() {
        return this._("tape-player.port.command");
    },
    outputLabels(index) {
        return this._(`tape-player.port.${index === 0 ? "readings" : "replay"}`);
    },
    button: {
        enabled() {
            return !(this as { changed?: boolean }).changed;
        },
        onclick() {
            ask(`tape-player/${this.id}`, {}, (answer) => {
                if (!answer.ok) RED.notify($("<span>").text(answer.error).html(), "error");
            });
        },
    },
    oneditprepare() {
        const [select, about] = [$("#node-input-tape"), $("#tape-player-about")];
        const chosen = this.tape;
        select.append($("<option>").val(chosen).text(chosen)).val(chosen);
        ask<{ recorded: Listed[]; shipped: Listed[] }>("tape-player/tapes", {}, (answer) => {
            if (!answer.ok) return say(about, [answer.error], true);
            const abouts = new Map([...answer.shipped, ...answer.recorded].map((tape) => [tape.name, tape.about]));
            if (abouts.has(chosen)) select.empty();
            for (const group of ["recorded", "shipped"] as const) {
                if (answer[group].length === 0) continue;
                const options = answer[group].map(({ name }) => $("<option>").val(name).text(name));
                select.append($("<optgroup>").attr("label", this._(`tape-player.tapes.${group}`)).append(options));
            }
            const show = (): void => say(about, [abouts.get(String(select.val())) ?? ""].filter((text) => text !== ""));
            select.val(chosen).on("change", show);
            show();
        });
    },
});
