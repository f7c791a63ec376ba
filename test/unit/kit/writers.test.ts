import { deepEqual, equal, rejects } from "node:assert/strict";
import { settled, settledInTime, writes } from "../../../lib/kit/writers";
import { VirtualClock } from "../../support/virtual-clock";

describe("who writes a file", () => {
    const job = (): { work: Promise<string>; end: () => void; fail: () => void } => {
        let [end, fail] = [(): void => undefined, (): void => undefined];
        const work = new Promise<string>((resolve, reject) => [end, fail] = [() => resolve("written"), () => reject(new Error("disk full"))]);
        return { work, end: () => end(), fail: () => fail() };
    };

    it("is waited for by who reads it next, to its end, well or not", async () => {
        const [one, two] = [job(), job()];
        const said: string[] = [];
        const [first, second] = [writes("a", one.work), writes("a", two.work)];
        const reading = settled("a").then(() => said.push("read"));
        one.end();
        equal(await first, "written");
        await new Promise(setImmediate);
        deepEqual(said, []);
        two.fail();
        await rejects(second, /disk full/);
        await reading;
    });
    it("is waited for in time to read what is there when it hangs", async () => {
        const clock = new VirtualClock();
        const { work, end } = job();
        const writing = writes("a", work);
        const said: string[] = [];
        const reading = settledInTime("a", clock).then(() => said.push("read"));
        await clock.pass(3999);
        deepEqual(said, []);
        await clock.pass(1);
        await reading;
        end();
        await writing;
        await Promise.all([settledInTime("a", clock), settledInTime("b", clock)]);
        equal(clock.pending, 0);
    });
    it("is not waited for by those who read another file, nor by who came before", async () => {
        const { work, end } = job();
        const before = settled("a");
        const writing = writes("a", work);
        await Promise.all([before, settled("b")]);
        end();
        await writing;
        await settled("a");
    });
});
