import assert from "node:assert/strict";
import { commandEnd, OutputTail } from "../../../lib/shutdown/transport";

describe("what is kept of a program's output", () => {
    const tailOf = (...chunks: (string | Buffer)[]): string => {
        const tail = new OutputTail();
        chunks.forEach((chunk) => tail.take(Buffer.from(chunk)));
        return tail.text();
    };

    for (const [what, chunks, text] of [
        ["the last line", ["one\ntwo\n"], "two"],
        ["a line in pieces", ["Unit web", ".service not loaded.\n\n"], "Unit web.service not loaded."],
        ["nothing of nothing", [], ""],
        ["no control characters", ["\u001b[31mred\u001b[0m\r\n"], "[31mred[0m"],
        ["at most 200 characters", ["x".repeat(5000)], "x".repeat(200)],
        ["the end of 10 MB", [Buffer.alloc(10 << 20, "x"), "\nthe end\n"], "the end"],
    ] as const) {
        it(what, () => assert.equal(tailOf(...chunks), text));
    }
});

describe("how a command ended", () => {
    it("with a code, by a signal, or nobody knows", () => {
        assert.deepEqual(commandEnd({ code: 3, signal: "" }, "x"), { end: "exit", code: 3, output: "x" });
        assert.deepEqual(commandEnd({ code: null, signal: "TERM" }, ""), { end: "signal", signal: "TERM", output: "" });
        assert.deepEqual(commandEnd(undefined, ""), { end: "lost", output: "" });
    });
});
