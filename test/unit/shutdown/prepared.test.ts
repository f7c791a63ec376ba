import assert from "node:assert/strict";
import { Trouble } from "../../../lib/kit/trouble";
import { Prepared } from "../../../lib/shutdown/prepared";
import type { HostAccess, Transport } from "../../../lib/shutdown/transport";
import { settle, VirtualClock } from "../../support/virtual-clock";

/** A host that counts who logs in, and can be switched off. */
class StandIn {
    up = true;
    failure = new Trouble("unreachable", "host: not reachable");
    /** Logins under way wait for this. */
    login: Promise<void> = Promise.resolve();
    attempts = 0;
    open = 0;
    access: HostAccess = { root: false, open: () => this.#transport() };
    #transport(): Transport {
        let [connected, closed] = [false, false];
        return {
            connect: async () => {
                if (connected && this.up) return;
                if (connected) this.open -= 1;
                connected = false;
                this.attempts += 1;
                await this.login;
                if (!this.up) throw this.failure;
                connected = !closed;
                if (connected) this.open += 1;
            },
            run: () => Promise.resolve({ end: "exit", code: 0, output: "" }),
            close: () => {
                if (connected) this.open -= 1;
                [connected, closed] = [false, true];
            },
        };
    }
}

describe("connections prepared on battery", () => {
    let clock: VirtualClock;
    let hosts: Map<string, StandIn>;
    let told: string[];
    let prepared: Prepared;
    const host = (name: string): StandIn => hosts.get(name) ?? assert.fail(`no host ${name}`);

    beforeEach(() => {
        clock = new VirtualClock();
        told = [];
        hosts = new Map(["nas", "apps", "db"].map((name) => [name, new StandIn()]));
        prepared = new Prepared({
            clock, random: () => 1,
            access: (name) => hosts.get(name)?.access ?? assert.fail(`no host ${name}`),
            told: (name, error) => told.push(`${name}: ${error === undefined ? "reached" : error.message}`),
        });
    });
    afterEach(() => prepared.release());

    it("are opened once, however often it is said that we are on battery", async () => {
        for (let times = 0; times < 3; times += 1) prepared.prepare(["nas", "apps"]);
        await clock.pass(60_000);
        prepared.prepare(["nas", "apps"]);
        await clock.pass(60_000);
        assert.deepEqual([host("nas").attempts, host("apps").attempts, host("db").attempts], [1, 1, 0]);
        assert.deepEqual([prepared.ready, prepared.trouble(), told], [["nas", "apps"], [], []]);
    });

    it("are closed at once when mains is back, and nothing is left to wait for", async () => {
        prepared.prepare(["nas", "apps"]);
        await clock.pass(5000);
        prepared.release();
        assert.deepEqual([host("nas").open, host("apps").open, clock.pending], [0, 0, 0]);
    });

    it("are closed to hosts that are not in the plan any more", async () => {
        prepared.prepare(["nas", "apps"]);
        await settle();
        prepared.prepare(["nas", "db"]);
        await settle();
        assert.deepEqual([host("nas").open, host("apps").open, host("db").open, host("nas").attempts], [1, 0, 1, 1]);
    });

    describe("to a host that can't be reached", () => {
        beforeEach(() => { host("nas").up = false; });

        it("are tried again, seldomer each time, and told once, with since when", async () => {
            const began = clock.now();
            prepared.prepare(["nas"]);
            await settle();
            assert.deepEqual(prepared.trouble().map(({ host: name, error, since }) => [name, error.message, since]), [["nas", "host: not reachable", began]]);
            await clock.pass(62_000);
            assert.equal(host("nas").attempts, 6, "at 0, 2, 6, 14, 30, 60 s");
            assert.deepEqual([prepared.trouble()[0]?.since, told], [began, ["nas: host: not reachable"]]);
        });

        it("are told to be there again, and tried from anew after the next loss", async () => {
            prepared.prepare(["nas"]);
            await clock.pass(7000);
            host("nas").up = true;
            await clock.pass(8000);
            assert.deepEqual([prepared.trouble(), prepared.ready, told], [[], ["nas"], ["nas: host: not reachable", "nas: reached"]]);
            host("nas").up = false;
            await clock.pass(2000);
            assert.equal(prepared.trouble().length, 1);
            host("nas").up = true;
            await clock.pass(2000);
            assert.deepEqual(prepared.ready, ["nas"]);
        });

        it("are tried seldom where we are refused", async () => {
            host("nas").failure = new Trouble("auth", "host: does not accept our key");
            prepared.prepare(["nas"]);
            await clock.pass(100_000);
            assert.equal(host("nas").attempts, 3, "at 0, 30, 90 s");
        });

        it("hold up none to the others", async () => {
            host("nas").login = new Promise(() => undefined);
            prepared.prepare(["nas", "apps", "db"]);
            await settle();
            assert.deepEqual(prepared.ready, ["apps", "db"]);
        });
    });

    it("are noticed when they are lost", async () => {
        prepared.prepare(["nas"]);
        await clock.pass(10_000);
        host("nas").up = false;
        await clock.pass(2000);
        assert.deepEqual([prepared.trouble().map(({ host: name }) => name), prepared.ready], [["nas"], []]);
    });

    it("are opened a few at a time", async () => {
        hosts = new Map(Array.from({ length: 100 }, (_, index) => [`host${index}`, new StandIn()]));
        const all = [...hosts.values()];
        let free: () => void = () => undefined;
        const gate = new Promise<void>((resolve) => { free = resolve; });
        for (const each of all) each.login = gate;
        prepared.prepare([...hosts.keys()]);
        await settle();
        assert.equal(all.filter(({ attempts }) => attempts > 0).length, 32);
        free();
        await settle();
        await clock.pass(100);
        assert.equal(prepared.ready.length, 100);
    });

    describe("for a run", () => {
        it("are taken over, and closed by nobody else", async () => {
            prepared.prepare(["nas"]);
            await clock.pass(5000);
            const transport = prepared.take("nas");
            assert.ok(transport);
            prepared.release();
            await transport.connect();
            assert.deepEqual([host("nas").open, host("nas").attempts], [1, 1]);
            transport.close();
        });

        it("are not opened anew behind its back, until mains was back", async () => {
            prepared.prepare(["nas", "apps"]);
            await clock.pass(5000);
            assert.equal(prepared.take("db"), undefined);
            prepared.take("nas")?.close();
            prepared.prepare(["nas", "apps", "db"]);
            await clock.pass(60_000);
            assert.deepEqual([host("nas").attempts, host("db").attempts, prepared.ready], [1, 0, ["apps"]]);
            prepared.release();
            prepared.prepare(["nas"]);
            await settle();
            assert.equal(host("nas").attempts, 2);
        });

        it("are not handed over in the middle of a login: the run makes its own", async () => {
            let free: () => void = () => undefined;
            host("nas").login = new Promise<void>((resolve) => { free = resolve; });
            prepared.prepare(["nas"]);
            await settle();
            assert.equal(prepared.take("nas"), undefined);
            free();
            await settle();
            assert.equal(host("nas").open, 0);
        });

        it("are not handed over when the host was set up anew since", async () => {
            prepared.prepare(["nas"]);
            await settle();
            host("nas").access = { ...host("nas").access };
            assert.equal(prepared.take("nas"), undefined);
            assert.equal(host("nas").open, 0);
        });

        it("come as the usual way to a host", async () => {
            prepared.prepare(["nas"]);
            await settle();
            for (const name of ["nas", "apps"]) await prepared.accessTo(name).open().connect();
            assert.deepEqual([host("nas").attempts, host("apps").attempts], [1, 1]);
            assert.equal(prepared.accessTo("nas").root, false);
        });
    });

    it("to a host that is set up anew are opened the new way", async () => {
        prepared.prepare(["nas"]);
        await settle();
        host("nas").access = { ...host("nas").access };
        await clock.pass(2000);
        assert.deepEqual([host("nas").attempts, host("nas").open, prepared.ready], [2, 1, ["nas"]]);
    });

    it("to a host that has no way say so", async () => {
        prepared.prepare(["nowhere"]);
        await settle();
        assert.match(prepared.trouble()[0]?.error.message ?? "", /host nowhere: no host nowhere/);
    });
});
