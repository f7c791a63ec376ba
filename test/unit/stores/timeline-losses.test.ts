import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Losses, setAside } from "../../../lib/stores/timeline-losses";
import { temporaryFolder } from "../../support/temporary-folder";

describe("what a spool has lost", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    beforeEach(() => void (folder = temporaryFolder()));
    afterEach(() => folder.remove());
    const loaded = async (place: string | undefined): Promise<Losses> => {
        const losses = new Losses(place);
        await losses.load();
        return losses;
    };

    it("is known to the next process until it has been told, and leaves no file then", async () => {
        await (await loaded(folder.path)).add(5);
        await (await loaded(folder.path)).add(-3);
        const last = await loaded(folder.path);
        assert.equal(last.count, 2);
        await last.add(-2);
        assert.equal(existsSync(join(folder.path, "dropped")), false);
    });
    it("is counted where there is no folder, and where the disk refuses", async () => {
        for (const place of [undefined, "/dev/null/nowhere"]) {
            const losses = await loaded(place);
            await losses.add(5);
            await losses.add(-7);
            await losses.add(1);
            assert.equal(losses.count, 1);
        }
    });
    it("is nothing where the file says nonsense", async () => {
        writeFileSync(join(folder.path, "dropped"), "many");
        assert.equal((await loaded(folder.path)).count, 0);
    });
    it("of a file that is set aside, a person can read what there is", async () => {
        const path = join(folder.path, "1.rows");
        writeFileSync(path, "torn");
        const aside = await setAside(path, 1_700_000_000_000);
        assert.deepEqual([aside, readFileSync(aside, "utf8"), existsSync(path)], [`${path}.bad-1700000000000`, "torn", false]);
    });
    it("stays where it is when it can't be moved, and says so", async () => {
        assert.equal(await setAside("/dev/null/nowhere", 1), "/dev/null/nowhere");
    });
});
