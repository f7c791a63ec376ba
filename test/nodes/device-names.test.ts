import assert from "node:assert/strict";
import nutServer from "../../nodes/nut-server/nut-server";
import { claimName, keepName, leaveName, type Named } from "../../nodes/shared/device-names";
import upsReader from "../../nodes/ups-reader/ups-reader";
import serverStored from "../fixtures/configs/nut-server.v1.json";
import stored from "../fixtures/configs/ups-reader.v1.json";
import { NutServerSimulator } from "../simulators/nut-server";
import { eventually, loadFlow, temporaryFolder, type LoadedFlow } from "../support/helper";
import { VirtualClock } from "../support/virtual-clock";

describe("the name of a device's readings", () => {
    let clock: VirtualClock;
    /** Of each test its own, since names are those of the process. */
    let name: string;
    let tests = 0;
    /** A reader claims before each reading. */
    const named = (node: string, place = "", part = "ups", kind: Named["kind"] = "UPS"): Named => ({ node: `${name}_${node}`, kind, place, part });
    const claim = (node: string, place: string, part = "ups", device = name): string | undefined => claimName(device, named(node, place, part), clock)?.message;
    const read = (node: string): void => keepName(name, named(node));
    const leave = (node: string): void => leaveName(name, named(node), clock);
    beforeEach(() => {
        clock = new VirtualClock(1_000_000);
        name = `test_${(tests += 1)}`;
    });

    it("is that of the first who takes it, and the second one is told whose it is", () => {
        assert.equal(claim("a", "NUT server 192.0.2.7:3493"), undefined);
        assert.equal(claim("b", "NUT server 192.0.2.8:3493"), `UPS not read: the name ${name} is that of UPS ups at NUT server 192.0.2.7:3493: give this node a Device of its own, or both pass for one`);
        assert.equal(claim("b", "NUT server 192.0.2.8:3493", "ups", `${name}_other`), undefined);
    });
    it("may be that of several readers of one UPS, also where one of them reads the only UPS of the server", () => {
        assert.deepEqual([claim("a", "one"), claim("b", "one"), claim("c", "one", "")], [undefined, undefined, undefined]);
        assert.match(claim("d", "one", "cellar") ?? "", /is that of UPS ups at one/);
    });
    it("may be that of a plug, too: both are witnesses of one device", () => {
        claim("a", "one");
        assert.equal(claimName(name, named("b", "192.0.2.7", "", "plug"), clock), undefined);
        assert.equal(claimName(name, named("c", "192.0.2.8", "", "plug"), clock)?.message, `plug not read: the name ${name} is that of the plug at 192.0.2.7: give this node a Device of its own, or both pass for one`);
        assert.equal(claimName(name, named("d", "192.0.2.7", "", "plug"), clock), undefined);
    });
    it("stays with its reader over a deploy, and is free some time after the reader has gone", async () => {
        claim("a", "one");
        read("a");
        await clock.pass(3_600_000);
        assert.ok(claim("b", "two"));
        leave("a");
        await clock.pass(2000);
        assert.ok(claim("b", "two"), "not in the gap of a deploy");
        assert.equal(claim("a", "one"), undefined);
        read("a");
        leave("a");
        await clock.pass(29_000);
        assert.ok(claim("b", "two"));
        await clock.pass(2000);
        assert.equal(claim("b", "two"), undefined);
        assert.ok(claim("a", "one"));
    });
    it("is not held for long by one that was never read: an example that somebody forgot", async () => {
        claim("a", "one");
        assert.ok(claim("b", "two"), "not while both begin");
        await clock.pass(31_000);
        assert.equal(claim("a", "one"), undefined);
        assert.equal(claim("b", "two"), undefined);
        read("b");
        await clock.pass(31_000);
        assert.ok(claim("a", "one"));
    });
    it("is free at once when its reader takes another one", () => {
        claim("a", "one");
        leave("a");
        claim("a", "one", "ups", `${name}_other`);
        assert.equal(claim("b", "two"), undefined);
    });
    it("goes with its reader to another UPS", () => {
        claim("a", "one");
        leave("a");
        assert.equal(claim("a", "two"), undefined);
        assert.ok(claim("b", "one"));
    });
});

describe("ups-reader: two NAS that call their UPSes alike", () => {
    const folder = temporaryFolder();
    let flow: LoadedFlow | undefined;
    const servers: NutServerSimulator[] = [];
    after(async () => {
        await flow?.unload();
        for (const server of servers) await server.stop();
        await folder.remove();
    });

    it("are never taken for one: the second one is red, its readings go nowhere, and Catch hears why once; with a name of its own it is read", async () => {
        for (const charge of ["90", "80"]) servers.push(await new NutServerSimulator({ upses: { apc: { "battery.charge": charge } } }).start());
        const nas = servers.map(({ port }, index) => ({ ...serverStored, id: `nas${index}`, host: "127.0.0.1", port: String(port) }));
        const nodes = (second: object): object[] => [
            ...nas,
            { ...stored, id: "ups0", server: "nas0", ups: "apc", device: "", interval: "0.5", batteryInterval: "0.5" },
            { ...stored, id: "ups1", server: "nas1", ups: "apc", device: "", interval: "0.5", batteryInterval: "0.5", ...second },
            { id: "readings", type: "helper" }, { id: "events", type: "helper" },
            { id: "status", type: "status", scope: ["ups1"], wires: [["lights"]] }, { id: "lights", type: "helper" },
            { id: "catch", type: "catch", wires: [["errors"]] }, { id: "errors", type: "helper" },
        ];
        flow = await loadFlow([nutServer, upsReader], nodes({}) as never, { userDir: folder.path });
        await flow.until("readings", 4);
        assert.deepEqual([...new Set(flow.received("readings").map(({ payload }) => payload))], [90]);
        const { fill, text } = flow.received("lights").at(-1)?.status as { fill: string; text: string };
        assert.deepEqual([fill, text], ["red", "the name apc is taken"]);
        assert.equal(flow.received("errors").length, 1);
        assert.match((flow.received("errors")[0]?.error as { message: string }).message, /^UPS not read: the name apc is that of UPS apc at NUT server 127\.0\.0\.1:\d+: give this node a Device of its own/);
        flow.node("ups1").receive({});
        await flow.until("errors", 2);
        await flow.unload();
        flow = await loadFlow([nutServer, upsReader], nodes({ device: "cellar" }) as never, { userDir: folder.path });
        await eventually(() => new Set(flow?.received("readings").map(({ payload }) => payload)).size === 2);
        assert.deepEqual(flow.received("errors"), []);
    });
});
