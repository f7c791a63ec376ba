import { backOffMs } from "../kit/back-off";
import { systemClock, type Cancel, type Clock } from "../kit/clock";
import { toTrouble, type Trouble } from "../kit/trouble";
import { slots } from "./slots";
import type { HostAccess, Transport } from "./transport";

/** Why a host could not be reached while we were getting ready. */
export interface PreparedTrouble {
    host: string;
    error: Trouble;
    /** Event time in ms of the first attempt that failed. */
    since: number;
}

export interface PreparedOptions {
    /** The way to a host as it is set up now. @throws when there is none */
    access(host: string): HostAccess;
    /** Hears of each host that can't be reached, once, and of each that can again (`error` undefined). Must not throw. */
    told?(host: string, error: Trouble | undefined): void;
    clock?: Clock;
    random?: () => number;
    /** How many logins may be under way at once. Default 32. */
    logins?: number;
}

/** How often a connection is looked at, ms. A silent host is noticed this long after the keep-alives have run out (15 s). */
const lookMs = 2000;
const again = { minMs: 2000, maxMs: 30_000 };
/** After a refusal: seldom enough that no host locks us out, soon enough that a mended key is noticed. */
const afterRefusal = { minMs: 30_000, maxMs: 300_000 };

/** A connection that is kept open, or tried again. */
interface Kept {
    /** The way that `transport` goes. */
    access?: HostAccess;
    transport?: Transport;
    open: boolean;
    failures: number;
    trouble?: PreparedTrouble;
    next?: Cancel;
}

/**
 * Connections to the hosts of a plan, opened while on battery: a host, a switch or a name server that is gone is noticed before
 * the shutdown, and a run finds its logins done. Never in the way of a run: what it takes over is not ours any more.
 */
export class Prepared {
    readonly #kept = new Map<string, Kept>();
    readonly #taken = new Set<string>();
    readonly #clock: Clock;
    readonly #login: <T>(work: () => Promise<T>) => Promise<T>;

    constructor(readonly options: PreparedOptions) {
        this.#clock = options.clock ?? systemClock;
        this.#login = slots(options.logins ?? 32);
    }

    /** Opens connections to these hosts, and closes those to others. Those that are open, and those that a run has taken over, stay as they are. */
    prepare(hosts: readonly string[]): void {
        for (const host of this.#kept.keys()) if (!hosts.includes(host)) this.#drop(host);
        for (const host of hosts) {
            if (this.#kept.has(host) || this.#taken.has(host)) continue;
            const kept: Kept = { open: false, failures: 0 };
            this.#kept.set(host, kept);
            void this.#look(host, kept);
        }
    }

    /** Closes everything at once: mains is back, or the node is closed. */
    release(): void {
        for (const host of [...this.#kept.keys()]) this.#drop(host);
        this.#taken.clear();
    }

    /**
     * The open connection to a host, for a run that closes it. Undefined: there is none, or the host was set up anew since, and
     * the run has to open its own. Either way the host is left alone until the next `release`.
     */
    take(host: string): Transport | undefined {
        const kept = this.#kept.get(host);
        this.#taken.add(host);
        if (kept?.open !== true || kept.access !== this.options.access(host)) {
            this.#drop(host);
            return undefined;
        }
        kept.next?.();
        this.#kept.delete(host);
        return kept.transport;
    }

    /** The way to a host, by the connection that is open already where there is one. @throws when there is no way */
    accessTo(host: string): HostAccess {
        const access = this.options.access(host);
        return { ...access, open: () => this.take(host) ?? access.open() };
    }

    /** The hosts that cannot be reached now. */
    trouble(): PreparedTrouble[] {
        return [...this.#kept.values()].flatMap(({ trouble }) => trouble ?? []);
    }

    /** Hosts whose connection is open. */
    get ready(): string[] {
        return [...this.#kept].filter(([, { open }]) => open).map(([host]) => host);
    }

    /** Connecting does nothing while connected: so each look is an attempt. */
    async #look(host: string, kept: Kept): Promise<void> {
        delete kept.next;
        const mine = (): boolean => this.#kept.get(host) === kept;
        try {
            await this.#login(async () => {
                if (!mine()) return;
                const access = this.options.access(host);
                if (kept.access !== access) this.#close(kept);
                kept.access = access;
                kept.transport ??= access.open();
                await kept.transport.connect();
            });
            if (!mine()) return;
            kept.open = true;
            kept.failures = 0;
            this.#tell(host, kept, undefined);
        } catch (error) {
            if (!mine()) return;
            kept.open = false;
            this.#tell(host, kept, toTrouble(error, `host ${host}`));
        }
        kept.next = this.#clock.after(kept.trouble === undefined ? lookMs : this.#waitMs(kept, kept.trouble.error), () => void this.#look(host, kept));
    }

    #waitMs(kept: Kept, { kind }: Trouble): number {
        return backOffMs(kept.failures++, kind === "auth" || kind === "config" ? afterRefusal : again, this.options.random);
    }

    #tell(host: string, kept: Kept, error: Trouble | undefined): void {
        const before = kept.trouble;
        if (error === undefined) delete kept.trouble;
        else kept.trouble = { host, error, since: before?.since ?? this.#clock.now() };
        if ((before === undefined) !== (error === undefined)) this.options.told?.(host, error);
    }

    #drop(host: string): void {
        const kept = this.#kept.get(host);
        this.#kept.delete(host);
        kept?.next?.();
        if (kept !== undefined) this.#close(kept);
    }

    #close(kept: Kept): void {
        kept.transport?.close();
        delete kept.transport;
    }
}
