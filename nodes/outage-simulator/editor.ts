import type { EditorNodeProperties, EditorRED } from "node-red";
import { category, colours, numberBetween } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
    device: string;
    outage: string;
    speed: string;
    interval: string;
    capacityWh: string;
    startCharge: string;
    efficiency: string;
    loadWatts: string;
    version: number;
}

RED.nodes.registerType<Properties>("outage-simulator", {
    category,
    color: colours.simulator,
    icon: "outage-simulator.svg",
    defaults: {
        name: { value: "" },
        device: { value: "simulator" },
        outage: { value: "slow drain" },
        speed: { value: "60", validate: numberBetween(1, 1000, { required: false }) },
        interval: { value: "1", validate: numberBetween(0.01, 3600, { required: false }) },
        capacityWh: { value: "3840", validate: numberBetween(1, 1_000_000, { required: false }) },
        startCharge: { value: "100", validate: numberBetween(1, 100, { required: false }) },
        efficiency: { value: "90", validate: numberBetween(1, 100, { required: false }) },
        loadWatts: { value: "420", validate: numberBetween(1, 1_000_000, { required: false }) },
        version: { value: 1 },
    },
    inputs: 1,
    outputs: 1,
    paletteLabel: "outage simulator",
    label() {
        return this.name || this.outage || this._("outage-simulator.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    inputLabels() {
        return this._("outage-simulator.port.command");
    },
    outputLabels() {
        return this._("outage-simulator.port.readings");
    },
    button: {
        enabled() {
            return !(this as { changed?: boolean }).changed;
        },
        onclick() {
            // The address is relative, so that it works behind a proxy and under httpAdminRoot.
            $.ajax({ url: `ridethrough/outage-simulator/${this.id}`, type: "POST", contentType: "application/json", data: "{}" })
                .done((answer: { ok: true } | { ok: false; error: string }) => {
                    if (answer.ok) RED.notify(this._("outage-simulator.notify.started"), "success");
                    else RED.notify($("<span>").text(answer.error).html(), "error");
                })
                .fail((failure) => RED.notify(this._("outage-simulator.notify.failed", { status: String(failure.status) }), "error"));
        },
    },
});
