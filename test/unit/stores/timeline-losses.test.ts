import assert from "node:assert/strict";
import { existsSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Losses } from "../../../lib/stores/timeline-losses";
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
        for (const text of ["many", "Infinity\n", "-3\n", "1e9\n", "\0\0\n"]) {
            writeFileSync(join(folder.path, "dropped"), text);
            assert.equal((await loaded(folder.path)).count, 0, text);
        }
    });
    it("leaves nothing behind of a write that a crash cut off", async () => {
        const left = join(folder.path, "dropped.0badcafe.tmp");
        writeFileSync(left, "");
        utimesSync(left, 0, 0);
        await loaded(folder.path);
        assert.equal(existsSync(left), false);
    });
});
