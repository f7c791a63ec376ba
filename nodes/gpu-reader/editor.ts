import type { EditorNodeProperties, EditorRED } from "node-red";
import { ask, say } from "../shared/editor-ask";
import { category, colours, numberBetween } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
    /** Ids of power-hosts, "" for this machine, side by side with `machines`. */
    hosts: string[];
    machines: Details[];
    cluster: string;
    hostPower: string;
    interval: string;
    deadline: string;
    payload: string;
    version: number;
}

interface Details {
    name: string;
    tool: string;
}

interface Row extends Details {
    host: string;
}

const tools = ["auto", "nvidia-smi", "amd-smi", "rocm-smi", "xpu-smi"];
/** The table of the open dialog. Kept, since the dialog is out of the document while that of a host is open above it. */
let table: JQuery = $();

/** A power-host as the editor holds it; it may not be deployed yet. */
type EditorHost = { id: string; type: string; name?: string; host?: string };

function powerHosts(): EditorHost[] {
    const found: EditorHost[] = [];
    RED.nodes.eachConfig((node) => {
        const host = node as EditorHost;
        if (host.type === "power-host") found.push(host);
        return true;
    });
    return found;
}

/** The machines as the dialog shows them now. */
function rows(): { hosts: string[]; machines: Details[] } {
    const found = table.editableList("items").toArray().map((item): Row => {
        const value = (part: string): string => String($(item).find(`.gpu-reader-${part}`).val() ?? "");
        return { host: value("host"), name: value("name").trim(), tool: value("tool") };
    });
    return { hosts: found.map(({ host }) => host), machines: found.map(({ name, tool }) => ({ name, tool })) };
}

RED.nodes.registerType<Properties>("gpu-reader", {
    category,
    color: colours.reader,
    icon: "gpu-reader.svg",
    defaults: {
        name: { value: "" },
        // The type lets Node-RED export, import and copy the power-hosts together with this node.
        hosts: { value: [""], type: "power-host[]", validate: (hosts: unknown) => Array.isArray(hosts) && hosts.length > 0 && hosts.every((id) => id === "" || Boolean(RED.nodes.node(String(id)))) },
        machines: { value: [{ name: "", tool: "auto" }] },
        cluster: { value: "gpu_cluster" },
        hostPower: { value: "none" },
        interval: { value: "60", validate: numberBetween(1, 86_400) },
        deadline: { value: "10", validate: numberBetween(0.1, 120) },
        payload: { value: "watts" },
        version: { value: 1 },
    },
    inputs: 1,
    outputs: 2,
    paletteLabel: "gpu reader",
    label() {
        return this.name || this._("gpu-reader.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    inputLabels() {
        return this._("gpu-reader.port.now");
    },
    outputLabels(index) {
        return this._(index === 0 ? "gpu-reader.port.gpus" : "gpu-reader.port.total");
    },
    button: {
        enabled() {
            return !(this as { changed?: boolean }).changed;
        },
        onclick() {
            ask(`gpu-reader/${this.id}`, {}, (answer) => {
                if (answer.ok) RED.notify(this._("gpu-reader.now.done"), "success");
                else RED.notify(`${this._("gpu-reader.now.failed")} ${$("<span>").text(answer.error).html()}`, "error");
            });
        },
    },
    oneditprepare() {
        table = $("#gpu-reader-machines");
        const fillHosts = (select: JQuery, chosen: string): void => {
            const hosts = powerHosts();
            const option = (value: string, text: string): JQuery => $("<option>", { value }).text(text).appendTo(select);
            select.empty();
            option("", this._("gpu-reader.machine.here"));
            for (const { id, name, host } of hosts) option(id, name || host || id);
            if (chosen !== "" && !hosts.some(({ id }) => id === chosen)) option(chosen, `${this._("gpu-reader.machine.gone")} (${chosen})`);
            option("_ADD_", this._("gpu-reader.machine.new"));
            select.val(chosen);
        };

        table.css({ "min-height": "110px" }).editableList<Partial<Row>>({
            sortable: true,
            removable: true,
            addItem: (container, _index, row) => {
                const labelled = (tag: string, part: string, style: string): JQuery => {
                    const title = this._(`gpu-reader.machine.${part}`);
                    return $(tag, { class: `gpu-reader-${part}`, title, "aria-label": title, style: `margin-right: 4px; ${style}` }).appendTo(container);
                };
                const select = labelled("<select>", "host", "width: 34%;");
                labelled("<input>", "name", "width: 30%;").attr({ type: "text", placeholder: this._("gpu-reader.machine.name") }).val(row.name ?? "");
                const choice = labelled("<select>", "tool", "width: 28%;");
                for (const tool of tools) choice.append($("<option>", { value: tool }).text(tool === "auto" ? this._("gpu-reader.machine.auto") : tool));
                choice.val(row.tool ?? "auto");
                let chosen = row.host ?? "";
                fillHosts(select, chosen);
                select.on("change", () => {
                    if (select.val() === "_ADD_") {
                        select.val(chosen);
                        // Opens above this dialog; what it saves shows here when it is closed.
                        RED.editor.editConfig("", "power-host", "_ADD_", "");
                    }
                    chosen = String(select.val() ?? "");
                });
            },
        });
        for (const [at, host] of (Array.isArray(this.hosts) ? this.hosts : [""]).entries()) table.editableList("addItem", { host, ...this.machines?.[at] });

        const refresh = (): void => {
            table.find<HTMLSelectElement>(".gpu-reader-host").each((_index, select) => fillHosts($(select), String($(select).val() ?? "")));
        };
        RED.events.on("nodes:add", refresh);
        RED.events.on("nodes:change", refresh);

        const result = $("#gpu-reader-result").on("remove", () => {
            RED.events.off("nodes:add", refresh);
            RED.events.off("nodes:change", refresh);
        });
        $("#gpu-reader-test").on("click", (event) => {
            event.preventDefault();
            const button = $(event.currentTarget).prop("disabled", true);
            say(result, [this._("gpu-reader.test.under-way")]);
            const values = Object.fromEntries(["hostPower", "deadline"].map((name) => [name, $(`#node-input-${name}`).val()]));
            ask<{ lines: string[] }>("gpu-reader/test", { ...rows(), ...values }, (answer) => {
                button.prop("disabled", false);
                say(result, answer.ok ? answer.lines : [answer.error], !answer.ok);
            });
        });
    },
    oneditsave() {
        Object.assign(this, rows());
    },
});
