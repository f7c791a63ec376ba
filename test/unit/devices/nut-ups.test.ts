import assert from "node:assert/strict";
import type { NutServer } from "../../../lib/devices/nut-client";
import { refusal } from "../../../lib/devices/nut-trouble";
import { NutUpsSource } from "../../../lib/devices/nut-ups";
import { VirtualClock } from "../../support/virtual-clock";

const subject = "NUT server 192.0.2.7:3493";
const clock = new VirtualClock();
const { signal } = new AbortController();

/** A server with these UPSes, each with its status. */
function serverOf(upses: Map<string, string>): Pick<NutServer, "read" | "listUps" | "subject"> & { lists: number } {
    return {
        subject,
        lists: 0,
        read(ups) {
            const status = upses.get(ups);
            return status === undefined ? Promise.reject(refusal("UNKNOWN-UPS", ups, subject, [...upses.keys()])) : Promise.resolve(new Map([["ups.status", status]]));
        },
        listUps() {
            this.lists += 1;
            return Promise.resolve([...upses.keys()].map((name) => ({ name, description: "" })));
        },
    };
}

describe("a UPS of a NUT server", () => {
    it("is read by its name", async () => {
        const { reading, trouble } = await new NutUpsSource(serverOf(new Map([["ups1", "OL"], ["ups2", "OB"]])), "ups2", "rack", clock).read(signal);
        assert.deepEqual([reading.device, reading.mains, reading.quality, reading.at, trouble], ["rack", "absent", "good", clock.now(), undefined]);
    });
    it("without a name is the only one, looked up once", async () => {
        const server = serverOf(new Map([["cellar", "OL"]]));
        const source = new NutUpsSource(server, "", "rack", clock);
        for (let poll = 0; poll < 3; poll += 1) assert.equal((await source.read(signal)).reading.mains, "present");
        assert.equal(server.lists, 1);
    });
    it("without a name is found again when it was renamed", async () => {
        const upses = new Map([["cellar", "OL"]]);
        const source = new NutUpsSource(serverOf(upses), "", "rack", clock);
        await source.read(signal);
        upses.clear();
        upses.set("attic", "OB");
        assert.equal((await source.read(signal)).reading.quality, "missing");
        assert.equal((await source.read(signal)).reading.mains, "absent");
    });

    for (const [what, ups, upses, error] of [
        ["a wrong name: the known ones are named", "ups9", ["ups1", "ups2"], `UPS ups9 on ${subject}: there is no such UPS: the server has ups1, ups2`],
        ["a wrong name where there is one only is not corrected: it may be another machine's", "ups9", ["ups1"], `UPS ups9 on ${subject}: there is no such UPS: the server has ups1`],
        ["no name where there are two", "", ["ups1", "ups2"], `${subject}: no UPS is chosen: the server has ups1, ups2`],
        ["no name where there is none", "", [], `${subject}: the server has no UPS: see its ups.conf`],
    ] as const) {
        it(`${what}`, async () => {
            const { reading, trouble } = await new NutUpsSource(serverOf(new Map(upses.map((name) => [name, "OL"]))), ups, "rack", clock).read(signal);
            assert.deepEqual([reading.quality, reading.error, trouble?.kind], ["missing", error, "config"]);
        });
    }
    it("never rejects, whatever the server throws", async () => {
        const { reading, trouble } = await new NutUpsSource({ subject, read: () => Promise.reject(new TypeError("surprise")), listUps: () => Promise.reject(new TypeError("surprise")) }, "ups1", "rack", clock).read(signal);
        assert.deepEqual([reading.quality, trouble?.message], ["missing", `${subject}: surprise`]);
    });
});
