import assert from "node:assert/strict";
import { armingOf, type HostStanding } from "../../../lib/shutdown/arming";
import type { Standing } from "../../../lib/shutdown/evidence";
import type { Switches } from "../../../lib/shutdown/gate";

const hosts = (...standings: Standing[]): HostStanding[] => standings.map((standing, index) => ({ host: `h${index}`, standing }));
const real: Switches = { dryRun: false, enabled: true, problems: [], unready: [] };

describe("the arming ladder", () => {
    for (const [what, switches, standings, level, text] of [
        ["as imported", { ...real, dryRun: true, enabled: false }, ["undrilled", "undrilled"], "rehearse", "dry run, 2 hosts"],
        ["a dry run, every host proven", { ...real, dryRun: true }, ["proven", "proven"], "drilled", "dry run, 2 hosts drilled"],
        ["a dry run, one of them expired", { ...real, dryRun: true }, ["proven", "expired"], "rehearse", "dry run, 2 hosts"],
        ["neither dry run nor enabled", { ...real, enabled: false }, ["proven"], "observe", "not enabled, 1 host"],
        ["both switches real, every host proven", real, ["proven", "proven", "proven"], "armed", "armed, 3 hosts"],
        ["both switches real, one expired", real, ["proven", "expired", "proven"], "armed", "armed 2/3, h1: drill expired"],
        ["both switches real, nothing drilled", real, ["undrilled", "undrilled"], "armed", "armed 0/2, h0: not drilled"],
        ["one wrong reading would do", { ...real, oneReading: "the power classifier" }, ["proven"], "armed", "armed by one reading, 1 host"],
        ["that, and a host that is not proven", { ...real, oneReading: "the power classifier" }, ["proven", "failed"], "armed", "armed by one reading 1/2, h1: drill failed"],
        ["the same in a dry run, where it can do no harm", { ...real, dryRun: true, oneReading: "the power classifier" }, ["proven"], "drilled", "dry run, 1 host drilled"],
        ["the worst is named first", real, ["undrilled", "changed", "expired", "failed"], "armed", "armed 0/4, h3: drill failed"],
        ["a plan that has changed since", real, ["changed"], "armed", "armed 0/1, h0: changed since its drill"],
        ["a wrong switch", { ...real, problems: ['dryRun is "false"'] }, ["proven"], "observe", 'not armed: dryRun is "false"'],
        ["a host that can't be reached as it is configured", { ...real, unready: ["nas: no user"] }, ["proven"], "observe", "not armed: nas: no user"],
        ["the same in a dry run", { ...real, dryRun: true, unready: ["nas: no user"] }, ["undrilled"], "rehearse", "dry run, 1 host"],
        ["no plan", real, [], "observe", "not armed: no plan"],
        ["switches that are no booleans", { ...real, dryRun: "false" as unknown as boolean }, ["undrilled"], "rehearse", "dry run, 1 host"],
        ["enabled that is no boolean", { ...real, enabled: "true" as unknown as boolean }, ["undrilled"], "observe", "not enabled, 1 host"],
    ] as const) {
        it(`${what}: ${text}`, () => {
            const arming = armingOf(switches, hosts(...standings));
            assert.deepEqual([arming.level, arming.text, arming.of], [level, text, standings.length]);
            assert.equal(arming.proven, standings.filter((standing) => standing === "proven").length);
        });
    }
});
