import assert from "node:assert/strict";
import { Throttle, throttleOf } from "../../../lib/devices/anker-throttle";
import { Trouble } from "../../../lib/kit/trouble";
import { VirtualClock } from "../../support/virtual-clock";

const never = new AbortController().signal;
const busy = (error: unknown): boolean => error instanceof Trouble && error.kind === "busy";

describe("the limits of Anker's cloud", () => {
    const clock = new VirtualClock();
    let throttle: Throttle;
    beforeEach(() => {
        throttle = new Throttle(clock);
    });
    const turn = async (endpoint: string): Promise<void> => {
        const taken = throttle.turn(endpoint, never);
        taken.catch(() => undefined);
        await clock.pass(400);
        await taken;
    };

    it("ten requests a minute go to an endpoint, the eleventh is refused with the time to wait", async () => {
        for (let count = 0; count < 10; count += 1) await turn("devices");
        await assert.rejects(turn("devices"), (error) => busy(error) && /next request in \d+ s/.test((error as Error).message));
        await turn("login");
        await clock.pass(60_000);
        await turn("devices");
    });

    it("requests keep a distance from each other", async () => {
        const order: number[] = [];
        const start = clock.monotonic();
        const turns = ["a", "b", "c"].map((endpoint) => throttle.turn(endpoint, never).then(() => order.push(clock.monotonic() - start)));
        await clock.pass(1000);
        await Promise.all(turns);
        assert.deepEqual(order, [0, 300, 600]);
    });

    it("after a 429 the endpoint is left alone for more than a minute", async () => {
        throttle.hold("devices");
        await clock.pass(64_000);
        await assert.rejects(turn("devices"), busy);
        await clock.pass(2000);
        await turn("devices");
    });

    it("are one server's, not one node's: a deploy does not begin them anew", () => {
        assert.equal(throttleOf("https://a.example", clock), throttleOf("https://a.example", clock));
        assert.notEqual(throttleOf("https://a.example", clock), throttleOf("https://b.example", clock));
    });
});
