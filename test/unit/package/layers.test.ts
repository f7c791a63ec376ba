import assert from "node:assert/strict";
import { join } from "node:path";
import { ESLint } from "eslint";

const root = join(__dirname, "../../..");

describe("the house rules, as eslint holds them", function () {
    this.timeout(60_000);
    const eslint = new ESLint({ cwd: root });
    const { TSESTREE_SINGLE_RUN } = process.env;
    // Under CI the parser would take the file on the disk instead of the code given here.
    before(() => void (process.env.TSESTREE_SINGLE_RUN = "false"));
    after(() => {
        if (TSESTREE_SINGLE_RUN === undefined) delete process.env.TSESTREE_SINGLE_RUN;
        else process.env.TSESTREE_SINGLE_RUN = TSESTREE_SINGLE_RUN;
    });
    /** The rules that `code` breaks when it stands in the existing file `path`. */
    const broken = async (path: string, code: string): Promise<(string | null)[]> => {
        const [result] = await eslint.lintText(code, { filePath: join(root, path) });
        return [...new Set(result?.messages.map(({ ruleId, message }) => ruleId ?? message))].sort();
    };

    const cases: [string, string, string, string[]][] = [
        ["power imports nothing from kit", "lib/power/reading.ts", 'export { sleep } from "../kit/clock";', ["no-restricted-imports"]],
        ["power is pure: no clock", "lib/power/reading.ts", "export const at = Date.now();", ["no-restricted-properties"]],
        ["power is pure: not by another name either", "lib/power/reading.ts", "export const at = new Date();", ["no-restricted-syntax"]],
        ["power is pure: no timers", "lib/power/reading.ts", "export const timer = setTimeout(() => undefined, 1);", ["no-restricted-globals"]],
        ["power is pure: no chance", "lib/power/reading.ts", "export const chance = Math.random();", ["no-restricted-properties"]],
        ["power is pure: no files", "lib/power/reading.ts", 'import { readFileSync } from "node:fs";\nexport const text = readFileSync("x");', ["no-restricted-imports"]],
        ["power may import power", "lib/power/command.ts", 'import { slug } from "./reading";\nexport const name = slug("a");', []],
        ["kit imports nothing from stores", "lib/kit/clock.ts", 'export { StateFile } from "../stores/state-file";', ["no-restricted-imports"]],
        ["stores may import kit", "lib/stores/state-file.ts", 'export { writeAtomic } from "../kit/atomic-file";', []],
        ["shutdown imports nothing from alerts", "lib/shutdown/progress.ts", 'import type { Alert } from "../alerts/alert";\nexport type Mine = Alert;', ["no-restricted-imports"]],
        ["alerts may import shutdown", "lib/alerts/alert.ts", 'import type { RunResult } from "../shutdown/progress";\nexport type Mine = RunResult;', []],
        ["lib imports nothing from nodes", "lib/kit/clock.ts", 'export { Settings } from "../../nodes/shared/settings";', ["no-restricted-imports"]],
        ["lib is free of Node-RED, types too", "lib/alerts/alert.ts", 'import type { Node } from "node-red";\nexport type Mine = Node;', ["no-restricted-imports"]],
        ["an async input handler, which can end Node-RED", "nodes/shared/wire.ts", 'import type { Node } from "node-red";\nexport const wire = (node: Node): unknown => node.on("input", async () => { await Promise.reject(new Error()); });', ["@typescript-eslint/no-misused-promises"]],
        ["a promise that nobody holds", "nodes/shared/wire.ts", "export function start(): void { Promise.reject(new Error()); }", ["@typescript-eslint/no-floating-promises"]],
        ["an async timer", "nodes/shared/wire.ts", "export const timer = setInterval(async () => { await Promise.reject(new Error()); }, 1);", ["@typescript-eslint/no-misused-promises"]],
        ["any", "nodes/shared/wire.ts", "export const x: any = 1;", ["@typescript-eslint/no-explicit-any"]],
    ];
    for (const [rule, path, code, wanted] of cases) {
        it(`${wanted.length === 0 ? "lets pass" : "catches"}: ${rule}`, async () => assert.deepEqual(await broken(path, `${code}\n`), wanted));
    }
});
