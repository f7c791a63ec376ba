import assert from "node:assert/strict";
import { memberName, quorumProblems, type GroupMember } from "../../../lib/power/quorum";

const counts = (...names: string[]): GroupMember[] => names.map((name) => ({ name, role: "counts" }));

describe("a group of sources", () => {
    const cases: [what: string, members: GroupMember[], minHealthy: number, problems: string[]][] = [
        ["20 a good group", counts("ups_a", "ups_b"), 1, []],
        ["20 more healthy needed than there are", counts("ups_a", "ups_b"), 3, ["3 healthy needed of 2 that count"]],
        ["nobody in it", [], 1, ["no member that counts"]],
        ["advisory members only", [{ name: "ups_a", role: "advisory" }], 1, ["no member that counts"]],
        ["advisory members do not make up the number", [...counts("ups_a"), { name: "ups_b", role: "advisory" }], 2, ["2 healthy needed of 1 that count"]],
        ["a name twice", counts("ups_a", "ups_a"), 1, ["twice a member: ups_a"]],
        ["far too many", counts(...Array.from({ length: 65 }, (_, index) => `ups_${index}`)), 1, ["more than 64 members"]],
    ];
    for (const [what, members, minHealthy, problems] of cases) it(what, () => assert.deepEqual(quorumProblems({ members, minHealthy }), problems));

    it("compares names as slugs", () => assert.deepEqual(["UPS A", "ups_a", " ", ""].map(memberName), ["ups_a", "ups_a", "", ""]));
});
