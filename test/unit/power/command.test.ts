import assert from "node:assert/strict";
import { isTainted, parseCommand, taint } from "../../../lib/power/command";

const at = 1_700_000_000_000;
const wellFormed = { action: "shutdown", reason: "ups on battery, 5 %", at: at - 1000, stream: "ups", conclusive: true };

describe("parseCommand", () => {
    it("takes a well-formed command as it is and drops what it does not know", () => {
        assert.deepEqual(parseCommand({ ...wellFormed, shell: "reboot" }, at), { command: wellFormed });
    });

    it("fills in the time and, for the reason, the stream", () => {
        assert.deepEqual(parseCommand({ action: "restored", stream: "ups" }, at), { command: { action: "restored", reason: "ups", at, stream: "ups", conclusive: false } });
    });

    for (const conclusive of [undefined, "true", 1, {}, null]) {
        it(`does not take ${JSON.stringify(conclusive)} for conclusive`, () => {
            const parsed = parseCommand({ ...wellFormed, conclusive }, at);
            assert.equal("command" in parsed && parsed.command.conclusive, false);
        });
    }

    it("turns a simulated command into one of another stream", () => {
        for (const fake of [{ ...wellFormed, simulated: true }, { ...wellFormed, simulated: "false" }, { ...wellFormed, stream: "ups (simulated)" }]) {
            assert.deepEqual(parseCommand(fake, at), { command: { ...wellFormed, simulated: true, stream: "ups (simulated)" } });
        }
    });

    for (const wrong of [null, 1, "shutdown", [], {}, { ...wellFormed, action: "reboot" }, { ...wellFormed, stream: "" }, { ...wellFormed, stream: 1 }, { ...wellFormed, at: Infinity }, { ...wellFormed, reason: 1 }]) {
        it(`refuses ${JSON.stringify(wrong)}`, () => assert.ok("error" in parseCommand(wrong, at)));
    }
});

describe("a taint", () => {
    it("is anything but absent, false and null", () => {
        assert.deepEqual([undefined, false, null].map(isTainted), [false, false, false]);
        assert.deepEqual([true, "false", 0, "", {}].map(isTainted), [true, true, true, true, true]);
    });

    it("is put on once", () => {
        const command = { ...wellFormed, action: "shutdown" as const };
        assert.deepEqual(taint(taint(command)), taint(command));
    });
});
