import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Classified } from "../../lib/power/power-state";
import type { RunResult, StepView } from "../../lib/shutdown/progress";
import { at, monitorFlow, type MonitorOptions } from "../support/armed-flow";
import { startNodeRed, type NodeRed } from "../support/node-red";
import { Lab, labMissing, recommendedSudoers, type LabHost } from "./lab";

const services = { nas: ["postgresql", "nfs-server"], apps: ["web-frontend", "grafana-server"] };

/** A simulated plug in the controller's network. */
class LabPlug {
    private constructor(readonly child: ChildProcess, readonly port: number) {}
    static start(lab: Lab): Promise<LabPlug> {
        const [program = "", ...rest] = [...lab.inController, process.execPath, "--import", "tsx", join(__dirname, "plug-process.ts")];
        const child = spawn(program, rest, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
        return new Promise((resolve, reject) => {
            child.once("message", ({ port }: { port: number }) => resolve(new LabPlug(child, port)));
            child.once("exit", (code) => reject(new Error(`the plug ended with ${code}`)));
        });
    }
    setWatts(watts: number): void {
        this.child.send({ watts });
    }
    async stop(): Promise<void> {
        const ended = new Promise((resolve) => this.child.once("exit", resolve));
        this.child.disconnect();
        await ended;
    }
}

describe("an armed shutdown of two real hosts", function () {
    this.timeout(300_000);
    let lab: Lab;
    let nas: LabHost;
    let apps: LabHost;
    let plug: LabPlug;
    let red: NodeRed | undefined;

    before(async function () {
        const missing = labMissing();
        if (missing !== undefined) {
            console.log(`skipped: ${missing}`);
            this.skip();
        }
        lab = await Lab.start();
        [nas, apps] = await Promise.all((["nas", "apps"] as const).map((name) => lab.host({ name, services: services[name].map((service) => ({ name: service })) }))) as [LabHost, LabHost];
        plug = await LabPlug.start(lab);
    });
    after(async () => {
        await plug?.stop();
        await lab?.stop();
    });
    beforeEach(() => plug.setWatts(420));
    afterEach(async () => {
        await red?.stop();
        red = undefined;
        for (const host of [nas, apps]) {
            await host.plugCable();
            if (host.log.some(({ what }) => what === "going down")) await host.off();
            if (!host.isUp) await host.powerOn();
            for (const service of host.plan.services) await host.run("systemctl", "start", service.name);
            allow(host, recommendedSudoers(host.plan.services));
            host.clearLog();
        }
    });

    const allow = (host: LabHost, sudoers: string[]): void => writeFileSync(join(host.seen, "etc/sudoers.d/ridethrough"), `${sudoers.join("\n")}\n`, { mode: 0o440 });
    /** Starts the monitor in the controller's network and waits until it knows that power is healthy. */
    const watch = async (options: Partial<MonitorOptions> = {}, more: { nas?: object; apps?: object } = {}): Promise<NodeRed> => {
        red = await startNodeRed({ prefix: lab.inController });
        await red.deploy(monitorFlow({
            plug, keyFile: join(lab.seen, "id"),
            hosts: [
                { name: "apps", address: apps.address, hostKey: apps.hostKey, services: services.apps, ...more.apps },
                { name: "nas", address: nas.address, hostKey: nas.hostKey, services: services.nas, after: ["apps"], ...more.nas },
            ],
            ...options,
        }));
        const running = red;
        const power = (): Classified | undefined => running.received(at.reading).at(-1)?.power as Classified | undefined;
        await running.eventually(() => power()?.state === "HEALTHY", 45_000, () => `HEALTHY, not ${JSON.stringify(power())}`);
        return running;
    };
    /** The battery runs low; resolves with the report of the run. */
    const outage = async (running: NodeRed, withinMs = 120_000): Promise<RunResult> => {
        plug.setWatts(25);
        // The same output tells who can't be reached.
        const found = (): RunResult | undefined => running.received(at.result).map((msg) => msg.result as RunResult | undefined).find((result) => result !== undefined);
        await running.eventually(() => found() !== undefined, withinMs, () => "the report of the run");
        return found() as RunResult;
    };
    const step = (result: RunResult, id: string): StepView => {
        const found = result.steps.find((candidate) => candidate.id === id);
        assert.ok(found !== undefined, `${id} in ${result.steps.map((each) => each.id).join(", ")}`);
        return found;
    };
    /** What a host wrote down agrees with what the report says of it. */
    const agrees = (result: RunResult, host: LabHost): void => {
        for (const service of host.plan.services) {
            const { state, startedAt = 0, endedAt = 0 } = step(result, `${host.name}/stop-service/${service.name}`);
            const noted = host.log.find(({ what }) => what === `stopped ${service.name}`);
            assert.equal(state, "done", `${host.name} ${service.name}`);
            assert.ok(noted !== undefined && noted.at >= startedAt - 50 && noted.at <= endedAt + 50, `${service.name}: report ${startedAt}..${endedAt}, host ${noted?.at}`);
        }
    };
    const stopped = (host: LabHost): string[] => host.log.filter(({ what }) => what.startsWith("stopped ")).map(({ what }) => what.slice("stopped ".length));

    it("stops their services in order and powers both off, and each host's own log agrees with the report", async () => {
        for (const host of [nas, apps]) allow(host, recommendedSudoers(host.plan.services, "/usr/sbin/poweroff"));
        const result = await outage(await watch({ final: "poweroff" }));
        assert.deepEqual([result.outcome, result.mode, result.simulated], ["completed", "live", undefined], JSON.stringify(result, null, 1));
        await Promise.all([nas.off(), apps.off()]);
        for (const host of [nas, apps]) {
            agrees(result, host);
            assert.deepEqual(host.log.map(({ what }) => what), [...services[host.name as "nas"].map((name) => `stopped ${name}`), "going down"]);
            assert.equal(step(result, `${host.name}/power-off`).state, "done");
            assert.ok((host.log.at(-1)?.at ?? 0) >= (step(result, `${host.name}/power-off`).startedAt ?? Infinity) - 50);
        }
        assert.ok((apps.log[1]?.at ?? Infinity) <= (nas.log[0]?.at ?? 0), "nas waited for apps");
    });

    it("schedules S0's shutdown -h +2 on both with nothing but the sudoers lines of the docs, and `shutdown -c` takes it back", async () => {
        const running = await watch();
        const before = Date.now();
        const result = await outage(running);
        assert.equal(result.outcome, "completed", JSON.stringify(result, null, 1));
        for (const host of [nas, apps]) {
            agrees(result, host);
            const due = (host.scheduledShutdown ?? 0) - before;
            assert.ok(due > 110_000 && due < 180_000, `${host.name}: due in ${due} ms`);
            await host.run("shutdown", "-c");
            assert.equal(host.scheduledShutdown, undefined);
            assert.equal(host.isUp, true);
        }
    });

    it("is not held up by a host whose cable is out", async () => {
        const running = await watch({}, { nas: { after: [] } });
        await apps.cutCable();
        const result = await outage(running);
        assert.equal(result.outcome, "incomplete");
        agrees(result, nas);
        assert.notEqual(nas.scheduledShutdown, undefined);
        await nas.run("shutdown", "-c");
        assert.match(result.steps.filter(({ host, state }) => host === "apps" && state === "failed").map(({ error }) => error).join(), /not reachable|no answer/);
        const lasted = ({ startedAt = NaN, endedAt = NaN }: StepView): number => endedAt - startedAt;
        const its = result.steps.filter(({ host, kind }) => host === "nas" && kind !== "prove");
        const idle = (its.at(-1)?.endedAt ?? NaN) - result.startedAt - its.reduce((sum, each) => sum + lasted(each), 0);
        // A busy machine makes steps longer, not the time between them.
        assert.ok(idle < lasted(step(result, "apps/connect")) / 2, `nas waited for ${idle} ms between its steps: ${JSON.stringify(result.steps)}`);
        assert.deepEqual(stopped(apps), []);
    });

    it("refuses a host whose key is not the pinned one, and tells it nothing", async () => {
        const result = await outage(await watch({}, { apps: { hostKey: nas.hostKey }, nas: { after: [] } }));
        assert.equal(result.outcome, "incomplete");
        assert.match(result.steps.filter(({ host, state }) => host === "apps" && state === "failed").map(({ error }) => error).join(), /host key/i);
        assert.deepEqual([stopped(apps), apps.scheduledShutdown], [[], undefined]);
        agrees(result, nas);
        await nas.run("shutdown", "-c");
    });

    it("says that a sudo rule is missing, goes on with the next service, and still powers the host off", async () => {
        allow(apps, recommendedSudoers([{ name: "grafana-server" }]));
        const result = await outage(await watch());
        assert.equal(result.outcome, "incomplete");
        assert.match(step(result, "apps/stop-service/web-frontend").error ?? "", /sudo/);
        assert.deepEqual(stopped(apps), ["grafana-server"]);
        assert.notEqual(apps.scheduledShutdown, undefined);
        agrees(result, nas);
        for (const host of [nas, apps]) await host.run("shutdown", "-c");
    });
});
