import assert from "node:assert/strict";
import { drillMark, evidenceOf, parseBook, standingOf, storedBook, type Evidence, type EvidenceBook, type Standing } from "../../../lib/shutdown/evidence";
import { parsePlan, type PlanDraft, type PlanHost } from "../../../lib/shutdown/plan";

type HostDraft = PlanDraft["hosts"][number];
const day = 24 * 3_600_000;
const hostOf = (draft: Partial<HostDraft> = {}, final?: PlanDraft["final"]): PlanHost =>
    parsePlan({ hosts: [{ name: "nas", services: ["web"], steps: [{ action: "stop-docker", params: { sudo: true } }], ...draft }], ...(final && { final }) }).plan?.hosts[0] ?? assert.fail();

const way = { root: false, way: "way" };

describe("the mark of what was drilled", () => {
    const mark = drillMark(hostOf(), way);

    it("is the same for the same steps, in whatever order their parameters come", () => {
        const one = drillMark(hostOf({ steps: [{ action: "stop-podman", params: { user: "a", sudo: true } }] }), way);
        assert.equal(drillMark(hostOf({ steps: [{ action: "stop-podman", params: { sudo: true, user: "a" } }] }), way), one);
    });
    for (const [what, host, its] of [
        ["another service", hostOf({ services: ["db"] }), way],
        ["one service more", hostOf({ services: ["web", "db"] }), way],
        ["another order", hostOf({ services: [], steps: [{ action: "stop-docker", params: { sudo: true } }, { action: "stop-service", params: { service: "web" } }] }), way],
        ["another parameter", hostOf({ steps: [{ action: "stop-docker", params: { sudo: false } }] }), way],
        ["another end", hostOf({}, { verb: "poweroff" }), way],
        ["another delay", hostOf({}, { verb: "shutdown", delayMinutes: 5 }), way],
        ["no end", hostOf({ final: "none" }), way],
        ["another name", hostOf({ name: "nas2" }), way],
        ["another way to it", hostOf(), { root: false, way: "other" }],
        ["another account", hostOf(), { root: true, way: "way" }],
    ] as const) {
        it(`changes with ${what}`, () => assert.notEqual(drillMark(host, its), mark));
    }
    it("changes with a time limit, which is part of what a host's forced command allows", () => assert.notEqual(drillMark(hostOf({ stopTimeoutS: 90 }), way), mark));
    it("does not change with what a drill proves nothing about: order among hosts, who feeds it", () => {
        assert.equal(drillMark(hostOf({ priority: "early", fedBy: ["ups"], needs: [] }), way), mark);
    });

    it("property: evidence never counts after any change of the steps", () => {
        let seed = 11;
        const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
        const services = ["web", "db", "cache", "queue"];
        const some = (): HostDraft => ({ name: "nas", services: services.filter(() => random(2) === 0), steps: [...(random(2) ? [{ action: "sync" }] : []), ...(random(2) ? [{ action: "wait", params: { seconds: 1 + random(3) } }] : [])], ...(random(3) === 0 && { final: "none" as const }) });
        for (let round = 0; round < 300; round += 1) {
            const [a, b] = [some(), some()];
            const evidence: Evidence = { of: drillMark(hostOf(a), way), at: 0, wall: 0, ok: true, ms: 1, problems: [] };
            const same = JSON.stringify(a) === JSON.stringify(b);
            assert.equal(standingOf(evidence, drillMark(hostOf(b), way), 1), same ? "proven" : "changed", JSON.stringify([a, b]));
        }
    });
});

describe("evidence", () => {
    const good: Evidence = { of: "m", at: 1000, wall: 5, ok: true, ms: 12, problems: [] };
    const worth: [what: string, evidence: Evidence | undefined, of: string, now: number, standing: Standing][] = [
        ["none", undefined, "m", 2000, "undrilled"],
        ["fresh", good, "m", 2000, "proven"],
        ["a moment before its end", good, "m", 999 + 30 * day, "proven"],
        ["30 days old", good, "m", 1000 + 30 * day, "expired"],
        ["of another plan, however fresh", good, "n", 2000, "changed"],
        ["of a drill that failed", { ...good, ok: false, problems: ["x"] }, "m", 2000, "failed"],
        ["from the future", good, "m", 999, "expired"],
    ];
    for (const [what, evidence, of, now, standing] of worth) {
        it(`${what}: ${standing}`, () => assert.equal(standingOf(evidence, of, now), standing));
    }
    it("lasts as long as is set", () => assert.equal(standingOf(good, "m", 1000 + 2 * day, day), "expired"));

    it("keeps what failed, within bounds", () => {
        const checks = Array.from({ length: 30 }, (_, index) => ({ what: `stop s${index}`, ok: index === 0, ms: 1, ...(index > 0 && { error: "x".repeat(1000) }) }));
        const { problems } = evidenceOf({ host: "nas", ok: false, at: 1, ms: 2, checks }, "m", { ms: 9, wall: 8 });
        assert.deepEqual([problems.length, problems[0]?.length, problems[0]?.slice(0, 11)], [20, 300, "stop s1: xx"]);
    });
});

describe("the evidence on the disk", () => {
    const book: EvidenceBook = {
        count: { ms: 5000, wall: 6000, steady: 3 },
        hosts: new Map([["nas", { of: "m", at: 4000, wall: 5000, ok: true, ms: 12, problems: [], hostKey: "SHA256:x", confined: true }], ["app", { of: "n", at: 1, wall: 2, ok: false, ms: 3, problems: ["log in: no"] }]]),
    };
    const stored = (): { count: Record<string, unknown>; hosts: Record<string, unknown>[] } => JSON.parse(JSON.stringify(storedBook(book))) as never;

    it("comes back as it was, without this process's own clock", () => assert.deepEqual(parseBook(stored()), { ...book, count: { ms: 5000, wall: 6000 } }));

    const tampered: [string, (doc: ReturnType<typeof stored>) => unknown][] = [
        ["is no document", () => "x"], ["is a list", () => []], ["is null", () => null],
        ["has no count", (doc) => ({ hosts: doc.hosts })],
        ["has evidence from the future", (doc) => ({ ...doc, hosts: [{ ...doc.hosts[0], at: 5001 }] })],
        ["has a time that is a text", (doc) => ({ ...doc, hosts: [{ ...doc.hosts[0], at: "1" }] })],
        ["has a count below zero", (doc) => ({ ...doc, count: { ms: -1, wall: 1 } })],
        ["calls a failed drill good", (doc) => ({ ...doc, hosts: [{ ...doc.hosts[1], ok: true }] })],
        ["calls it \"true\"", (doc) => ({ ...doc, hosts: [{ ...doc.hosts[0], ok: "true" }] })],
        ["has a host that is no name", (doc) => ({ ...doc, hosts: [{ ...doc.hosts[0], host: "__proto__" }] })],
        ["has a host that is a command", (doc) => ({ ...doc, hosts: [{ ...doc.hosts[0], host: "nas; reboot" }] })],
        ["has problems that are no texts", (doc) => ({ ...doc, hosts: [{ ...doc.hosts[1], problems: [{}] }] })],
        ["has one host among others that is wrong", (doc) => ({ ...doc, hosts: [...doc.hosts, {}] })],
    ];
    for (const [what, change] of tampered) it(`is not believed when it ${what}`, () => assert.equal(parseBook(change(stored())), undefined));
});
