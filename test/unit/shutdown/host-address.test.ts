import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { rememberingLookup } from "../../../lib/shutdown/host-address";
import { VirtualClock } from "../../support/virtual-clock";

const addresses: LookupAddress[] = [{ address: "192.0.2.11", family: 4 }, { address: "2001:db8::11", family: 6 }];

describe("looking up a host", () => {
    let answer: () => Promise<LookupAddress[]>;
    let clock: VirtualClock;
    let lookup: LookupFunction;
    beforeEach(() => {
        clock = new VirtualClock();
        answer = () => Promise.resolve(addresses);
        lookup = rememberingLookup(() => answer(), clock);
    });
    const look = (options = {}): Promise<string | LookupAddress[]> =>
        new Promise((resolve, reject) => lookup("nas.example.com", options, (error, found) => (error === null ? resolve(found) : reject(error))));
    const gone = Object.assign(new Error("no answer"), { code: "EAI_AGAIN" });

    for (const [what, options, found] of [["all addresses", { all: true }, addresses], ["one", {}, "192.0.2.11"], ["one of a family", { family: 6 }, "2001:db8::11"]] as const) {
        it(`gives ${what}`, async () => assert.deepEqual(await look(options), found));
    }

    it("fails as the name server fails while no address is known", async () => {
        answer = () => Promise.reject(gone);
        await assert.rejects(look({ all: true }), gone);
    });

    it("gives what it knew when the name server fails", async () => {
        await look();
        answer = () => Promise.reject(gone);
        assert.deepEqual(await look({ all: true }), addresses);
    });

    it("gives what it knew when the name server is silent for 2 s", async () => {
        await look();
        answer = () => new Promise(() => undefined);
        const found = look({ all: true });
        await clock.pass(1990);
        let early = false;
        void found.then(() => { early = true; });
        await clock.pass(5);
        assert.equal(early, false);
        await clock.pass(10);
        assert.deepEqual(await found, addresses);
    });

    it("takes the new address of a host that has moved", async () => {
        await look();
        answer = () => Promise.resolve([{ address: "192.0.2.99", family: 4 }]);
        assert.equal(await look(), "192.0.2.99");
        answer = () => Promise.reject(gone);
        assert.equal(await look(), "192.0.2.99");
    });
});
