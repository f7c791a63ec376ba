/** Editor side: what its owner puts on a host, so that the plan can do its steps there and nothing else. */
import type { EditorRED } from "node-red";
import { ask } from "../shared/editor-ask";
import type { Words } from "./editor-form";

declare const RED: EditorRED;

/** As the runtime answers: `TargetKitAnswer`. */
interface Kit {
    user: string;
    sudoers?: string;
    forcedCommand?: { path: string; text: string };
    authorizedKeys?: string;
}

/** Asks for the kit of a host and shows its texts, each with a button that copies it. @param plan as the dialog holds it */
export function showKit(box: JQuery, plan: object, host: string, text: Words): void {
    box.empty().append($("<div>", { class: "shutdown-plan-quiet" }).text("…"));
    ask<Kit>("shutdown-plan/target-kit", { ...plan, host }, (answer) => {
        box.empty();
        if (!answer.ok) return void $("<div>").text(answer.error).css("color", "var(--red-ui-text-color-error)").appendTo(box);
        const { user, sudoers, forcedCommand, authorizedKeys } = answer;
        if (sudoers === undefined) box.append($("<div>", { class: "shutdown-plan-quiet" }).text(text("kit.no-sudoers")));
        else file(box, "/etc/sudoers.d/ridethrough", text("kit.sudoers"), sudoers, text);
        if (forcedCommand !== undefined) file(box, forcedCommand.path, text("kit.forced-command"), forcedCommand.text, text);
        if (authorizedKeys !== undefined) file(box, `~${user}/.ssh/authorized_keys`, text("kit.authorized-keys"), authorizedKeys, text);
    });
}

function file(box: JQuery, path: string, about: string, content: string, text: Words): void {
    const copy = $("<button>", { type: "button", class: "red-ui-button red-ui-button-small" }).append($("<i>", { class: "fa fa-copy" }), document.createTextNode(` ${text("kit.copy")}`));
    copy.on("click", () => void RED.clipboard.copyText(content, copy[0] as HTMLElement, "clipboard.copyMessageValue"));
    box.append(
        $("<div>", { class: "shutdown-plan-file" }).append($("<code>").text(path), copy),
        $("<div>", { class: "shutdown-plan-quiet" }).text(about),
        $("<pre>", { class: "shutdown-plan-kit-text", tabindex: 0, "aria-label": path }).text(content),
    );
}
