import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { withDeadline } from "../../../lib/kit/deadline";
import { Trouble } from "../../../lib/kit/trouble";
import { settle, VirtualClock } from "../../support/virtual-clock";

const never = (): Promise<never> => new Promise(() => undefined);
const kind = (wanted: string) => (error: unknown): boolean => error instanceof Trouble && error.kind === wanted;

describe("withDeadline", () => {
    it("passes on the value, and leaves no timer behind", async () => {
        const clock = new VirtualClock();
        assert.equal(await withDeadline({ ms: 1000, subject: "plug", clock }, () => Promise.resolve(7)), 7);
        assert.equal(clock.pending, 0);
    });
    it("lets go of the caller's signal when the work is done", async () => {
        const { signal } = new AbortController();
        await withDeadline({ ms: 1000, subject: "plug", clock: new VirtualClock(), signal }, () => Promise.resolve(assert.equal(getEventListeners(signal, "abort").length, 1)));
        assert.equal(getEventListeners(signal, "abort").length, 0);
    });
    it("passes on the rejection of the work, the very error", async () => {
        const own = new Trouble("auth", "no");
        await assert.rejects(withDeadline({ ms: 1000, subject: "plug", clock: new VirtualClock() }, () => Promise.reject(own)), (error) => error === own);
        await assert.rejects(withDeadline({ ms: 1000, subject: "plug", clock: new VirtualClock() }, () => Promise.reject(new Error("no"))), /^Error: no$/);
    });
    it("turns a work that throws at once, or rejects with no Error, into a rejection with an Error", async () => {
        const clock = new VirtualClock();
        await assert.rejects(withDeadline({ ms: 1, subject: "plug", clock }, () => { throw new Error("at once"); }), /at once/);
        await assert.rejects(withDeadline({ ms: 1, subject: "plug", clock }, () => Promise.reject("text")), (error) => error instanceof Error && error.message === "text");
        await assert.rejects(withDeadline({ ms: 1, subject: "plug", clock }, () => Promise.reject(Object.create(null))), (error) => error instanceof Error);
    });
    it("gives up on work that never settles, and says on whom and after how long", async () => {
        const clock = new VirtualClock();
        const tried = withDeadline({ ms: 3000, subject: "plug 192.0.2.5", clock }, never);
        const refused = assert.rejects(tried, (error) => kind("timeout")(error) && /plug 192\.0\.2\.5: no answer within 3 s/.test(String(error)));
        await clock.pass(3000);
        await refused;
    });
    it("aborts the work's signal at the deadline, so that it can let go of its sockets", async () => {
        const clock = new VirtualClock();
        let aborted = false;
        const tried = withDeadline({ ms: 10, subject: "plug", clock }, (signal) => {
            signal.addEventListener("abort", () => (aborted = true));
            return never();
        });
        const refused = assert.rejects(tried);
        await clock.pass(10);
        await refused;
        assert.equal(aborted, true);
    });
    it("swallows a rejection that comes after the deadline", async () => {
        const clock = new VirtualClock();
        const unhandled: unknown[] = [];
        const note = (cause: unknown): void => void unhandled.push(cause);
        process.on("unhandledRejection", note);
        let fail: (cause: Error) => void = () => undefined;
        const tried = withDeadline({ ms: 10, subject: "plug", clock }, () => new Promise((_, reject) => (fail = reject)));
        const refused = assert.rejects(tried, kind("timeout"));
        await clock.pass(10);
        await refused;
        fail(new Error("late"));
        await settle();
        process.off("unhandledRejection", note);
        assert.deepEqual(unhandled, []);
    });
    it("ends with kind stopped when the caller's signal aborts, and lets go of that signal afterwards", async () => {
        const clock = new VirtualClock();
        const controller = new AbortController();
        const refused = assert.rejects(withDeadline({ ms: 1000, subject: "plug", clock, signal: controller.signal }, never), kind("stopped"));
        controller.abort();
        await refused;
        assert.equal(clock.pending, 0);
    });
    it("does not begin the work when the caller's signal has aborted already", async () => {
        let begun = false;
        await assert.rejects(withDeadline({ ms: 1000, subject: "plug", clock: new VirtualClock(), signal: AbortSignal.abort() }, () => {
            begun = true;
            return never();
        }), kind("stopped"));
        await settle();
        assert.equal(begun, false);
    });
});
