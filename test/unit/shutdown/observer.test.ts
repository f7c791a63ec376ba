import assert from "node:assert/strict";
import type { Measured } from "../../../lib/shutdown/measured";
import { Observer } from "../../../lib/shutdown/observer";
import { parsePlan, type PlanHost } from "../../../lib/shutdown/plan";
import type { Others, ProofOutcome } from "../../../lib/shutdown/proof";
import { stepsOf } from "../../../lib/shutdown/steps";
import { VirtualClock } from "../../support/virtual-clock";

const { plan } = parsePlan({ proofS: 60, hosts: [{ name: "nas", services: ["db"], watch: "nas_plug", final: { action: "poweroff" } }, { name: "app" }] });
const [nas] = plan?.hosts ?? [];

describe("the observer of a run", () => {
    let clock: VirtualClock;
    let saved: Measured | undefined;
    let up: Set<string>;
    let asked: string[];
    let router: string | undefined;
    const observer = (): Observer => new Observer({
        clock, address: (host) => ({ host, port: 22 }), save: (measured) => { saved = measured; }, steadyMs: 5000, gateway: () => router,
        ask: ({ host }) => {
            asked.push(host);
            return Promise.resolve(up.has(host) ? "up" : "gone");
        },
    });
    const othersOf = (others: string[] | (() => string[])): Others => {
        const hosts = typeof others === "function" ? others() : others;
        return { hosts, met: hosts.length > 0 };
    };
    const proof = async (one: Observer, others: string[] | (() => string[]) = [], each: () => void = () => undefined): Promise<ProofOutcome> => {
        let outcome: ProofOutcome | undefined;
        void one.prove(nas as PlanHost, 60_000, () => othersOf(others), new AbortController().signal).then((found) => { outcome = found; });
        while (outcome === undefined) {
            each();
            await clock.pass(1000);
        }
        return outcome;
    };
    const plug = (one: Observer, watts: number, more: object = {}): void => one.hear({ device: "nas_plug", source: "kasa", at: clock.now(), quality: "good", watts, ...more });

    beforeEach(() => {
        clock = new VirtualClock();
        saved = undefined;
        up = new Set(["nas", "app"]);
        asked = [];
        router = undefined;
    });

    it("proves by the host's own plug, and learns what it shows when the host is off", async () => {
        const one = observer();
        plug(one, 60);
        up.delete("nas");
        assert.equal((await proof(one, ["app"], () => plug(one, 6.5))).proof, "watts", "a tenth of what it drew before");
        assert.deepEqual(saved?.darkWatts.nas_plug, [6.5]);
    });

    it("holds a plug to what was learned: a host that hangs at a third of its load is not off", async () => {
        const one = observer();
        one.restore({ durations: {}, darkWatts: { nas_plug: [0.5, 0.6] } });
        plug(one, 60);
        up.delete("nas");
        assert.equal((await proof(one, ["app"], () => plug(one, 10))).proof, "failed");
    });

    it("believes no made-up watts", async () => {
        const one = observer();
        plug(one, 0, { simulated: true });
        assert.equal((await proof(one, ["app"], () => plug(one, 0, { simulated: true }))).proof, "failed", "it still answers");
    });

    it("does not take a lost network for a dark host: somebody who must be up has to answer", async () => {
        up.clear();
        assert.equal((await proof(observer(), ["app"])).proof, "sent");
        assert.equal((await proof(observer(), [])).proof, "network", "nobody is left to tell it by");
        assert.deepEqual([...new Set(asked)], ["nas", "app"]);
    });

    it("takes the silence of everybody else for theirs when the router still answers", async () => {
        router = "192.0.2.1";
        up = new Set([router]);
        assert.equal((await proof(observer(), ["app"])).proof, "network");
    });

    it("asks those who must be up at that moment: the other has been told to go down meanwhile", async () => {
        up.clear();
        const until = clock.now() + 10_000;
        assert.equal((await proof(observer(), () => (clock.now() < until ? ["app"] : []))).proof, "network");
        assert.ok(clock.now() >= until);
    });

    it("remembers how long steps take, over a restart, and no limit for a time", () => {
        const [one, again] = [observer(), observer()];
        const step = stepsOf(plan ?? assert.fail()).find(({ view }) => view.id === "nas/stop-service/db") ?? assert.fail();
        for (const ms of [4000, 5000, 6000]) one.measured(step, ms, false);
        assert.equal(one.usualMs(step), 6000);
        one.measured(step, 30_000, true);
        again.restore(saved ?? assert.fail());
        assert.equal(again.usualMs(step), undefined, "one of four would have taken longer, nobody knows how long");
    });
});
