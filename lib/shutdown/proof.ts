import { sleep, type Clock } from "../kit/clock";

/** How sure it is that a host is down: by what it draws, by the network, not seen at all, or seen to be up. */
export type Proof = "watts" | "network" | "sent" | "failed";

/** What came of looking. */
export interface ProofOutcome {
    proof: Proof;
    /** For people: what was seen. */
    note: string;
    /** W that were measured while the host was dark by the network: what its plug shows when it is off. */
    darkWatts?: number;
}

/** Hosts that are not told to go down at this moment: one that answers shows that our own way is not lost. */
export interface Others {
    hosts: readonly string[];
    /** One of them has answered in this run: when all are silent, something is wrong. */
    met: boolean;
}

/** Who can say whether a host is down. */
export interface Witnesses {
    /** Asks the host over the network. `unknown`: nobody can tell, since our own way is lost or its name is not found. */
    ask(signal: AbortSignal): Promise<"up" | "gone" | "unknown">;
    /** The newest W of the plug that feeds this host and no other, and when it was measured; undefined without a plug. */
    watts?(): { watts: number; at: number } | undefined;
    /** W up to which that plug says that the host is off. */
    darkWatts: number;
}

export interface ProofOptions {
    clock: Clock;
    signal: AbortSignal;
    /** The longest look, ms. */
    withinMs: number;
    /** For how long it must be dark, ms: a host that restarts is dark for a moment, too. */
    steadyMs: number;
    everyMs?: number;
}

/** An older value of a plug says nothing any more, ms: some are read once a minute only. */
const freshMs = 150_000;

/**
 * Looks until a host is down for good, or the time is over. Watts decide where a plug tells them: a host that does not
 * answer but still draws its load hangs. Without a plug the network decides.
 */
export async function proveDark({ ask, watts = () => undefined, darkWatts }: Witnesses, { clock, signal, withinMs, steadyMs, everyMs = 1000 }: ProofOptions): Promise<ProofOutcome> {
    const began = clock.now();
    let goneSince: number | undefined;
    let goneFor = 0;
    let lowSince: number | undefined;
    let seen: "up" | "gone" | "unknown" = "unknown";
    let back = false;
    const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
    for (;;) {
        seen = await ask(signal);
        const now = clock.now();
        if (seen === "up") back ||= goneSince !== undefined;
        if (goneSince !== undefined) goneFor = Math.max(goneFor, now - goneSince);
        goneSince = seen === "gone" ? (goneSince ?? now) : undefined;

        const measured = watts();
        const plug = measured !== undefined && now - measured.at <= freshMs ? measured : undefined;
        if (plug !== undefined && plug.at >= began && plug.watts <= darkWatts && seen !== "up") lowSince ??= plug.at;
        else if (plug !== undefined && plug.watts > darkWatts) lowSince = undefined;
        if (lowSince !== undefined && plug !== undefined && plug.at - lowSince >= steadyMs) return { proof: "watts", note: `draws ${plug.watts.toFixed(1)} W, at most ${darkWatts.toFixed(1)} W for ${seconds(plug.at - lowSince)}` };
        const quiet = goneSince !== undefined && now - goneSince >= steadyMs;
        if (quiet && plug === undefined) return { proof: "network", note: `has not answered for ${seconds(now - (goneSince ?? now))}` };

        if (now - began >= withinMs || signal.aborted) {
            if (seen === "up") return { proof: "failed", note: back ? `was gone for ${seconds(goneFor)} and is back: it restarted instead of going down` : `still answers ${seconds(now - began)} after its final command` };
            if (quiet && plug !== undefined && plug.watts > darkWatts) return { proof: "failed", note: `does not answer, and still draws ${plug.watts.toFixed(1)} W: it hangs, or its bound of ${darkWatts.toFixed(1)} W is too low`, darkWatts: plug.watts };
            if (quiet) return { proof: "network", note: "does not answer any more; its plug has said nothing new since" };
            return { proof: "sent", note: "took its final command; nobody could see whether it went down" };
        }
        await sleep(everyMs, clock, signal);
    }
}
