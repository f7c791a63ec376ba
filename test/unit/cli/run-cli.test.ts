import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCli } from "../../../cli/run-cli";
import { listTapes, shippedFolder } from "../../../lib/stores/tape-library";
import { temporaryFolder } from "../../support/temporary-folder";

describe("ridethrough on the command line", () => {
    const folder = temporaryFolder();
    after(() => folder.remove());
    const run = async (...args: string[]): Promise<{ code: number; out: string[]; complaints: string[] }> => {
        const [out, complaints]: [string[], string[]] = [[], []];
        return { code: await runCli(args, { out: (text) => out.push(text), complain: (text) => complaints.push(text) }), out, complaints };
    };
    const file = (name: string, text: string): string => {
        writeFileSync(join(folder.path, name), text);
        return join(folder.path, name);
    };
    const slowDrain = readFileSync(join(shippedFolder, "slow-drain.jsonl"), "utf8");

    it("tapes: lists the shipped ones, with what happens on them", async () => {
        const { code, out } = await run("tapes");
        assert.deepEqual([code, out.map((line) => line.split(" ")[0])], [0, (await listTapes(shippedFolder)).map(({ name }) => name)]);
        assert.match(out.join("\n"), /^blip +Four seconds on battery/m);
    });
    it("replay: prints what changes something, and that all is as expected", async () => {
        const { code, out, complaints } = await run("replay", "slow-drain");
        assert.deepEqual([code, complaints], [0, []]);
        assert.match(out[0] ?? "", /^00:00:30\.0 {2}on-battery {2}ups1: /);
        assert.ok(out.some((line) => /^00:10:31\.0 {2}shutdown {4}ups1: shutdown: runtime 599 s is below 600 s/.test(line)), out.join("\n"));
        assert.equal(out.at(-1), "as expected: 2 of 2 decisions");
    });
    it("--json: every verdict, a line each, and nothing else on stdout", async () => {
        const { code, out, complaints } = await run("replay", "slow-drain", "--json");
        const verdicts = out.map((line) => JSON.parse(line) as { at: number; simulated: boolean; findings: unknown[] });
        assert.deepEqual([code, verdicts.length, verdicts[0]?.at, complaints], [0, slowDrain.trim().split("\n").length - 1, 0, ["as expected: 2 of 2 decisions"]]);
        assert.ok(verdicts.every(({ simulated, findings }) => simulated && findings.length > 0));
    });
    it("a file as well as a name", async () => assert.equal((await run("replay", file("mine.jsonl", slowDrain))).code, 0));
    it("--config: other settings lead to something else, which is said and is exit code 1", async () => {
        const { code, out } = await run("replay", "slow-drain", "--config", file("trigger.json", JSON.stringify({ lowRuntime: "300", lowCharge: "50" })));
        assert.equal(code, 1);
        assert.deepEqual(out.slice(-3).map((line) => line.replace(/\d\d:\d\d:\d\d\.\d/, "TIME")), ["missing: TIME ups1 shutdown by low-runtime (within 1 s)", "not expected: TIME ups1 shutdown by low-charge", "NOT as expected: 1 of 2 decisions"]);
    });
    it("--config: takes the trigger out of an export, or of a flows file", async () => {
        const nodes = [{ id: "1", type: "tab" }, { id: "2", type: "shutdown-trigger", version: 1, lowRuntime: "300", lowCharge: "50" }];
        for (const value of [nodes, { flows: nodes, rev: "1" }]) assert.equal((await run("replay", "slow-drain", "--config", file("flows.json", JSON.stringify(value)))).code, 1);
    });
    it("--config: takes a file as Windows' editors save it", async () => assert.equal((await run("replay", "slow-drain", "--config", file("marked.json", "\ufeff{\r\n}"))).code, 0));
    it("a tape's own settings hold where no others are given", async () => {
        const [header = "", ...rest] = slowDrain.split("\n");
        const { code } = await run("replay", file("own.jsonl", [JSON.stringify({ ...(JSON.parse(header) as object), trigger: { lowRuntime: "300", lowCharge: "50" } }), ...rest].join("\n")));
        assert.equal(code, 1);
    });
    it("a tape of which nobody has said what should follow is no failure", async () => {
        const [header = "", ...rest] = slowDrain.split("\n");
        const bare = JSON.parse(header) as Record<string, unknown>;
        delete bare.expect;
        const { code, out } = await run("replay", file("bare.jsonl", [JSON.stringify(bare), ...rest].join("\n")));
        assert.deepEqual([code, out.at(-1)], [0, "nobody has said what should follow from this tape"]);
    });
    it("damage is said, and the rest is played", async () => {
        const { complaints } = await run("replay", file("torn.jsonl", `${slowDrain.replace(/\n/, "\nnoise\n").slice(0, -20)}`));
        assert.deepEqual(complaints, ["1 lines could not be understood and are left out", "the last line broke off and is left out"]);
    });

    const refused: [args: () => string[], says: RegExp][] = [
        [() => ["replay", "flood"], /there is no tape "flood": there are .*blip/],
        [() => ["replay", "../../package.json"], /no tape/],
        [() => ["replay", file("no.jsonl", "{}")], /no\.jsonl: it is no tape/],
        [() => ["replay", "blip", "--config", join(folder.path, "nothing.json")], /ENOENT/],
        [() => ["replay", "blip", "--config", file("bad.json", '{"lowCharge":"many"}')], /settings of the trigger can't be used: lowCharge/],
        [() => ["replay", "blip", "--config", file("none.json", "[]")], /has 0 shutdown-triggers/],
        [() => ["replay", "blip", "--config", file("three.json", "3")], /holds no settings/],
        [() => ["replay", "blip", "--config", file("other.json", '{"type":"ups-reader","interval":"5"}')], /other.json holds no settings of a shutdown-trigger/],
        [() => ["replay"], /^ridethrough replay TAPE/],
        [() => ["replay", "blip", "cliff"], /^ridethrough replay TAPE/],
        [() => ["rewind"], /^ridethrough replay TAPE/],
        [() => [], /^ridethrough replay TAPE/],
        [() => ["replay", "blip", "--loud"], /--loud/],
    ];
    for (const [args, says] of refused) {
        it(`exit code 2 for ${says.source}`, async () => {
            const { code, out, complaints } = await run(...args());
            assert.deepEqual([code, out], [2, []]);
            assert.match(complaints.join("\n"), says);
        });
    }
    it("--help is no mistake", async () => assert.deepEqual((await run("--help")).code, 0));
});
