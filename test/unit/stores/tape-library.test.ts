import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readTape } from "../../../lib/stores/tape-file";
import { findTape, listTapes, shippedFolder } from "../../../lib/stores/tape-library";
import { scripts } from "../../../scripts/tape-scripts";
import { tapeText } from "../../../scripts/tapes";
import { temporaryFolder } from "../../support/temporary-folder";

describe("the library of tapes", () => {
    const folder = temporaryFolder();
    const [recorded, shipped] = [join(folder.path, "recorded"), join(folder.path, "shipped")];
    const tape = (where: string, name: string, about: string): void => writeFileSync(join(where, `${name}.jsonl`), `${JSON.stringify({ kind: "tape", version: 1, name, about })}\n`);
    before(() => {
        for (const where of [recorded, shipped]) mkdirSync(where);
        tape(shipped, "slow-drain", "shipped");
        tape(shipped, "blip", "shipped");
        tape(recorded, "blip", "recorded");
        writeFileSync(join(recorded, "damaged.jsonl"), "noise");
        writeFileSync(join(recorded, "notes.txt"), "no tape");
        writeFileSync(join(folder.path, "secret.jsonl"), "secret");
    });
    after(() => folder.remove());

    it("lists what lies in a folder, by name; what can't be understood has nothing to say", async () => assert.deepEqual((await listTapes(recorded)).map(({ name, about }) => [name, about]), [["blip", "recorded"], ["damaged", ""]]));
    it("has nothing where there is no folder", async () => assert.deepEqual(await listTapes(join(folder.path, "nowhere")), []));
    for (const name of ["slow-drain", "Slow drain", " slow_drain ", "slow-drain.jsonl"]) it(`finds ${JSON.stringify(name)}`, async () => assert.equal((await findTape(name, [recorded, shipped])).path, join(shipped, "slow-drain.jsonl")));
    it("finds one's own before the shipped one of the same name", async () => assert.equal((await findTape("blip", [recorded, shipped])).about, "recorded"));
    for (const name of ["../secret", "..", "", "/etc/passwd", join(folder.path, "secret.jsonl"), "%2e%2e/secret", "blip\0"]) {
        it(`never leaves its folders for ${JSON.stringify(name.slice(-20))}`, () => assert.rejects(findTape(name, [recorded, shipped]), /there is no tape/));
    }

    it("comes with at least 14 tapes, each of which says what happens on it and what must follow", async () => {
        const tapes = await listTapes(shippedFolder);
        assert.ok(tapes.length >= 14);
        for (const { name, path, about } of tapes) {
            const { header, readings, bad, torn } = await readTape(path);
            assert.deepEqual([header.name, bad, torn], [name, 0, false]);
            assert.ok(about.length > 20 && header.expect !== undefined && readings.length > 10, name);
        }
    });
    it("has those that people were bitten by", async () => {
        const names = new Set((await listTapes(shippedFolder)).map(({ name }) => name));
        for (const name of ["blip", "brownout", "slow-drain", "cliff", "apc-bx-lb-glitch", "lb-at-transfer", "calibration", "self-test-off", "frozen-values", "stale-then-back", "stale-then-gone", "ntp-jump", "two-outages", "fsd-from-primary"]) assert.ok(names.has(name), name);
    });
    it("is what scripts/tapes.ts writes, byte for byte", async () => {
        assert.deepEqual((await listTapes(shippedFolder)).map(({ name }) => name).sort(), scripts.map(({ name }) => name).sort());
        for (const script of scripts) assert.equal(readFileSync(join(shippedFolder, `${script.name}.jsonl`), "utf8"), tapeText(script), `${script.name}: run node --import tsx scripts/tapes.ts`);
    });
});
