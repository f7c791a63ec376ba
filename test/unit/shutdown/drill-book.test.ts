import assert from "node:assert/strict";
import { Trouble } from "../../../lib/kit/trouble";
import { DrillBook, type DrillBookOptions } from "../../../lib/shutdown/drill-book";
import { parseBook, storedBook, type EvidenceBook } from "../../../lib/shutdown/evidence";
import { parsePlan, type ShutdownPlan } from "../../../lib/shutdown/plan";
import { FakeHosts, ok } from "../../support/fake-hosts";
import { settle, VirtualClock } from "../../support/virtual-clock";

const day = 24 * 3_600_000;
const planOf = (...names: string[]): ShutdownPlan => parsePlan({ hosts: names.map((name) => ({ name, services: ["web"] })) }).plan ?? assert.fail();

describe("the drills of a plan", () => {
    let hosts: FakeHosts;
    let clock: VirtualClock;
    let plan: ShutdownPlan | undefined;
    let disk: string | undefined;
    let changes: number;
    const open = (more: Partial<DrillBookOptions> = {}): DrillBook => new DrillBook({
        target: () => ({ plan, problems: plan === undefined ? ["the plan has no hosts"] : [], access: hosts.access }),
        lastsMs: 30 * day, clock,
        load: () => Promise.resolve(disk === undefined ? undefined : parseBook(JSON.parse(disk))),
        save: (book: EvidenceBook) => {
            disk = JSON.stringify(storedBook(book));
            return Promise.resolve();
        },
        changed: () => void (changes += 1),
        ...more,
    });
    const standing = (book: DrillBook): string[] => book.standings().map(({ host, standing: its }) => `${host} ${its}`);

    beforeEach(() => {
        hosts = new FakeHosts();
        clock = new VirtualClock(Date.UTC(2026, 10, 21));
        plan = planOf("app", "nas");
        disk = undefined;
        changes = 0;
    });

    it("prove hosts one by one or all at once, and say so", async () => {
        const book = open();
        assert.deepEqual(standing(book), ["app undrilled", "nas undrilled"]);
        assert.equal((await book.drill(["nas"])).text, "1 of 1 host could be shut down");
        assert.deepEqual(standing(book), ["app undrilled", "nas proven"]);
        assert.deepEqual((await book.drill()).hosts.map(({ host }) => host), ["app", "nas"]);
        assert.deepEqual(standing(book), ["app proven", "nas proven"]);
        assert.equal(changes, 3);
    });

    it("say what failed", async () => {
        hosts.obey = (command, host) => (host === "nas" && command.includes("web") ? { end: "exit", code: 1, output: "No files found for web.service." } : ok);
        const book = open();
        const { ok: well, text } = await book.drill();
        assert.deepEqual([well, text], [false, "1 of 2 hosts could be shut down\nnas: stop web: No files found for web.service."]);
        assert.deepEqual(book.standings()[1]?.problems, ["stop web: No files found for web.service."]);
        assert.deepEqual(standing(book), ["app proven", "nas failed"]);
    });

    it("are remembered over a restart, and age meanwhile", async () => {
        await open().drill();
        await clock.pass(29 * day);
        const next = open();
        await next.ready;
        assert.deepEqual(standing(next), ["app proven", "nas proven"]);
        const ages = (): unknown => next.standings().map(({ ageMs, expiresInMs }) => [ageMs, expiresInMs])[0];
        assert.deepEqual(ages(), [29 * day, day]);
        await clock.pass(day);
        assert.deepEqual(standing(next), ["app expired", "nas expired"]);
        assert.deepEqual(ages(), [30 * day, 0]);
    });

    it("get no younger by a wall clock that is set back while they are watched", async () => {
        const book = open();
        await book.drill();
        await clock.pass(29 * day);
        clock.jumpWall(-400 * day);
        await clock.pass(day);
        assert.deepEqual(standing(book), ["app expired", "nas expired"]);
    });

    it("get no younger by a wall clock that is set back over a restart", async () => {
        const before = open();
        await before.drill();
        await clock.pass(20 * day);
        await before.save();
        clock.jumpWall(-15 * day);
        const after = open();
        await after.ready;
        assert.equal(after.standings()[0]?.ageMs, 20 * day);
    });

    it("count for the plan that was drilled only", async () => {
        const book = open();
        await book.drill();
        plan = parsePlan({ hosts: [{ name: "app", services: ["web"] }, { name: "nas", services: ["web", "db"] }] }).plan;
        assert.deepEqual(standing(book), ["app proven", "nas changed"]);
    });

    it("of hosts that left the plan are forgotten", async () => {
        const book = open();
        await book.drill();
        plan = planOf("nas");
        await book.drill();
        assert.ok(!disk?.includes('"app"'));
    });

    it("start without a file that can't be believed", async () => {
        await open().drill();
        disk = disk?.replace(/"ok":true/, '"ok":"yes"');
        const book = open();
        await book.ready;
        assert.deepEqual(standing(book), ["app undrilled", "nas undrilled"]);
    });

    for (const [what, names, words] of [["a host that is not in the plan", ["nas; reboot"], /host "nas; reboot" is not in the plan/], ["no plan", undefined, /the plan has no hosts/]] as const) {
        it(`are refused for ${what}`, async () => {
            if (names === undefined) plan = undefined;
            await assert.rejects(open().drill(names), words);
            assert.deepEqual(hosts.opened, []);
        });
    }

    it("of a host are shared by those who ask at the same time", async () => {
        const book = open();
        const [one, other] = await Promise.all([book.drill(["nas"]), book.drill()]);
        assert.equal(one.hosts[0], other.hosts[1]);
        assert.deepEqual(hosts.opened.toSorted(), ["app", "nas"]);
    });

    it("end at once when a shutdown begins, prove nothing, and wait until it is over", async () => {
        hosts.obey = () => new Promise(() => undefined);
        const book = open();
        const under = book.drill();
        await settle();
        const letGo = book.hold("a shutdown is under way");
        await assert.rejects(under, { kind: "stopped" });
        await assert.rejects(book.drill(), /no drill now: a shutdown is under way/);
        assert.deepEqual(standing(book), ["app undrilled", "nas undrilled"]);
        letGo();
        hosts.obey = () => ok;
        assert.equal((await book.drill()).ok, true);
    });

    it("end with the node", async () => {
        hosts.obey = () => new Promise(() => undefined);
        const book = open();
        const under = book.drill();
        await settle();
        book.close();
        await assert.rejects(under, { kind: "stopped" });
        assert.equal(disk, undefined);
    });

    it("of a health check look twice before they count a failure", async () => {
        let tries = 0;
        hosts.connect = (host) => (host === "nas" && (tries += 1) === 1 ? Promise.reject(new Trouble("refused", "host nas: connection refused")) : Promise.resolve());
        const book = open();
        const result = book.drill(undefined, { again: 60_000 });
        await clock.pass(59_000);
        assert.deepEqual(standing(book), ["app proven", "nas undrilled"]);
        await clock.pass(1000);
        assert.equal((await result).ok, true);
        assert.deepEqual(standing(book), ["app proven", "nas proven"]);
    });

    it("are never more at once than is set", async () => {
        plan = planOf(...Array.from({ length: 10 }, (_, index) => `h${index}`));
        let open1 = 0;
        let most = 0;
        hosts.connect = async () => {
            most = Math.max(most, (open1 += 1));
            await settle();
            open1 -= 1;
        };
        await open({ atOnce: 3 }).drill();
        assert.ok(most <= 3, `${most}`);
    });
});
