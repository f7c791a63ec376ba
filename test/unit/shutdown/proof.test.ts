import assert from "node:assert/strict";
import { proveDark, type ProofOutcome, type Witnesses } from "../../../lib/shutdown/proof";
import { VirtualClock } from "../../support/virtual-clock";

type Seen = "up" | "gone" | "unknown";

describe("the proof that a host is dark", () => {
    /** @param network what the network shows, by s since the final command @param watts what its plug shows, read every `plugS` s */
    async function look(network: (s: number) => Seen, watts?: (s: number) => number | undefined, { plugS = 5, darkWatts = 3 } = {}): Promise<ProofOutcome & { s: number }> {
        const clock = new VirtualClock();
        const began = clock.now();
        const since = (): number => (clock.now() - began) / 1000;
        const witnesses: Witnesses = {
            ask: () => Promise.resolve(network(since())),
            darkWatts,
            ...(watts && {
                watts: () => {
                    const s = Math.floor(since() / plugS) * plugS;
                    const value = watts(s);
                    return value === undefined ? undefined : { watts: value, at: began + s * 1000 };
                },
            }),
        };
        let outcome: ProofOutcome | undefined;
        const looking = proveDark(witnesses, { clock, signal: new AbortController().signal, withinMs: 300_000, steadyMs: 10_000 }).then((found) => { outcome = found; });
        while (outcome === undefined) await clock.pass(1000);
        await looking;
        return { ...(outcome as ProofOutcome), s: Math.round(since()) };
    }
    const from = (s: number) => (now: number): Seen => (now >= s ? "gone" : "up");

    const cases: [what: string, network: (s: number) => Seen, watts: ((s: number) => number | undefined) | undefined, proof: string, note: RegExp, latestS?: number][] = [
        ["a host that goes down", from(20), undefined, "network", /has not answered for 1\d s/, 35],
        ["a host whose plug falls to nothing", from(20), (s) => (s < 25 ? 60 : 0.4), "watts", /draws 0\.4 W/, 45],
        ["a host that accepts the power-off and stays up", () => "up", undefined, "failed", /still answers 300 s after its final command/],
        ["a host that restarts", (s) => (s > 20 && s < 25 ? "gone" : "up"), undefined, "failed", /was gone for 4 s and is back: it restarted/],
        ["a host that hangs at power-off and still draws its load", from(20), () => 60, "failed", /does not answer, and still draws 60\.0 W/],
        ["a host behind a network that is lost", (s) => (s < 5 ? "up" : "unknown"), undefined, "sent", /nobody could see/],
        ["a host behind a lost network, seen by its plug", (s) => (s < 5 ? "up" : "unknown"), (s) => (s < 30 ? 60 : 0), "watts", /draws 0\.0 W/, 50],
        ["a host whose plug shows little while it still answers", () => "up", () => 1, "failed", /still answers/],
        ["a plug that fell silent", from(20), (s) => (s < 1 ? 60 : undefined), "network", /has not answered/, 200],
        ["one wild value of a plug", from(20), (s) => (s === 30 ? 0 : 60), "failed", /still draws 60\.0 W/],
        ["a link that flickers before it is gone", (s) => (s < 40 ? (Math.floor(s) % 7 === 0 ? "gone" : "up") : "gone"), undefined, "network", /has not answered/, 60],
    ];
    for (const [what, network, watts, proof, note, latestS = 305] of cases) {
        it(`of ${what}: ${proof}`, async () => {
            const outcome = await look(network, watts);
            assert.equal(outcome.proof, proof);
            assert.match(outcome.note, note);
            assert.ok(outcome.s <= latestS, `after ${outcome.s} s`);
        });
    }

    it("takes a plug that is read once a minute for what it is worth", async () => {
        const outcome = await look(from(20), (s) => (s < 25 ? 60 : 0.2), { plugS: 60 });
        assert.deepEqual([outcome.proof, outcome.s], ["watts", 120]);
    });

    it("believes a standby that was learned", async () => {
        assert.equal((await look(from(20), (s) => (s < 25 ? 60 : 6), { darkWatts: 8 })).proof, "watts");
    });
});
