import type { EditorNodeProperties, EditorRED } from "node-red";
import { ask } from "../shared/editor-ask";
import { category, colours, numberBetween } from "../shared/editor-fields";
import { calledOf, hastyClassifiers, type StoredNode } from "./one-reading";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
    plan: string;
    dryRun: boolean;
    enabled: boolean;
    startOn: string;
    stable: string;
    hold: string;
    needsToken: boolean;
    check: string;
    onlyDrilled: boolean;
    rootKnown: boolean;
    openKnown: boolean;
    version: number;
}

RED.nodes.registerType<Properties>("shutdown-sequencer", {
    category,
    color: colours.actor,
    icon: "shutdown-sequencer.svg",
    defaults: {
        name: { value: "" },
        plan: { value: "", type: "shutdown-plan", required: true },
        dryRun: { value: true },
        enabled: { value: false },
        startOn: { value: "critical" },
        stable: { value: "30", validate: numberBetween(0, 3600, { required: false }) },
        hold: { value: "10", validate: numberBetween(1, 120, { required: false }) },
        needsToken: { value: false },
        check: { value: "24", validate: numberBetween(0, 8760, { required: false }) },
        onlyDrilled: { value: false },
        rootKnown: { value: false },
        openKnown: { value: false },
        version: { value: 2 },
    },
    inputs: 1,
    outputs: 2,
    paletteLabel: "shutdown sequencer",
    label() {
        return this.name || this._("shutdown-sequencer.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    inputLabels() {
        return this._("shutdown-sequencer.port.input");
    },
    outputLabels(index) {
        return this._(index === 0 ? "shutdown-sequencer.port.progress" : "shutdown-sequencer.port.result");
    },
    button: {
        enabled() {
            return !(this as { changed?: boolean }).changed;
        },
        onclick() {
            ask(`shutdown-sequencer/${this.id}`, {}, (answer) => {
                if (answer.ok) RED.notify(this._("shutdown-sequencer.rehearse.done"), "success");
                else RED.notify(`${this._("shutdown-sequencer.rehearse.failed")} ${$("<span>").text(answer.error).html()}`, "error");
            });
        },
    },
    oneditprepare() {
        const dryRun = $("#node-input-dryRun");
        const enabled = $("#node-input-enabled");
        // A node from before these questions is armed as it was: the runtime takes them for answered, and so does its dialog.
        if (!(Number(this.version) >= 2)) {
            $("#node-input-rootKnown, #node-input-openKnown").prop("checked", !this.dryRun && this.enabled);
            $("#node-input-check").val("24");
            $("#node-input-version").val("2");
        }
        const [hasty] = hastyClassifiers(this.id, RED.nodes.createCompleteNodeSet(false) as unknown as StoredNode[]);
        const show = (): void => {
            const state = dryRun.prop("checked") ? "dry-run" : enabled.prop("checked") ? "armed" : "not-enabled";
            const caution = state === "armed" && hasty !== undefined ? [this._("shutdown-sequencer.arming.one-reading", { classifier: calledOf(hasty) })] : [];
            $("#shutdown-sequencer-arming").text([this._(`shutdown-sequencer.arming.${state}`), ...caution].join(" ")).css("color", state === "armed" ? "var(--red-ui-text-color-error)" : "");
        };
        dryRun.add(enabled).on("change", show);
        show();
    },
});
