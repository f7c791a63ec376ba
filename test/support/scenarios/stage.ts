import type { ShutdownCommand } from "../../../lib/power/command";
import type { PowerEvent } from "../../../lib/power/power-event";
import type { Quorum } from "../../../lib/power/quorum";
import type { Reading } from "../../../lib/power/reading";
import type { Verdict } from "../../../lib/power/verdict";
import type { RunResult } from "../../../lib/shutdown/progress";
import type { TelegramSimulator } from "../../simulators/telegram";
import type { ToldCommand } from "../../simulators/ssh-host";
import type { FlowMsg, NodeRed, Status } from "../node-red";
import type { NutRig, RigVariables } from "../nut-rig";
import { chatOf, idOf, upsName, type Layout } from "./layout";
import type { Machine } from "./machine";
import type { OwnMachine } from "./real-machine";

/** Where a scenario is played: its UPSes on the NUT server, and what its nodes have sent and told since the start or the last restart. */
export class Stage {
    /** @param key begins the names of the scenario's UPSes and groups */
    constructor(readonly key: string, readonly layout: Layout, readonly rig: NutRig, public red: NodeRed, readonly telegram: TelegramSimulator, readonly machines: readonly Machine[] = [], readonly own?: OwnMachine) {}

    /** The device's name, as messages and texts have it. */
    name(ups: string): string {
        return upsName(this.key, ups);
    }

    // What the UPSes do. Each resolves when the server serves it.
    apply(ups: string, values: RigVariables): Promise<void> {
        return this.rig.apply(this.name(ups), values);
    }
    stale(ups: string): Promise<void> {
        return this.rig.stale(this.name(ups));
    }
    driverDown(ups: string): Promise<void> {
        return this.rig.driverDown(this.name(ups));
    }
    driverUp(ups: string): Promise<void> {
        return this.rig.driverUp(this.name(ups));
    }
    fsd(ups: string): Promise<void> {
        return this.rig.fsd(this.name(ups));
    }

    // What the hosts were told, by their own logs.
    machine(name: string): Machine {
        const found = this.machines.find((machine) => machine.name === name);
        if (found === undefined) throw new Error(`no machine ${name}`);
        return found;
    }
    orders(name: string): string[] {
        return this.machine(name).told.map(({ short }) => short);
    }
    /** The command that has this part: when the host began it, and when it had ended, ms. */
    span(name: string, part: string): Required<Pick<ToldCommand, "at" | "endedAt">> {
        const { at, endedAt } = this.machine(name).told.find(({ short }) => short.includes(part)) ?? {};
        if (at === undefined || endedAt === undefined) throw new Error(`${name} has not done ${part}: ${this.orders(name).join("; ")}`);
        return { at, endedAt };
    }

    /** "5 s": how long the first outage of a UPS was, by its readings. */
    outageText(ups: string): string {
        const begun = this.readings(ups).find(({ mains }) => mains === "absent")?.at ?? NaN;
        const over = this.readings(ups).find(({ mains, at }) => mains === "present" && at > begun)?.at ?? NaN;
        return `${Math.round((over - begun) / 1000)} s`;
    }

    // What the nodes have said, oldest first.
    verdicts(ups: string): Verdict[] {
        return this.#sent(`verdict/${ups}`, "verdict");
    }
    verdict(ups: string): Verdict | undefined {
        return this.verdicts(ups).at(-1);
    }
    readings(ups: string): Reading[] {
        return this.#sent(`trigger/${ups}`, "reading");
    }
    events(ups: string): PowerEvent[] {
        return this.#sent(`event/${ups}`, "event");
    }
    kinds(ups: string): string[] {
        return this.events(ups).map(({ kind }) => kind);
    }
    /** "shutdown", "restored" of a UPS's trigger or of a group. */
    commands(who: string): ShutdownCommand[] {
        return this.#sent(`decision/${who}`, "command");
    }
    actions(who: string): string[] {
        return this.commands(who).map(({ action }) => action);
    }
    quorums(group: string): Quorum[] {
        return this.#sent(`quorum/${group}`, "quorum");
    }
    quorum(group: string): Quorum | undefined {
        return this.quorums(group).at(-1);
    }
    /** How runs ended. */
    runs(who: string): RunResult[] {
        return this.#sent(`result/${who}`, "result");
    }
    outcomes(who: string): string[] {
        return this.runs(who).map(({ outcome }) => outcome);
    }
    /** Presses the button of a sequencer. @returns whether it rehearses */
    async rehearse(who: string): Promise<boolean> {
        return (await this.#press(`shutdown-sequencer/${idOf(this.key, `sequencer/${who}`)}`)).ok;
    }
    /** Presses the button of a reader, and waits for the reading that comes of it. */
    async readNow(ups: string): Promise<Reading | undefined> {
        const before = this.readings(ups).length;
        if (!(await this.#press(`ups-reader/${idOf(this.key, `reader/${ups}`)}`)).ok) return undefined;
        await this.until(`a reading of ${ups}`, () => this.readings(ups).length > before);
        return this.readings(ups)[before];
    }
    /** Presses the test button in the server's dialog. */
    testServer(): Promise<{ ok: boolean; upses?: Record<string, string>[] }> {
        return this.#press("nut-server/test", { host: "127.0.0.1", port: String(this.rig.port), tls: "off" });
    }
    /** Presses the button of an Inject node; see Layout.says. */
    say(name: string): Promise<void> {
        return this.red.inject(idOf(this.key, `say/${name}`));
    }
    problems(): string[] {
        return this.red.received(idOf(this.key, "problem")).map(({ error }) => (error as { message: string }).message);
    }
    status(part: string): Status | undefined {
        return this.red.status(idOf(this.key, part));
    }
    /** What has arrived on the phone. */
    texts(): string[] {
        const chat = chatOf(this.key);
        return this.telegram.messages.filter(({ chat_id }) => chat_id === chat).map(({ text }) => text);
    }

    /** Waits until it holds; says what the UPSes' verdicts, events and alerts are when it does not. */
    until(wanted: string, holds: () => boolean, withinMs = 60_000): Promise<void> {
        const state = (): string => Object.keys(this.layout.upses).map((ups) => `${this.verdict(ups)?.text ?? `${ups}: none`} [${this.actions(ups).join()}] [${this.kinds(ups).join()}]`).join("; ");
        const sending = (): string => JSON.stringify(this.red.statuses(idOf(this.key, "telegram")).slice(-6).map(({ text }) => text));
        return this.red.eventually(holds, withinMs, () => `${wanted}; ${state()}; told: ${JSON.stringify(this.texts())}, in ${this.telegram.requests} requests of all; Telegram: ${sending()}; ${this.problems().slice(-3).join(" | ")}`);
    }
    /** Waits for so many readings of a UPS that were begun after this call, good ones or not. */
    polls(ups: string, count: number): Promise<void> {
        const since = Date.now();
        // The one that is under way may have been answered before.
        return this.until(`${count} more polls of ${ups}`, () => this.verdicts(ups).filter(({ at }) => at > since).length > count, 30_000 + count * 3000);
    }
    /** Waits until this is the last that has happened to a UPS. The phone may hear of it before the test does. */
    happened(ups: string, kind: string): Promise<void> {
        return this.until(`${kind} as the last event`, () => this.kinds(ups).at(-1) === kind);
    }
    /** Waits for a text on the phone. */
    told(part: string | RegExp): Promise<void> {
        return this.until(`an alert with ${String(part)}`, () => this.texts().some((text) => (typeof part === "string" ? text.includes(part) : part.test(text))));
    }
    /** How many texts on the phone have this part. */
    count(part: string): number {
        return this.texts().filter((text) => text.includes(part)).length;
    }

    async #press(route: string, body: object = {}): Promise<{ ok: boolean; upses?: Record<string, string>[] }> {
        return (await (await this.red.request(`ridethrough/${route}`, { method: "POST", body })).json()) as { ok: boolean };
    }
    #sent<Type>(part: string, field: string): Type[] {
        return this.red.received(idOf(this.key, part)).flatMap((msg: FlowMsg) => (msg[field] === undefined ? [] : [msg[field] as Type]));
    }
}
