import assert from "node:assert/strict";
import type { HostStanding } from "../../../lib/shutdown/arming";
import type { Standing } from "../../../lib/shutdown/evidence";
import { dueForCheck, healthNews } from "../../../lib/shutdown/health";

const host = (name: string, standing: Standing, more: Partial<HostStanding> = {}): HostStanding => ({ host: name, standing, ...more });

describe("a health check", () => {
    it("is due for what is not proven, or was proven long ago", () => {
        const hosts = [host("new", "undrilled"), host("fresh", "proven", { ageMs: 10 }), host("old", "proven", { ageMs: 100 }), host("bad", "failed", { ageMs: 1 }), host("moved", "changed", { ageMs: 1 })];
        assert.deepEqual(dueForCheck(hosts, 100), ["new", "old", "bad", "moved"]);
    });

    const before = (standing: Standing | undefined): ReadonlyMap<string, Standing> => new Map(standing === undefined ? [] : [["nas", standing]]);
    for (const [from, to, told] of [
        ["proven", "failed", "bad"], ["undrilled", "failed", "bad"], [undefined, "failed", "bad"], ["changed", "failed", "bad"], ["expired", "failed", "bad"],
        ["proven", "expired", "bad"], ["failed", "failed", "nothing"], ["expired", "expired", "nothing"],
        ["failed", "proven", "good"], ["expired", "proven", "good"], ["undrilled", "proven", "nothing"], ["changed", "proven", "nothing"], ["proven", "proven", "nothing"],
        ["proven", "changed", "nothing"], ["failed", "changed", "nothing"], ["proven", "undrilled", "nothing"],
    ] as const) {
        it(`from ${from ?? "nothing known"} to ${to} tells ${told}`, () => {
            const news = healthNews(before(from), [host("nas", to)], 7);
            assert.equal(news === undefined ? "nothing" : news.ok ? "good" : "bad", told);
        });
    }

    it("says which hosts, why, and how many are proven", () => {
        const news = healthNews(new Map([["nas", "proven"], ["app", "failed"], ["db", "failed"]]), [host("nas", "failed", { problems: ["log in: does not accept our key"] }), host("app", "proven"), host("db", "failed"), host("vm", "proven")], 7);
        assert.deepEqual(news, {
            ok: false, at: 7, proven: 2, of: 4, changed: [host("nas", "failed", { problems: ["log in: does not accept our key"] }), host("app", "proven")],
            text: "2 of 4 hosts are proven\nnas: drill failed, log in: does not accept our key\napp: can be shut down again",
        });
    });
});
