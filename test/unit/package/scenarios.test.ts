import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brokenScenarios, scenarios } from "../../support/scenarios/play";

const root = join(__dirname, "../../..");
const page = readFileSync(join(root, "test/peers/SCENARIOS.md"), "utf8");

/** The rows of a table under a heading, without its two head lines. */
function rowsUnder(heading: string): string[][] {
    const section = page.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
    return section.split("\n").filter((line) => line.startsWith("|")).slice(2).map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "").trim()));
}

/** The tests that a text names: a file, and behind it a title each. */
function testsIn(text: string): { file: string; title: string }[] {
    return [...text.matchAll(/`(test\/[^`]+\.ts)`((?:,? "(?:\\"|[^"])+")+)/g)]
        .flatMap(([, file = "", titles = ""]) => [...titles.matchAll(/"((?:\\"|[^"])+)"/g)].map(([, title = ""]) => ({ file, title: title.replaceAll('\\"', '"') })));
}

const cases = rowsUnder("The 66 cases");
const bugs = rowsUnder("Eneru's shipped bugs");
const evidence = rowsUnder("What ups.md §8 asks of evidence");
const asked = rowsUnder("What ups.md §8 asks of shutting down, and of security");

describe("SCENARIOS.md", () => {
    it("has each of the 66 cases once", () => {
        const numbers = Array.from({ length: 61 }, (_, index) => String(index + 1)).flatMap((number) => (["34", "57"].includes(number) ? [`${number}a`, `${number}b`] : [number]));
        assert.deepEqual(cases.map(([number]) => number).sort(), [...numbers, "R1", "R2", "E1"].sort());
    });
    it("has the 26 bugs", () => assert.equal(bugs.length, 26));
    it("has every requirement of topology, plan, execution and security once", () => {
        const numbers = [[20, 25], [30, 38], [70, 78]].flatMap(([first = 0, last = 0]) => Array.from({ length: last - first + 1 }, (_, index) => `R${first + index}`));
        assert.deepEqual(asked.map(([number]) => number), numbers);
    });
    it("has every requirement of evidence once", () => {
        assert.deepEqual(evidence.map(([number]) => number), ["R01", "R02", "R03", "R04", "R05", "R06", "R07", "R08", "R08b", "R08c", "R09", "R10", "R11", "R12"]);
    });
    it("names a test for every row that is held here", () => {
        for (const [number = "", what, here = "", test = ""] of [...cases, ...bugs, ...evidence, ...asked]) {
            assert.match(here, /^(same|ours|equivalent|later|none)\b/, `${number} ${what}`);
            if (/^(same|ours|equivalent)\b/.test(here)) assert.ok(testsIn(test).length > 0, `${number} ${what}: no test`);
            else assert.notEqual(test, "", `${number} ${what}: no reason`);
        }
    });
    it("names tests that exist", () => {
        const named = testsIn(page);
        // Every mark of a file is one that was understood.
        assert.equal(new Set(named.map(({ file }) => file)).size, new Set([...page.matchAll(/`(test\/[^`]+\.ts)` "/g)].map(([, file]) => file)).size);
        for (const { file, title } of named) {
            assert.ok(existsSync(join(root, file)), file);
            assert.ok(readFileSync(join(root, file), "utf8").includes(title), `${file} has no "${title}"`);
        }
    });
    it("has every scenario that is played", () => {
        const named = new Set(testsIn(page).map(({ title }) => title));
        assert.deepEqual([...scenarios, ...brokenScenarios].map(({ title }) => title).filter((title) => !named.has(title)), []);
    });
    it("each scenario has a name of its own, which keeps its UPSes apart", () => {
        const keys = [...scenarios, ...brokenScenarios].map(({ title }) => /^\w+/.exec(title)?.[0]);
        assert.equal(new Set(keys).size, keys.length);
    });
});
