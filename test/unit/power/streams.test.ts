import assert from "node:assert/strict";
import { parseStreams, Streams } from "../../../lib/power/streams";

const parseNumber = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

describe("streams", () => {
    it("remembers each stream by itself", () => {
        const streams = new Streams<number>();
        streams.set("a", 1);
        streams.set("b", 2);
        assert.deepEqual([streams.get("a"), streams.get("b"), streams.get("c")], [1, 2, undefined]);
    });

    it("forgets the least recently seen beyond its bound", () => {
        const streams = new Streams<number>(2);
        streams.set("a", 1);
        streams.set("b", 2);
        streams.set("a", 3);
        streams.set("c", 4);
        assert.deepEqual([streams.get("a"), streams.get("b"), streams.get("c"), streams.size], [3, undefined, 4, 2]);
    });

    it("comes back from its JSON document", () => {
        const streams = new Streams<number>();
        streams.set("a", 1);
        streams.set("b", 2);
        const back = parseStreams(JSON.parse(JSON.stringify(streams)), parseNumber);
        assert.deepEqual([back?.get("a"), back?.get("b")], [1, 2]);
    });

    for (const bad of [null, 7, [], {}, { streams: 1 }, { streams: [1] }, { streams: [["a", "x"]] }, { streams: [[1, 1]] }]) {
        it(`does not believe ${JSON.stringify(bad)}`, () => assert.equal(parseStreams(bad, parseNumber), undefined));
    }
});
