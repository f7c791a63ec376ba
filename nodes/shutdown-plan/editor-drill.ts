/** Editor side: the drills of a plan's hosts, by a click, and what they have shown. */
import { ask } from "../shared/editor-ask";
import type { DrilledHost } from "./drilled-host";

/** What a button's drill answers, as far as it is shown. */
interface Drilled {
    hosts: DrilledHost[];
    problems?: string[];
}

type Words = (key: string, values?: Record<string, string>) => string;

/**
 * Fills the dialog's part about drills. It is about the plan that is deployed, not the one that is being edited.
 * @param id of the plan @param words the node's texts under `shutdown-plan.drill`
 */
export function showDrills(id: string, words: Words): void {
    const list = $("#shutdown-plan-drills");
    const all = $("#shutdown-plan-drill-all");
    const line = (text: string, bad: boolean): JQuery => $("<div>").text(text).css({ "margin-left": "12px", color: bad ? "var(--red-ui-text-color-error)" : "" });

    const row = ({ host, standing, age = "", ms = 0, problems = [], hostKey, confined }: DrilledHost): JQuery => {
        const bad = standing === "failed" || standing === "expired";
        const button = $("<button>", { type: "button", class: "red-ui-button red-ui-button-small shutdown-plan-drill", style: "margin-right: 8px;" }).text(words("button")).on("click", () => drill(host));
        const text = $("<span>", { class: "shutdown-plan-drill-standing" }).text(words(standing, { age, ms: String(ms) })).css("color", bad ? "var(--red-ui-text-color-error)" : "");
        if (hostKey !== undefined) text.attr("title", hostKey);
        const lines = [
            ...(standing === "failed" ? problems.map((problem) => line(problem, true)) : []),
            ...(standing === "proven" && confined === true ? [line(words("confined"), false)] : []),
        ];
        return $("<div>", { style: "margin-top: 4px;" }).attr("data-host", host).append(button, $("<b>").text(`${host}  `), text, ...lines);
    };
    const show = ({ hosts, problems = [] }: Drilled): void => void list.empty().append(...problems.map((problem) => line(problem, true)), ...hosts.map(row));
    const busy = (on: boolean): void => void all.add(list.find("button")).prop("disabled", on);

    const asked = (path: string, body: object): void => {
        busy(true);
        ask<Drilled>(`shutdown-plan/${id}/${path}`, body, (answer) => {
            busy(false);
            if (answer.ok) return show(answer);
            list.find(".shutdown-plan-drill-error").remove();
            list.prepend(line(answer.error, path === "drill").addClass("shutdown-plan-drill-error"));
        });
    };
    const drill = (host?: string): void => {
        const mine = host === undefined ? list : list.children().filter((_index, element) => element.getAttribute("data-host") === host);
        mine.find(".shutdown-plan-drill-standing").text(words("under-way"));
        asked("drill", host === undefined ? {} : { host });
    };
    all.on("click", () => drill());
    asked("evidence", {});
}
