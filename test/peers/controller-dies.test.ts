import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../../lib/shutdown/progress";
import { startNodeRed, type NodeRed } from "../support/node-red";
import { Site, stepOf, type SiteHost } from "../support/site-flow";
import { temporaryFolder } from "../support/temporary-folder";
import { Lab, labMissing, recommendedSudoers, type HostPlan, type LabHost } from "./lab";

/** Who goes first and last, and what becomes of each in the middle of the run. */
const plan: (Pick<HostPlan, "light"> & Pick<SiteHost, "name" | "after" | "priority"> & { stopSeconds?: number; held?: true; fate: "stays with us" | "loses power" | "loses its switch" })[] = [
    { name: "shed", light: true, priority: "early", fate: "stays with us" },
    { name: "web", fate: "stays with us" },
    { name: "db", after: ["web"], held: true, fate: "stays with us" },
    { name: "victim", stopSeconds: 30, fate: "loses power" },
    { name: "far1", stopSeconds: 30, fate: "loses its switch" },
    { name: "far2", light: true, stopSeconds: 30, fate: "loses its switch" },
    { name: "nas", priority: "core", fate: "stays with us" },
];
const named = (fate: string): string[] => plan.filter((host) => host.fate === fate).map(({ name }) => name);

describe("a run that loses its controller, a host and a switch in the middle", function () {
    this.timeout(480_000);
    let folder: ReturnType<typeof temporaryFolder> | undefined;
    let lab: Lab;
    let hosts: LabHost[];
    let red: NodeRed;
    let site: Site;
    let result: RunResult;
    const host = (name: string): LabHost => hosts.find((each) => each.name === name) ?? assert.fail(name);
    const downAt = (name: string): number => host(name).log.find(({ what }) => what === "going down")?.at ?? assert.fail(`${name} did not go down`);

    before(async function () {
        const missing = labMissing();
        if (missing !== undefined) {
            console.log(`skipped: ${missing}`);
            this.skip();
        }
        lab = await Lab.start();
        hosts = await Promise.all(plan.map(({ name, light = false, stopSeconds = 0.5, held = false }) => {
            const services = [{ name: "work", stopSeconds, held }];
            return lab.host({ name, light, services, sudoers: recommendedSudoers(services, "/usr/sbin/poweroff") });
        }));
        const { path: userDir } = folder = temporaryFolder();
        const start = (): Promise<NodeRed> => startNodeRed({ userDir, prefix: lab.inController });
        red = await start();
        site = new Site({ name: "rack", proofS: 100, hosts: plan.map(({ name, after = [], priority = "normal" }) => ({ name, after, priority, services: ["work"], address: host(name).address, hostKey: host(name).hostKey })) });
        await red.deploy(site.flow(join(lab.seen, "id")));

        // In the middle it is for as long as the controller lives.
        const held = join(host("db").seen, "opt/held");
        writeFileSync(held, "");
        await site.outage(red);
        await site.reaches(red, "db/stop-service/work", "running");
        await Promise.all([red.kill(), ...named("loses power").map((name) => host(name).losePower()), ...named("loses its switch").map((name) => host(name).cutCable())]);
        rmSync(held);
        red = await start();
        result = await site.result(red, 1, 240_000);
    });
    after(async () => {
        await red?.stop();
        await lab?.stop();
        await folder?.remove();
    });

    it("goes on when the controller is back, and says so", () => {
        assert.ok(red.log.some(({ text }) => /^run \S+ was interrupted \(rack: the battery is low\): continuing it$/.test(text)), red.log.map(({ text }) => text).join("\n"));
    });

    it("ends with every host dark that can be reached, once, each service stopped before", () => {
        for (const name of named("stays with us")) assert.deepEqual([host(name).isUp, host(name).log.map(({ what }) => what)], [false, ["stopped work", "going down"]], `${name}: ${result.text}`);
    });

    it("keeps the order of the plan: who is shed before everybody else, storage when everybody else has gone", () => {
        for (const name of ["web", "db"]) assert.ok(downAt("shed") < downAt(name) && downAt(name) < downAt("nas"), name);
    });

    it("tells no host to go down that it cannot reach", () => {
        for (const name of named("loses its switch")) assert.ok(host(name).isUp && host(name).log.every(({ what }) => what !== "going down"), JSON.stringify(host(name).log));
    });

    it("reports what is true: dark by the network, or not reached", () => {
        for (const name of named("stays with us")) {
            const steps = ["stop-service/work", "power-off", "prove"].map((step) => stepOf(result, `${name}/${step}`));
            assert.deepEqual(steps.map(({ state, proof }) => proof ?? state), ["done", "done", "network"], `${name}: ${result.text}`);
        }
        const lost = [...named("loses power"), ...named("loses its switch")];
        for (const name of lost) {
            const [off, seen] = [stepOf(result, `${name}/power-off`), stepOf(result, `${name}/prove`)];
            assert.deepEqual([off.state, seen.state, seen.proof], ["failed", "skipped", undefined], `${name}: ${result.text}`);
            assert.match(off.error ?? "", /not reachable|no answer/);
        }
        const [sum = "", ...lines] = result.text.split("\n");
        assert.equal(result.outcome, "incomplete");
        assert.equal(sum, "4 services stopped, final command taken by 4 of 7 hosts, 4 seen dark (4 by the network)");
        assert.deepEqual(lines.map((line) => line.split(":")[0]).sort(), lost.sort());
    });

    it("is not begun again in the same outage", async () => {
        await site.outage(red);
        await red.eventually(() => red.log.some(({ text }) => text.endsWith("ignored, the shutdown of this outage has run already")), 45_000, () => "the sequencer to say so");
        assert.equal(site.results(red).length, 1);
    });
});
