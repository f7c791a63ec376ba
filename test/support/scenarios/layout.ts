import { createHash } from "node:crypto";
import groupStored from "../../fixtures/configs/redundancy-group.v1.json";
import hostStored from "../../fixtures/configs/power-host.v1.json";
import planStored from "../../fixtures/configs/shutdown-plan.v1.json";
import readerStored from "../../fixtures/configs/ups-reader.v1.json";
import sequencerStored from "../../fixtures/configs/shutdown-sequencer.v1.json";
import serverStored from "../../fixtures/configs/nut-server.v1.json";
import telegramStored from "../../fixtures/configs/telegram-alert.v1.json";
import triggerStored from "../../fixtures/configs/shutdown-trigger.v1.json";
import { parsePlan, type PlanHost } from "../../../lib/shutdown/plan";
import { parseConfig as parsePlanConfig } from "../../../nodes/shutdown-plan/config";
import type { FlowNode } from "../node-red";
import type { RigVariables } from "../nut-rig";
import type { MachineOptions } from "./machine";

/** Fields of an edit dialog, as the editor stores them. */
export type Fields = Readonly<Record<string, unknown>>;

/** A host that a scenario really shuts down: over SSH, or the machine that Node-RED runs on. */
export interface ScenarioHost {
    name: string;
    services?: readonly string[];
    after?: readonly string[];
    /** Whose decisions shut it down, by UPS or group. Default: everybody's. */
    by?: readonly string[];
    /** Who logs in. Default "power", who needs sudo. */
    user?: "power" | "root";
    /** The machine that Node-RED runs on. */
    local?: true;
    /** What differs in its row of the plan. */
    row?: Fields;
    /** How its host key is known: put there by the test (default), learned by the dialog's button, or not at all. */
    key?: "learned" | "unknown";
    /** What runs there, by its kind. */
    runs?: MachineOptions["runs"];
}

/** How a scenario is wired: readers, a trigger each, groups of them, a sequencer for each that shuts down, and Telegram. */
export interface Layout {
    /** What each UPS says at first, by its name in the scenario. */
    upses: Readonly<Record<string, RigVariables>>;
    /** Groups by name: their members and what differs from the fields below. */
    groups?: Readonly<Record<string, { members: readonly string[]; advisory?: readonly string[]; fields?: Fields }>>;
    /** What differs from the fields below. */
    reader?: Fields;
    trigger?: Fields;
    telegram?: Fields;
    /** What upsd is told about who we are. Default: nothing. */
    login?: { user: string; password: string };
    /** What a reader asks the server for, where that is not its UPS. */
    asksFor?: string;
    /** With them the shutdown is armed. */
    hosts?: readonly ScenarioHost[];
    /** Every verdict reaches the sequencer too, so that what a deploy has lost is made up for. */
    levels?: true;
    /** What a person sends to every sequencer by an Inject node, by its name: further properties beside the payload. */
    says?: Readonly<Record<string, { payload: string } & Readonly<Record<string, string>>>>;
    /** What differs in the plan, and in the sequencer. */
    plan?: Fields;
    sequencer?: Fields;
}

/** Polls twice a second; Eneru's thresholds; delays that a test can wait for. */
const brief = {
    reader: { interval: "0.5", batteryInterval: "0.5", dwell: "1" },
    trigger: { stabilization: "1", mainsStable: "1", lowBatteryFor: "1", lowBatteryAlone: "3", missedFor: "1.5", blindLeast: "3", outputOff: "3" },
    group: { dwell: "1", restore: "1", grace: "4", coldStart: "20" },
} as const satisfies Record<string, Fields>;

/** Where a scenario is played: addresses that are known when everything listens. */
export interface Place {
    nutPort: number;
    telegramUrl: string;
    /** SSH port and known host key of each host, by name. */
    ssh: Readonly<Record<string, { port: number; hostKey: string }>>;
    keyFile: string;
}

/** The id of a scenario's node: `part` is "reader/ups1", "quorum/rack", "result/ups1" ... */
export const idOf = (key: string, part: string): string => createHash("sha256").update(`${key} ${part}`).digest("hex").slice(0, 16);

/** The name of a scenario's UPS on the server, and of the device. */
export const upsName = (key: string, ups: string): string => `${key}_${ups}`;

/** Telegram's chat of a scenario: one server serves them all. */
export const chatOf = (key: string): string => String(1000 + parseInt(createHash("sha256").update(key).digest("hex").slice(0, 6), 16));

export const telegramToken = "123456789:test-token";

/** Whose decisions shut down: every group's, and those of every UPS that is in none. */
function actorsOf({ upses, groups = {} }: Layout): readonly string[] {
    const members = Object.values(groups).flatMap(({ members: counting, advisory = [] }) => [...counting, ...advisory]);
    return [...Object.keys(groups), ...Object.keys(upses).filter((ups) => !members.includes(ups))];
}

/** Its row of a plan, as the dialog stores it. */
const rowOf = ({ services = [], after = [], row }: ScenarioHost): Fields => ({ services, after, stopTimeout: "30", ...row });

/** What the plan does to a host, by itself. */
export function planHostOf(host: ScenarioHost, { plan: fields }: Layout): PlanHost {
    const { config: { rows: [row], final }, problems } = parsePlanConfig({ ...planStored, hosts: ["host"], steps: [rowOf({ ...host, after: [] })], ...fields });
    const parsed = parsePlan({ final, hosts: row === undefined ? [] : [{ ...row, name: host.name, needs: [] }] });
    const [its] = parsed.plan?.hosts ?? [];
    if (its === undefined) throw new Error(`${host.name}: ${[...problems, ...parsed.problems].join("; ")}`);
    return its;
}

/** A scenario as a tab of a flow, with every setting as the editor stores it. */
export function tabOf(key: string, title: string, layout: Layout, place: Place): FlowNode[] {
    const id = (part: string): string => idOf(key, part);
    const { upses, groups = {}, hosts, levels } = layout;
    const node = (part: string, stored: Fields, fields: Fields, wires: string[][]): FlowNode => ({ ...stored, type: String(stored.type), ...fields, id: id(part), z: id("tab"), x: 0, y: 0, wires });
    const debug = (part: string): FlowNode => node(part, { type: "debug", active: false }, {}, []);
    const actors = actorsOf(layout);
    const acts = (who: string): string[] => (actors.includes(who) ? [id(`decision/${who}`), id(`sequencer/${who}`), id("telegram")] : [id(`decision/${who}`)]);
    const groupsOf = (ups: string): string[] => Object.entries(groups).filter(([, { members, advisory = [] }]) => [...members, ...advisory].includes(ups)).map(([name]) => id(`group/${name}`));

    const chains = Object.keys(upses).flatMap((ups) => [
        node(`reader/${ups}`, readerStored, { server: id("server"), ups: layout.asksFor ?? upsName(key, ups), device: upsName(key, ups), ...brief.reader, ...layout.reader }, [[id(`trigger/${ups}`)], [id(`event/${ups}`), id("telegram")]]),
        node(`trigger/${ups}`, triggerStored, { ...brief.trigger, ...layout.trigger }, [acts(ups), acts(ups), [id(`verdict/${ups}`), ...groupsOf(ups), ...(levels && actors.includes(ups) ? [id(`sequencer/${ups}`)] : [])]]),
        ...["event", "decision", "verdict"].map((part) => debug(`${part}/${ups}`)),
    ]);
    const quorums = Object.entries(groups).flatMap(([name, { members, advisory = [], fields }]) => [
        node(`group/${name}`, groupStored, {
            group: upsName(key, name), ...brief.group, ...fields,
            members: [...members.map((ups) => ({ name: upsName(key, ups), role: "counts" })), ...advisory.map((ups) => ({ name: upsName(key, ups), role: "advisory" }))],
        }, [acts(name), acts(name), [id(`quorum/${name}`), id("telegram")]]),
        ...["decision", "quorum"].map((part) => debug(`${part}/${name}`)),
    ]);
    const targets: readonly ScenarioHost[] = hosts ?? [{ name: "nas", services: ["nfs-server"] }, { name: "pve" }];
    const runs = actors.flatMap((who) => {
        const its = targets.filter(({ by }) => by === undefined || by.includes(who));
        return [
            node(`sequencer/${who}`, sequencerStored, { plan: id(`plan/${who}`), ...(hosts && { dryRun: false, enabled: true }), ...layout.sequencer }, [[id(`progress/${who}`)], [id(`result/${who}`), id("telegram")]]),
            { ...planStored, id: id(`plan/${who}`), name: who, hosts: its.map(({ name }) => id(`host/${name}`)), steps: its.map(rowOf), ...layout.plan },
            ...["progress", "result"].map((part) => debug(`${part}/${who}`)),
        ];
    });
    const says = Object.entries(layout.says ?? {}).map(([name, { payload, ...more }]) =>
        node(`say/${name}`, { type: "inject", payload, payloadType: "str", props: [{ p: "payload" }, ...Object.entries(more).map(([p, v]) => ({ p, v, vt: "str" }))] }, {}, [actors.map((who) => id(`sequencer/${who}`))]));
    return [
        { id: id("tab"), type: "tab", label: title },
        { ...serverStored, id: id("server"), host: "127.0.0.1", port: String(place.nutPort) },
        ...targets.map(({ name, local, user = "power" }): FlowNode => {
            const ssh = place.ssh[name];
            const reach = ssh === undefined ? {} : { host: "127.0.0.1", port: String(ssh.port), hostKey: ssh.hostKey, user, auth: "keyFile", keyFile: place.keyFile };
            return { ...hostStored, ...(local ? { kind: "local" } : hosts && reach), id: id(`host/${name}`), name };
        }),
        ...chains, ...quorums, ...runs, ...says,
        node("telegram", telegramStored, { baseUrl: place.telegramUrl, chatId: chatOf(key), sourceLabel: "", ...layout.telegram }, [[], []]),
        node("catch", { type: "catch", scope: null }, {}, [[id("problem")]]),
        debug("problem"),
    ];
}
