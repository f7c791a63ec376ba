import assert from "node:assert/strict";
import { HoldOff } from "../../../lib/devices/hold-off";
import { Trouble, type TroubleKind } from "../../../lib/kit/trouble";
import { VirtualClock } from "../../support/virtual-clock";

/** How long, in s, it stays away after each of `times` failures in a row. */
async function waits(kind: TroubleKind, times: number): Promise<number[]> {
    const clock = new VirtualClock();
    const holdOff = new HoldOff(clock);
    const result: number[] = [];
    for (let round = 0; round < times; round += 1) {
        holdOff.failed(new Trouble(kind, "x"));
        const start = clock.monotonic();
        while (away(holdOff)) await clock.pass(250);
        result.push((clock.monotonic() - start) / 1000);
    }
    return result;
}

function away(holdOff: HoldOff): boolean {
    try {
        holdOff.check();
        return false;
    } catch {
        return true;
    }
}

describe("keeping away from a device", () => {
    it("a refused password is tried soon again, then at most once a minute or so", async () => {
        const [first = 0, ...rest] = await waits("auth", 9);
        assert.ok(first <= 1, `${first} s`);
        assert.ok((rest.at(-1) ?? 0) >= 30 && (rest.at(-1) ?? 0) <= 60, `${rest.at(-1)} s`);
    });
    it("too many requests: two early tries, for firmware 2.0 frees a place within 2 s of being asked, then a minute and more", async () => {
        const [first, second, third = 0, fourth = 0, fifth = 0, ...later] = await waits("busy", 9);
        assert.deepEqual([first, second], [3, 3]);
        assert.ok(third >= 60 && fourth >= 120 && fifth >= 240, `${third} s, ${fourth} s, ${fifth} s`);
        assert.ok(later.every((wait) => wait >= 300 && wait <= 600.25), `${later.join(" s, ")} s`);
    });
    for (const kind of ["timeout", "refused", "garbage", "closed"] as const) {
        it(`${kind} keeps nobody away`, async () => assert.deepEqual(await waits(kind, 1), [0]));
    }
    it("a success ends it", () => {
        const holdOff = new HoldOff(new VirtualClock());
        holdOff.failed(new Trouble("auth", "x"));
        assert.throws(() => holdOff.check(), { kind: "auth" });
        holdOff.succeeded();
        holdOff.check();
    });
    for (const { kind, most } of [{ kind: "auth", most: 1000 }, { kind: "busy", most: 3000 }] as const) {
        it(`after a success ${kind} counts from the first again`, async () => {
            const clock = new VirtualClock();
            const holdOff = new HoldOff(clock);
            for (let failure = 0; failure < 5; failure += 1) holdOff.failed(new Trouble(kind, "x"));
            holdOff.succeeded();
            holdOff.failed(new Trouble(kind, "x"));
            await clock.pass(most);
            holdOff.check();
        });
    }
});
