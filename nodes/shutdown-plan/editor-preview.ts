/** Editor side: what a plan will do, as the runtime says: from the function that executes plans. */
import type { Words } from "./editor-form";

export interface PreviewStep {
    host: string;
    kind: string;
    label: string;
    layer?: number;
}

export interface PreviewLint {
    level: "error" | "warning";
    text: string;
}

export type Preview = { ok: true; problems: string[]; lints?: PreviewLint[]; text?: string; steps?: PreviewStep[] } | { ok: false; error: string };

const icons: Record<string, string> = { connect: "fa-sign-in", "stop-service": "fa-stop-circle-o", act: "fa-cog", "power-off": "fa-power-off", prove: "fa-eye" };

function said(level: PreviewLint["level"], text: string): JQuery {
    const [icon, color] = level === "error" ? ["fa-times-circle", "var(--red-ui-text-color-error)"] : ["fa-exclamation-triangle", "var(--red-ui-text-color-warning)"];
    return $("<div>", { class: `shutdown-plan-said shutdown-plan-${level}` }).css("border-color", color)
        .append($("<i>", { class: `fa ${icon}` }).css("color", color), $("<span>").text(text).css("color", level === "error" ? color : ""));
}

/** Problems and errors in red, warnings in amber, then the steps layer by layer. */
export function drawPreview(box: JQuery, preview: Preview, text: Words): void {
    box.empty();
    if (!preview.ok) return void box.append(said("error", preview.error));
    const { problems, lints = [], steps } = preview;
    for (const problem of problems) box.append(said("error", problem));
    for (const level of ["error", "warning"] as const) for (const lint of lints) if (lint.level === level) box.append(said(level, lint.text));
    if (steps === undefined) return;
    box.append($("<div>", { class: "shutdown-plan-title" }).text(preview.text ?? ""));
    const layers = Math.max(...steps.map((step) => step.layer ?? 0));
    for (let layer = 0; layer <= layers; layer += 1) {
        const here = steps.filter((step) => (step.layer ?? 0) === layer);
        const lines = here.map(({ host, kind, label }) => $("<div>", { class: `shutdown-plan-step shutdown-plan-kind-${kind}` }).append($("<i>", { class: `fa fa-fw ${icons[kind] ?? "fa-circle-o"}`, title: text(`preview.kind.${kind}`) }), document.createTextNode(`${host}: ${label}`)));
        box.append($("<div>", { class: "shutdown-plan-layer" }).append($("<b>", { title: `${text("preview.step")} ${layer + 1}` }).text(layer + 1), $("<div>").append(...lines)));
    }
    box.append($("<div>", { class: "form-tips", style: "margin-top: 6px;" }).text(text("preview.same-time")));
}
