import assert from "node:assert/strict";
import fc from "fast-check";
import { errorCode, errorText, toTrouble, Trouble } from "../../../lib/kit/trouble";

const system = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });

describe("toTrouble", () => {
    for (const [code, kind] of [["ECONNREFUSED", "refused"], ["EHOSTUNREACH", "unreachable"], ["ENOTFOUND", "unreachable"], ["ETIMEDOUT", "timeout"], ["ECONNRESET", "closed"], ["EPIPE", "closed"], ["ENOSPC", "disk"], ["EROFS", "disk"], ["EWHATEVER", "failed"]] as const) {
        it(`${code} is ${kind}, and the text names the subject`, () => {
            const trouble = toTrouble(system(code), "plug 192.0.2.5");
            assert.equal(trouble.kind, kind);
            assert.match(trouble.message, /^plug 192\.0\.2\.5: .*/);
            assert.match(trouble.message, new RegExp(code));
        });
    }
    for (const [thrown, message] of [
        [system("EIO"), "nas: storage failed (EIO)"], [system("ECONNREFUSED"), "nas: connection refused (ECONNREFUSED)"], [system("EWHATEVER"), "nas: connect EWHATEVER"],
        [new Error("just so"), "nas: just so"], [undefined, "nas: unknown error"],
    ] as const) {
        it(`says "${message}"`, () => assert.equal(toTrouble(thrown, "nas").message, message));
    }
    it("leaves a Trouble as it is", () => {
        const trouble = new Trouble("auth", "host nas: key refused", "add the key to authorized_keys");
        assert.equal(toTrouble(trouble, "other"), trouble);
        assert.equal(trouble.message, "host nas: key refused: add the key to authorized_keys");
        assert.equal(String(trouble), trouble.message);
    });
    it("keeps the cause", () => {
        const cause = system("EPIPE");
        assert.equal(toTrouble(cause, "nas").cause, cause);
    });
});

describe("errorCode", () => {
    it("looks into the cause, and into the first of an AggregateError (Node's happy eyeballs)", () => {
        assert.equal(errorCode(new Error("fetch failed", { cause: system("ECONNREFUSED") })), "ECONNREFUSED");
        assert.equal(errorCode(new AggregateError([system("EHOSTUNREACH"), system("ECONNREFUSED")])), "EHOSTUNREACH");
    });
    it("ends on an error that is its own cause", () => {
        const error: Error = new Error("loop");
        error.cause = error;
        assert.equal(errorCode(error), undefined);
    });
});

describe("errorText", () => {
    for (const [thrown, wanted] of [[new Error(" two\n lines "), "two lines"], ["text", "text"], [new Error(""), "unknown error"], [undefined, "unknown error"], [null, "unknown error"],
        [{ message: "from a library" }, "from a library"], [{ code: "EPIPE" }, "EPIPE"], [{ token: "a secret" }, "unknown error"], [Object.create(null), "unknown error"], [42, "42"]] as const) {
        it(`${thrown instanceof Error ? "an Error" : JSON.stringify(thrown)} becomes "${wanted}"`, () => assert.equal(errorText(thrown), wanted));
    }
    it("gives one line that is not empty, whatever was thrown", () => {
        fc.assert(fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withTypedArray: true }), (thrown) => {
            const text = errorText(thrown);
            assert.ok(text.length > 0 && !text.includes("\n"));
        }));
        assert.equal(errorText({ get message() { throw new Error("trap"); } }), "unknown error");
        assert.equal(errorText(Symbol("s")), "Symbol(s)");
    });
});
