import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyAside, forgetAside, setAside } from "../../../lib/kit/set-aside";
import { temporaryFolder } from "../../support/temporary-folder";

describe("what is set aside", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let path: string;
    beforeEach(() => {
        folder = temporaryFolder();
        path = join(folder.path, "state.json");
        writeFileSync(path, "torn");
    });
    afterEach(() => folder.remove());
    const files = (): string[] => readdirSync(folder.path).sort();

    it("lies beside the file, for a person to read", async () => {
        const aside = await setAside(path, 1_700_000_000_000);
        assert.deepEqual([aside, readFileSync(aside, "utf8"), files()], [`${path}.bad-1700000000000`, "torn", ["state.json.bad-1700000000000"]]);
    });
    it("stays where it is when it can't be moved, and that is said", async () => assert.equal(await setAside("/dev/null/nowhere", 1), "/dev/null/nowhere"));
    it("is a folder, too, where one lies in the place of the file", async () => {
        mkdirSync(join(folder.path, "other.json"));
        assert.equal(await setAside(join(folder.path, "other.json"), 5), join(folder.path, "other.json.bad-5"));
    });
    it("can be a copy, which the file's replacement leaves alone", async () => {
        const aside = await copyAside(path, 5);
        assert.deepEqual([readFileSync(aside, "utf8"), readFileSync(path, "utf8"), files()], ["torn", "torn", ["state.json", "state.json.bad-5"]]);
        assert.equal(await copyAside("/dev/null/nowhere", 1), "/dev/null/nowhere");
    });
    it("costs nothing that was set aside before, when the clock was set back", async () => {
        for (const text of ["one", "two", "three"]) {
            writeFileSync(path, text);
            await setAside(path, 5);
        }
        assert.deepEqual(files().map((name) => readFileSync(join(folder.path, name), "utf8")), ["one", "two", "three"]);
    });
    it("never fills the disk: of 10,000 the newest are kept, and the one of now whatever the clock says", async () => {
        for (let mark = 0; mark < 10_000; mark += 1) writeFileSync(`${path}.bad-${20_000 + mark}`, "");
        const aside = await setAside(path, 7);
        assert.deepEqual(files(), [...Array.from({ length: 9 }, (_, index) => `state.json.bad-${29_991 + index}`), "state.json.bad-7"].sort());
        assert.equal(readFileSync(aside, "utf8"), "torn");
    });
    it("goes with the file that is removed, and nothing else does", async () => {
        for (const name of ["state.json.bad-5", "state.json.bad-mine", "state.json.bad-5.txt", "my-state.json.bad-5", "state.json.bad-"]) writeFileSync(join(folder.path, name), "");
        await setAside(path, 6);
        await forgetAside(path);
        assert.deepEqual(files(), ["my-state.json.bad-5", "state.json.bad-", "state.json.bad-5.txt", "state.json.bad-mine"]);
    });
});
