import { createHash } from "node:crypto";
import readerStored from "../fixtures/configs/ups-reader.v1.json";
import serverStored from "../fixtures/configs/nut-server.v1.json";
import triggerStored from "../fixtures/configs/shutdown-trigger.v1.json";
import type { PowerEvent } from "../../lib/power/power-event";
import type { Reading } from "../../lib/power/reading";
import type { Verdict } from "../../lib/power/verdict";
import type { FlowMsg, FlowNode, NodeRed } from "./node-red";
import type { NutRig } from "./nut-rig";

/** Fields of an edit dialog, as the editor stores them. */
export interface LaneFields {
    server?: object;
    reader?: object;
    trigger?: object;
    credentials?: Record<string, string>;
}

/** Thresholds that a test can wait for, in s. */
export const briefly = { stabilization: "1", mainsStable: "1", lowBatteryFor: "1", lowBatteryAlone: "3", missedFor: "1.5", blindLeast: "3", blindMost: "6", outputOff: "4" } as const;

const idOf = (key: string, part: string): string => createHash("sha256").update(`${key} ${part}`).digest("hex").slice(0, 16);

/** The nodes of a lane that say something. */
const parts = ["reader", "trigger", "event", "shutdown", "restored", "verdict", "problem"] as const;

/** A UPS on a server of its own, its reader and its trigger in a Node-RED that it shares with other lanes; and all that they have said. */
export class Lane<Rig extends NutRig = NutRig> {
    constructor(readonly key: string, readonly rig: Rig, readonly fields: LaneFields = {}) {}
    readonly #reds: NodeRed[] = [];
    readonly #said = new Map<string, { heard: number; found: boolean }>();
    readonly #ids = new Map<string, string>();

    id(part: string): string {
        const id = this.#ids.get(part) ?? idOf(this.key, part);
        this.#ids.set(part, id);
        return id;
    }
    get red(): NodeRed {
        const red = this.#reds.at(-1);
        if (red === undefined) throw new Error("not deployed");
        return red;
    }
    /** Where it runs from now on; what it said in earlier processes is kept. */
    runsIn(red: NodeRed): void {
        this.#reds.push(red);
    }

    /** The lane as a tab of its own. */
    nodes(): FlowNode[] {
        const node = (part: string, stored: object, wires: string[][]): FlowNode => ({ ...(stored as FlowNode), id: this.id(part), z: this.id("tab"), x: 0, y: 0, wires });
        const debug = (part: string): FlowNode => node(part, { type: "debug", active: false }, []);
        const { server, reader, trigger } = this.fields;
        return [
            { id: this.id("tab"), type: "tab", label: this.key },
            { ...serverStored, host: "127.0.0.1", port: String(this.rig.port), ...server, id: this.id("server") },
            node("reader", { ...readerStored, ups: "ups1", device: this.key, interval: "1", batteryInterval: "0.5", ...reader, server: this.id("server") }, [[this.id("trigger")], [this.id("event")]]),
            node("trigger", { ...triggerStored, ...briefly, ...trigger }, [[this.id("shutdown")], [this.id("restored")], [this.id("verdict")]]),
            node("catch", { type: "catch", scope: null }, [[this.id("problem")]]),
            ...["event", "shutdown", "restored", "verdict", "problem"].map(debug),
        ];
    }

    verdicts(): Verdict[] {
        return this.#messages("verdict").map(({ verdict }) => verdict as Verdict);
    }
    /** The readings that have been judged, as many as verdicts. */
    readings(): Reading[] {
        return this.#messages("verdict").map(({ reading }) => reading as Reading);
    }
    get verdict(): Verdict | undefined {
        return this.#messages("verdict").at(-1)?.verdict as Verdict | undefined;
    }
    get count(): number {
        return this.#messages("verdict").length;
    }
    /** The longest event time between two readings from a verdict on, s: what a busy machine adds to any countdown. */
    longestPause(from: number): number {
        const times = this.readings().slice(from).map(({ at }) => at / 1000);
        return Math.max(0.5, ...times.slice(1).map((at, place) => at - (times[place] ?? at)));
    }
    /** How many polls that were answered a verdict came after the first reading that shows it. */
    polls(from: number, to: number): number {
        return this.readings().slice(from, to + 1).filter(({ quality }) => quality === "good").length;
    }
    /** The verdicts that decided. */
    shutdowns(): Verdict[] {
        return this.#messages("shutdown").map(({ verdict }) => verdict as Verdict);
    }
    /** "restored" and "cancelled". */
    restored(): unknown[] {
        return this.#messages("restored").map(({ payload }) => payload);
    }
    /** All that people can see of it: verdicts with their findings and notes, states of both nodes, events, and what reached Catch; from a verdict on, each text once. */
    log(from = 0): string[] {
        const verdicts = this.verdicts().slice(from).flatMap(({ text, notes = [], findings }) => [text, ...notes, ...findings.map(({ why }) => why)]);
        const statuses = ["reader", "trigger"].flatMap((part) => this.#reds.flatMap((red) => red.statuses(this.id(part))).map(({ text = "" }) => `${part}: ${text}`));
        const events = this.#messages("event").map(({ event }) => `${(event as PowerEvent).kind} ${(event as PowerEvent).detail ?? ""}`);
        const problems = this.#messages("problem").map(({ error }) => (error as { message: string }).message);
        return [...new Set([...verdicts, ...statuses, ...events, ...problems])];
    }
    /** Asked again and again while nothing is new, it looks at nothing again. */
    says(words: RegExp): boolean {
        const heard = this.#reds.reduce((sum, red) => sum + parts.reduce((all, part) => all + red.received(this.id(part)).length + red.statuses(this.id(part)).length, 0), 0);
        const known = this.#said.get(words.source);
        if (known !== undefined && (known.found || known.heard === heard)) return known.found;
        const found = this.log().some((text) => words.test(text));
        this.#said.set(words.source, { heard, found });
        return found;
    }

    until(wanted: string, holds: () => boolean, withinMs = 60_000): Promise<void> {
        return this.red.eventually(holds, withinMs, () => `${this.key}: ${wanted}; last: ${this.verdict?.text ?? "nothing"}; ${this.log().slice(-8).join(" | ")}`);
    }
    /** Waits for so many more verdicts. */
    more(count: number): Promise<void> {
        const wanted = this.count + count;
        return this.until(`${count} more verdicts`, () => this.count >= wanted);
    }
    async onMains(): Promise<void> {
        await this.until("on mains", () => this.verdict?.supply === "mains");
    }
    /** An outage with enough left, whose transfer has settled. */
    async onBattery(values: Record<string, string> = {}): Promise<void> {
        await this.rig.apply("ups1", { "battery.charge": "60", "battery.runtime": "1800", ...values, "ups.status": "OB DISCHRG" });
        await this.until("on battery, settled", () => this.verdict?.supply === "battery" && (this.verdict.onBatterySeconds ?? 0) >= 1.2);
    }

    #messages(part: string): FlowMsg[] {
        return this.#reds.flatMap((red) => red.received(this.id(part)));
    }
}

/** Starts all lanes in one Node-RED. */
export async function deployLanes(red: NodeRed, lanes: readonly Lane[]): Promise<void> {
    for (const lane of lanes) lane.runsIn(red);
    const credentials = Object.fromEntries(lanes.flatMap((lane) => (lane.fields.credentials ? [[lane.id("server"), lane.fields.credentials]] : [])));
    await red.deploy(lanes.flatMap((lane) => lane.nodes()), { credentials });
}
