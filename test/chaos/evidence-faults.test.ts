import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NutServerSimulator, type NutSimulatorOptions, type Spoil } from "../simulators/nut-server";
import { deployLanes, Lane, type LaneFields } from "../support/fault-lane";
import { startNodeRed, type NodeRed } from "../support/node-red";
import { temporaryFolder } from "../support/temporary-folder";

type MockLane = Lane<NutServerSimulator>;

/**
 * How the decision of an outage has to come: `passes`: with the second poll after the threshold is passed; `lost`: no data, by the
 * countdown of 3 to 6 s; `flag`: by an LB that no number bears out, after 3 s; `floor`: below the hard floor of 10 %; `frozen`: when the
 * runtime that frozen numbers claim is used up.
 */
type Kind = "passes" | "lost" | "flag" | "floor" | "frozen";

interface Fault {
    name: string;
    kind: Kind;
    begin(lane: MockLane): unknown;
    /** What the log names, on mains and in an outage. */
    named: RegExp;
    /** The fault of an outage where that is another one, and what it is called. */
    inOutage?: { begin(lane: MockLane): unknown; named?: RegExp };
    /** Wrong from the start, so that nothing is ever known. Only with mains present. */
    start?: LaneFields;
    /** In an outage: what differs. */
    fields?: LaneFields | ((sim: NutServerSimulator) => LaneFields);
    options?: NutSimulatorOptions;
}

const apply = (values: Record<string, string>) => ({ rig }: MockLane) => rig.apply("ups1", values);
const spoil = (what: Spoil, delayMs?: number) => ({ rig }: MockLane): void => {
    rig.spoil = what;
    if (delayMs !== undefined) rig.delayMs = delayMs;
};
/** Changes what the UPS says from poll to poll. */
const each = (say: (poll: number) => Record<string, string>) => ({ rig }: MockLane): void => {
    let polls = 0;
    rig.onRequest = (request) => {
        if (request.startsWith("LIST VAR")) void rig.apply("ups1", say(polls++));
    };
};
const rename = ({ rig: { model } }: MockLane): void => {
    const ups = model.upses.get("ups1");
    model.upses.delete("ups1");
    if (ups) model.upses.set("other", ups);
};
/** A whole battery test: half a dozen polls on battery with everything that firmware says in it. */
const selfTest = async (lane: MockLane): Promise<void> => {
    await lane.rig.apply("ups1", { "ups.test.result": "In progress", "ups.status": "OB OFF LB" });
    await lane.more(6);
    await lane.rig.apply("ups1", { "ups.test.result": "Done and passed", "ups.status": "OL" });
};

/** For a loss of data that ends by itself, when a busy machine comes to it. */
const patient = { blindLeast: "120", blindMost: "120" };

const hosts = temporaryFolder();
const hostsFile = join(hosts.path, "hosts");

const faults: Fault[] = [
    { name: "no fault at all", kind: "passes", begin: () => undefined, named: /on mains|on battery/ },
    { name: "stale data", kind: "lost", begin: ({ rig }) => rig.stale("ups1"), named: /DATA-STALE/ },
    { name: "driver gone", kind: "lost", begin: ({ rig }) => rig.driverDown("ups1"), named: /DRIVER-NOT-CONNECTED/ },
    { name: "driver gone for 4 polls", kind: "passes", fields: { trigger: patient }, begin: async (lane) => {
        await lane.rig.driverDown("ups1");
        await lane.until("the loss", () => lane.says(/DRIVER-NOT-CONNECTED/));
        await lane.rig.driverUp("ups1");
        await lane.until("good readings again", () => lane.readings().at(-1)?.quality === "good");
    }, named: /DRIVER-NOT-CONNECTED/ },
    { name: "upsd restarted", kind: "passes", fields: { trigger: patient }, begin: async (lane) => {
        await lane.rig.down();
        await lane.until("the loss", () => lane.says(/refused|hung up/));
        await lane.rig.up();
        await lane.until("good readings again", () => lane.readings().at(-1)?.quality === "good");
    }, named: /refused|hung up/ },
    { name: "upsd gone for good", kind: "lost", begin: ({ rig }) => rig.down(), named: /connection refused/ },
    { name: "half-open TCP", kind: "lost", begin: spoil("black-hole"), named: /no answer within 5 s/ },
    { name: "hangs up at each question", kind: "lost", begin: spoil("hang-up"), named: /hung up/ },
    { name: "reset in the middle of an answer", kind: "lost", begin: spoil("reset"), named: /in the middle of its answer|closed by the other side/ },
    { name: "noise for answers", kind: "lost", begin: spoil("garbage"), named: /is no answer that NUT gives here/ },
    { name: "an answer without end", kind: "lost", begin: spoil("endless"), named: /a list without an end/ },
    { name: "slow server, 1.5 s an answer", kind: "passes", begin: spoil("slow", 1500), named: /on mains|on battery/ },
    { name: "answers in crumbs", kind: "passes", begin: spoil("halves"), named: /on mains|on battery/ },
    { name: "DNS gone, and the connection with it", kind: "lost", fields: (sim) => {
        const host = `ups${sim.port}.example`;
        appendFileSync(hostsFile, `${host} 127.0.0.1\n`);
        return { server: { host } };
    }, begin: ({ rig }) => {
        writeFileSync(hostsFile, readFileSync(hostsFile, "utf8").replace(`ups${rig.port}.example`, "gone.example"));
        rig.hangUp();
    }, named: /ups\d+\.example.*not reachable \(ENOTFOUND\)/ },
    { name: "wrong UPS name", kind: "lost", start: { reader: { ups: "nosuch" } }, begin: () => undefined, inOutage: { begin: rename, named: /there is no such UPS: the server has other/ }, named: /there is no such UPS: the server has ups1/ },
    { name: "wrong password", kind: "passes", fields: { credentials: { user: "mon", password: "wrong" } }, begin: () => undefined, named: /credentials-refused/ },
    { name: "TLS refused", kind: "lost", start: { server: { tls: "required" } }, options: { tls: true }, fields: ({ identity }) => ({ server: { tls: "required", pin: new X509Certificate(identity.certificate).fingerprint256 } }), begin: ({ rig }) => {
        rig.model.tls = false;
        rig.hangUp();
    }, named: /no TLS \(FEATURE-NOT-CONFIGURED\): nothing was sent in the clear/ },

    { name: "charge that is no number", kind: "passes", begin: apply({ "battery.charge": "NA" }), named: /no charge is measured|on mains/, inOutage: { begin: apply({ "battery.charge": "NA" }), named: /no charge is measured/ } },
    { name: "charge and runtime lost", kind: "flag", begin: apply({ "battery.charge": "", "battery.runtime": "" }), named: /on mains/, inOutage: { begin: apply({ "battery.charge": "", "battery.runtime": "" }), named: /no charge is measured/ } },
    { name: "runtime 65535", kind: "passes", begin: apply({ "battery.runtime": "65535" }), named: /on mains/, inOutage: { begin: apply({ "battery.runtime": "65535" }), named: /runtime 65535 s is no runtime: ignored/ } },
    { name: "garbage for a status", kind: "lost", begin: apply({ "ups.status": "%% OLOB VENDOR:7" }), named: /neither OL nor OB in "%% OLOB VENDOR:7"/ },
    { name: "an empty status", kind: "lost", begin: apply({ "ups.status": " " }), named: /neither OL nor OB/ },
    { name: "charge that jumps", kind: "passes", begin: each((poll) => ({ "battery.charge": poll % 3 === 0 ? "3" : "60" })), named: /on mains, 3 %/, inOutage: { begin: each((poll) => (poll > 12 ? {} : { "battery.charge": poll % 3 === 0 ? "3" : "60" })), named: /charge 3 % jumped from 60 %: the next reading must confirm it/ } },
    { name: "calibration", kind: "floor", begin: apply({ "ups.status": "OB CAL LB", "battery.charge": "30", "battery.runtime": "100" }), named: /calibration: charge 30 % is not below the hard floor of 10 %/, inOutage: { begin: apply({ "ups.status": "OB CAL LB" }), named: /calibration/ } },
    { name: "self-test with OFF and LB", kind: "passes", begin: selfTest, named: /self-test/, inOutage: { begin: async (lane) => {
        await lane.rig.apply("ups1", { "ups.test.result": "In progress" });
        await lane.more(4);
        await lane.rig.apply("ups1", { "ups.test.result": "Done and passed" });
        await lane.more(1);
    }, named: /self-test/ } },
    { name: "LB on mains, or for a moment", kind: "passes", begin: apply({ "ups.status": "OL LB RB", "battery.charge": "12", "battery.runtime": "40" }), named: /LB while mains is present: ignored/, inOutage: { begin: each((poll) => ({ "ups.status": poll % 8 === 3 ? "OB LB" : "OB" })), named: /LB for 0 s/ } },
    { name: "OFF for a moment", kind: "passes", fields: { trigger: { outputOff: "30" } }, begin: each((poll) => ({ "ups.status": poll < 2 ? "OL OFF" : "OL" })), named: /OFF for \d+ s; it must last 30 s/, inOutage: { begin: each((poll) => (poll > 2 ? {} : { "ups.status": poll < 2 ? "OB OFF" : "OB" })), named: /OFF for \d+ s; it must last 30 s/ } },
    { name: "discharging on mains", kind: "passes", begin: apply({ "ups.status": "OL DISCHRG", "battery.charge": "5", "battery.runtime": "30" }), named: /discharging while mains is present: no outage/, inOutage: { begin: () => undefined, named: /./ } },
    { name: "everything frozen", kind: "frozen", fields: { trigger: { frozen: "10" } }, begin: () => undefined, named: /on mains/, inOutage: { begin: apply({ "battery.runtime": "603" }), named: /no number has moved for \d+ s: frozen/ } },
];

describe("faults of the evidence, from the server to the decision", function () {
    this.timeout(480_000);
    let red: NodeRed;
    const rigs: NutServerSimulator[] = [];
    const plays = new Map<string, Promise<string>>();
    const matrix = new Map<string, [string, string]>();

    const laneOf = async (fault: Fault, place: number, variant: "mains" | "outage"): Promise<MockLane> => {
        const wrong = variant === "mains" ? fault.start : undefined;
        const sim = await new NutServerSimulator(fault.name === "TLS refused" && wrong ? {} : fault.options).start();
        rigs.push(sim);
        return new Lane(`${variant}_${place}`, sim, wrong ?? (typeof fault.fields === "function" ? fault.fields(sim) : fault.fields));
    };

    /** Mains all the time: returns what was seen, or throws. */
    const onMains = async (lane: MockLane, { begin, named, start, kind }: Fault): Promise<string> => {
        if (!start) await lane.onMains();
        await begin(lane);
        await lane.until(`${String(named)} in the log`, () => lane.says(named), 120_000);
        await lane.more(kind === "lost" ? 3 : 8);
        assert.deepEqual(lane.shutdowns().map(({ text }) => text), []);
        return "nothing";
    };

    /** A true outage: the decision has to come, and in time. */
    const inOutage = async (lane: MockLane, fault: Fault): Promise<string> => {
        const { kind } = fault;
        const { begin, named = fault.named } = fault.inOutage ?? fault;
        await lane.onMains();
        await lane.onBattery();
        const began = lane.count - 1;
        await begin(lane);
        if (kind === "passes" || kind === "flag" || kind === "floor") {
            await lane.until(`${String(named)} in the log`, () => lane.says(named));
            await lane.more(2);
            assert.deepEqual(lane.shutdowns().map(({ text }) => text), [], "not before the threshold is passed");
            if (kind === "flag") await lane.rig.apply("ups1", { "ups.status": "OB LB" });
            else await lane.rig.apply("ups1", kind === "floor" ? { "battery.charge": "7" } : { "battery.charge": "15", "battery.runtime": "300" });
        }
        await lane.until("the decision", () => lane.shutdowns().length > 0);
        await lane.until(`${String(named)} in the log`, () => lane.says(named));
        await lane.more(2);
        const [decision, ...others] = lane.shutdowns();
        assert.deepEqual(others.map(({ text }) => text), []);
        assert.ok(decision !== undefined);

        const verdicts = lane.verdicts();
        const readings = lane.readings();
        const decided = verdicts.findIndex(({ change }) => change === "shutdown");
        const pause = lane.longestPause(began);
        const since = (place: number): number => (decision.at - (readings[place]?.at ?? 0)) / 1000;
        if (kind === "passes" || kind === "floor") {
            const limit = kind === "floor" ? 10 : 20;
            const past = readings.findIndex(({ charge = 100, runtime = 65_535 }, place) => place > began && (charge < limit || runtime < 600) && !(charge === 3));
            const polls = lane.polls(past, decided);
            assert.ok(past >= 0 && polls <= 2, `${polls} polls: ${decision.text}`);
            return `${polls} of 2 polls, ${String(decision.rule)}`;
        }
        if (kind === "flag") {
            const took = since(readings.findIndex(({ flags = [] }) => flags.includes("LB")));
            assert.ok(took <= 3 + 2 * pause, `${took} s`);
            return `${took.toFixed(1)} of 3 s, ${String(decision.rule)}`;
        }
        const known = readings.findLastIndex(({ quality, mains }, place) => place < decided && quality === "good" && mains === "absent");
        const took = kind === "lost" ? since(known) : since(readings.findIndex(({ runtime }) => runtime === 603));
        const most = kind === "lost" ? 6 : 10;
        assert.ok(decision.rule === "failsafe" && took >= 2.9 && took <= most + 2 * pause, `${took} s, ${decision.text}`);
        return `${took.toFixed(1)} of ${most} s, failsafe`;
    };

    before(async () => {
        red = await startNodeRed({ env: { NODE_OPTIONS: `--require=${join(__dirname, "../support/hosts.cjs")}`, RIDETHROUGH_HOSTS: hostsFile } });
        const lanes: { fault: Fault; variant: "mains" | "outage"; lane: MockLane }[] = [];
        for (const [place, fault] of faults.entries()) for (const variant of ["mains", "outage"] as const) lanes.push({ fault, variant, lane: await laneOf(fault, place, variant) });
        await deployLanes(red, lanes.map(({ lane }) => lane));
        for (const { fault, variant, lane } of lanes) {
            const play = variant === "mains" ? onMains(lane, fault) : inOutage(lane, fault);
            play.catch(() => undefined);
            plays.set(`${variant} ${fault.name}`, play);
        }
    });
    after(async () => {
        console.log(["", `${"fault".padEnd(42)}on mains   in an outage`, ...[...matrix].map(([name, [mains, outage]]) => `${name.padEnd(42)}${mains.padEnd(11)}${outage}`)].join("\n"));
        await red?.stop();
        await Promise.all(rigs.map((rig) => rig.stop()));
        await hosts.remove();
    });

    const seen = async (variant: "mains" | "outage", { name }: Fault): Promise<void> => {
        const cells = matrix.get(name) ?? ["?", "?"];
        matrix.set(name, cells);
        cells[variant === "mains" ? 0 : 1] = "WRONG";
        cells[variant === "mains" ? 0 : 1] = (await plays.get(`${variant} ${name}`)) ?? "?";
    };
    for (const fault of faults) {
        it(`${fault.name}, with mains present: no shutdown, and named`, () => seen("mains", fault));
        it(`${fault.name}, in an outage: shut down in time (${fault.kind}), and named`, () => seen("outage", fault));
    }
    it("Node-RED lived through all of it", () => assert.equal(red.ended, false));
});
