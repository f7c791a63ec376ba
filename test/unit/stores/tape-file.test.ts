import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readTape, tapeLimits } from "../../../lib/stores/tape-file";
import { temporaryFolder } from "../../support/temporary-folder";

const header = '{"kind":"tape","version":1,"name":"küche"}\n';
const line = (at: number): string => `{"kind":"reading","at":${at},"device":"ups1","source":"nut","quality":"good","charge":90,"error":"Küche ${"x".repeat(at % 97)}"}\n`;

describe("a tape's file", () => {
    const folder = temporaryFolder();
    after(() => folder.remove());
    const path = join(folder.path, "a.jsonl");
    const read = (text: string | Buffer, limits = tapeLimits): ReturnType<typeof readTape> => {
        writeFileSync(path, text);
        return readTape(path, limits);
    };

    it("larger than a chunk is put together again, letters of several bytes at its seams too", async () => {
        const { readings, bad } = await read(header + Array.from({ length: 3000 }, (_, at) => line(at)).join(""));
        assert.deepEqual([readings.length, bad], [3000, 0]);
        assert.ok(readings.every(({ reading }, at) => reading.at === at && reading.error === `Küche ${"x".repeat(at % 97)}`));
    });
    it("cut off at any place of its last line loses that line only, and says so", async () => {
        const whole = header + line(1) + line(2);
        for (let size = (header + line(1)).length + 1; size < whole.length - 1; size += 1) {
            const { readings, torn, bad } = await read(Buffer.from(whole).subarray(0, Buffer.byteLength(header + line(1)) + size - (header + line(1)).length));
            assert.deepEqual([readings.length, torn, bad], [1, true, 0], `cut at ${size}`);
        }
    });
    it("whose last line lacks the newline only is whole", async () => {
        const { readings, torn } = await read((header + line(1)).trimEnd());
        assert.deepEqual([readings.length, torn], [1, false]);
    });
    it("with Windows' line ends and empty lines is read as well", async () => assert.equal((await read(`${header}\n${line(1)}\n${line(2)}`.replaceAll("\n", "\r\n"))).readings.length, 2));
    it("with the mark that Windows' editors put before a text is read as well", async () => assert.equal((await read(`\ufeff${header}${line(1)}`)).header.name, "küche"));
    it("with damaged lines plays the rest, and counts them", async () => {
        const { readings, bad, torn } = await read(`${header}{"kind"\n${line(1)}\0\0\0\n${line(2)}`);
        assert.deepEqual([readings.length, bad, torn], [2, 2, false]);
    });
    it("with a line without an end keeps no more of it than a line may have", async () => {
        const { readings, bad } = await read(`${header}${line(1)}${"x".repeat(300_000)}\n${line(2)}`, { ...tapeLimits, lineBytes: 1000 });
        assert.deepEqual([readings.length, bad], [2, 1]);
    });

    const refused: [what: string, text: string, limits: object, says: RegExp][] = [
        ["nothing", "", {}, /tape a\.jsonl: it is empty/],
        ["half a header", header.slice(0, 20), {}, /tape a\.jsonl: it is empty/],
        ["a picture", "\x89PNG\r\n\x1a\n\0\0", {}, /no tape/],
        ["an outage as long as a disk", header + line(1), { bytes: 100 }, /tape a\.jsonl: it has 0\.0 MB, more than/],
        ["too many lines", header + line(1).repeat(10), { lines: 5 }, /more than 5 lines/],
    ];
    for (const [what, text, limits, says] of refused) it(`that holds ${what} is refused`, () => assert.rejects(read(text, { ...tapeLimits, ...limits }), says));
    it("that is not there is said to be missing", () => assert.rejects(readTape(join(folder.path, "b.jsonl")), /tape b\.jsonl: there is no such file/));
    it("that is a folder is refused", () => assert.rejects(readTape(folder.path), /tape ridethrough-/));
});
