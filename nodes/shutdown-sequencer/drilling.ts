import type { Node } from "node-red";
import { systemClock } from "../../lib/kit/clock";
import { errorText, Trouble } from "../../lib/kit/trouble";
import type { Arming, HostStanding } from "../../lib/shutdown/arming";
import type { DrillBook, PlanDrill } from "../../lib/shutdown/drill-book";
import type { Standing } from "../../lib/shutdown/evidence";
import { isTaintedMessage } from "../../lib/shutdown/gate";
import { dueForCheck, healthNews, type HealthNews } from "../../lib/shutdown/health";
import type { HostAccess } from "../../lib/shutdown/transport";
import { every, type FlowMessage } from "../shared/wire";

/** The first look at hosts comes when Node-RED has settled after its start, and not in the same minute at every site, ms. */
const firstCheckMs = 3 * 60_000;
const spreadMs = 2 * 60_000;
/** How often it is looked whether a host is due, ms. */
const roundMs = 3_600_000;
/** A host that fails is tried once more after this before anybody hears of it, ms: it may just be starting. */
const againMs = 60_000;

export interface DrillingOptions {
    drills(): DrillBook | undefined;
    arming(): Arming;
    /** A real run is under way. */
    busy(): boolean;
    /** How old proof may become before it is looked again, ms; 0: never. */
    checkMs: number;
    tell(news: HealthNews): void;
}

/** What a sequencer has to do with drills: asked for by a message, and by itself while it is armed. */
export class Drilling {
    /** What was known at the last look; nothing before the evidence has been read. */
    #known: ReadonlyMap<string, Standing> | undefined;
    #letGo: (() => void) | undefined;
    /** The same object for the same way, so that whoever keeps connections knows it again. */
    readonly #proven = new WeakMap<HostAccess, HostAccess>();

    constructor(readonly node: Node, readonly options: DrillingOptions) {
        const { checkMs } = options;
        if (checkMs === 0) return;
        const spread = [...node.id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % spreadMs, 0);
        every(node, Math.min(checkMs, roundMs), () => this.#check(), { firstMs: Math.min(checkMs, firstCheckMs + spread) });
    }

    get standings(): HostStanding[] {
        return this.options.drills()?.standings() ?? [];
    }

    /** Drills what a message asks for. @throws Trouble */
    drill(msg: FlowMessage): Promise<PlanDrill> {
        const { host } = msg as { host?: unknown };
        if (isTaintedMessage(msg as Record<string, unknown>)) throw new Trouble("config", "no drill: simulated input logs in nowhere");
        if (host !== undefined && host !== null && typeof host !== "string") throw new Trouble("garbage", "no drill: msg.host is not the name of a host");
        const drills = this.options.drills();
        if (drills === undefined) throw new Trouble("config", "no drill: no shutdown plan");
        return drills.drill(typeof host === "string" && host !== "" ? [host] : undefined);
    }

    /** Resolves when the stored evidence is known: what changes from then on is news. */
    async begin(): Promise<void> {
        await this.options.drills()?.ready;
        this.#known = this.#standingsNow();
    }

    /** Tells what has changed for the worse since the last look, or is well again. Only while armed: before, nobody relies on it. */
    look(): void {
        const before = this.#known;
        if (before === undefined || this.options.busy()) return;
        this.#known = this.#standingsNow();
        if (this.options.arming().level !== "armed") return;
        const news = healthNews(before, this.standings, systemClock.now());
        if (news !== undefined) this.options.tell(news);
    }

    /** The same way to a host, open only when the host was proven as the run began. */
    provenOnly(access: HostAccess, host: string): HostAccess {
        const known = this.#proven.get(access);
        if (known !== undefined) return known;
        const check = async (): Promise<void> => {
            await this.options.drills()?.ready;
            if (this.standings.find((one) => one.host === host)?.standing !== "proven") throw new Trouble("config", "not proven by a drill, and only drilled hosts are shut down");
        };
        const guarded: HostAccess = {
            ...access,
            open() {
                const transport = access.open();
                let allowed: Promise<void> | undefined;
                return {
                    connect: async () => {
                        await (allowed ??= check());
                        return transport.connect();
                    },
                    run: (...command) => transport.run(...command),
                    close: () => transport.close(),
                };
            },
        };
        this.#proven.set(access, guarded);
        return guarded;
    }

    /** A real run wants the hosts to itself: drills end, and none begin until `over`. */
    runs(): void {
        this.#letGo ??= this.options.drills()?.hold("a shutdown is under way");
    }

    over(): void {
        this.#letGo?.();
        this.#letGo = undefined;
    }

    #standingsNow(): ReadonlyMap<string, Standing> {
        return new Map(this.standings.map(({ host, standing }) => [host, standing]));
    }

    async #check(): Promise<void> {
        const { arming, busy, checkMs } = this.options;
        const drills = this.options.drills();
        await drills?.ready;
        if (drills === undefined || busy() || arming().level !== "armed") return;
        const due = dueForCheck(drills.standings(), checkMs);
        if (due.length === 0) return;
        await drills.drill(due, { again: Math.min(againMs, checkMs / 2) }).catch((error: unknown) => this.node.debug(`health check: ${errorText(error)}`));
    }
}

/** What a message asks for, and nothing else: a drill, or what is known of the hosts. */
export function asksFor({ payload, ...msg }: FlowMessage & { command?: unknown; transition?: unknown; power?: unknown }): "drill" | "evidence" | undefined {
    const word = typeof payload === "string" ? payload.trim().toLowerCase() : "";
    if (msg.command !== undefined || msg.transition !== undefined || msg.power !== undefined) return undefined;
    return word === "drill" || word === "evidence" ? word : undefined;
}
