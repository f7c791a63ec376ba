import type { EditorNodeProperties, EditorRED } from "node-red";
import { defaultQuorum, memberName, quorumProblems, type GroupMember } from "../../lib/power/quorum";
import { category, colours, isEnvironment, numberBetween } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
    group: string;
    members: GroupMember[];
    minHealthy: string;
    degradedCountsAs: string;
    unknownCountsAs: string;
    dataLossAlone: boolean;
    grace: string;
    dwell: string;
    restore: string;
    coldStart: string;
    stale: string;
    version: number;
}

const seconds = numberBetween(0, 86_400, { required: false });

/** What is wrong with the members and the number that is needed of them. */
function problemsOf(members: readonly GroupMember[] | undefined, minHealthy: unknown): string[] {
    const named = (members ?? []).map(({ name, role }) => ({ name: memberName(name), role }));
    const needed = isEnvironment(minHealthy) || String(minHealthy ?? "").trim() === "" ? 1 : Number(minHealthy);
    return quorumProblems({ members: named.filter(({ name }) => name !== ""), minHealthy: needed });
}

const table = (): JQuery => $("#redundancy-group-members");

/** What the table holds now. */
function rows(): GroupMember[] {
    return table().editableList("items").toArray().map((element): GroupMember => {
        const value = (part: string): string => String($(element).find(`.redundancy-group-${part}`).val() ?? "").trim();
        return { name: value("name"), role: value("role") === "advisory" ? "advisory" : "counts" };
    }).filter(({ name }) => name !== "");
}

/** The devices that nodes of the workspace name. */
function devices(): string[] {
    const found = new Set<string>();
    RED.nodes.eachNode((node) => {
        const { device } = node as { device?: unknown };
        if (typeof device === "string" && device.trim() !== "" && !isEnvironment(device)) found.add(memberName(device));
        return true;
    });
    return [...found].sort();
}

RED.nodes.registerType<Properties>("redundancy-group", {
    category,
    color: colours.decider,
    icon: "redundancy-group.svg",
    defaults: {
        name: { value: "" },
        group: { value: "" },
        members: { value: [], validate(this: Partial<Properties>, value: unknown) { return problemsOf(value as GroupMember[], this.minHealthy).length === 0; } },
        minHealthy: { value: String(defaultQuorum.minHealthy), validate: numberBetween(1, 64, { required: false }) },
        degradedCountsAs: { value: defaultQuorum.degradedCountsAs },
        unknownCountsAs: { value: defaultQuorum.unknownCountsAs },
        dataLossAlone: { value: defaultQuorum.dataLossAlone },
        grace: { value: String(defaultQuorum.graceSeconds), validate: seconds },
        dwell: { value: String(defaultQuorum.dwellSeconds), validate: seconds },
        restore: { value: String(defaultQuorum.restoreSeconds), validate: seconds },
        coldStart: { value: String(defaultQuorum.coldStartSeconds), validate: seconds },
        stale: { value: "", validate: seconds },
        version: { value: 1 },
    },
    inputs: 1,
    outputs: 3,
    paletteLabel: "redundancy group",
    label() {
        return this.name || this._("redundancy-group.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    inputLabels() {
        return this._("redundancy-group.port.member");
    },
    outputLabels(index) {
        return this._(`redundancy-group.port.${["shutdown", "restored", "every"][index] ?? "every"}`);
    },
    oneditprepare() {
        const needed = $("#node-input-minHealthy");
        const show = (): void => {
            const problems = problemsOf(rows(), needed.val());
            $("#redundancy-group-problem").text(problems.join(" · ")).toggle(problems.length > 0);
        };
        for (const device of devices()) $("#redundancy-group-devices").append($("<option>", { value: device }));
        table().editableList<Partial<GroupMember>>({
            removable: true,
            sortable: true,
            addItem: (container, _index, member) => {
                const hint = this._("redundancy-group.member.name");
                $("<input>", { type: "text", class: "redundancy-group-name", list: "redundancy-group-devices", style: "width: 55%;", placeholder: hint, title: hint }).val(member.name ?? "").appendTo(container);
                const role = $("<select>", { class: "redundancy-group-role", style: "width: 38%; margin-left: 6px;", title: this._("redundancy-group.member.role") }).appendTo(container);
                for (const name of ["counts", "advisory"]) role.append($("<option>", { value: name }).text(this._(`redundancy-group.role.${name}`)));
                role.val(member.role ?? "counts");
                container.on("input change", show);
            },
            removeItem: () => void setTimeout(show),
        });
        for (const member of Array.isArray(this.members) ? this.members : []) table().editableList("addItem", member);
        needed.on("input change", show);
        show();
    },
    oneditsave() {
        this.members = rows();
    },
    oneditresize() {
        table().editableList("height", 170);
    },
});
