import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { containerIn } from "../../lib/shutdown/actions/own-container";
import type { PlanDrill } from "../../lib/shutdown/drill-book";
import { parsePlan, type StepDraft } from "../../lib/shutdown/plan";
import type { RunProgress, RunResult, StepView } from "../../lib/shutdown/progress";
import { targetKit } from "../../lib/shutdown/target-kit";
import { startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";
import { guestServersMissing, installDocker, installLibvirt, installMounts, installPodman, mountsOf, sh, stacks, type ContainerTruth, type Engine, type Machines } from "./guest-servers";
import { Lab, labMissing, type LabHost } from "./lab";

const names = ["dock", "pods", "virt", "files"] as const;
type Name = (typeof names)[number];
type Steps = Record<Name, StepDraft[]>;

const mounts = ["/mnt/nas", "/srv/media", "/srv/scratch"];
const shop = { file: stacks.shop, program: "docker-compose", graceS: 2 };

/** Lasts until the test opens the gate. */
const gate: StepDraft = { action: "command", params: { command: ["/usr/local/bin/gate"], undo: ["/usr/local/bin/gate", "back"] }, timeoutS: 240 };
/** A run whose last step is the gate, so that it can still be put back. */
const first: Steps = {
    dock: [{ action: "stop-compose", params: shop, timeoutS: 90 }, { action: "stop-docker", params: { graceS: 3 }, timeoutS: 60 }],
    pods: [
        { action: "stop-compose", params: { file: stacks.blog, program: "podman-compose", how: "down", graceS: 2 }, timeoutS: 90 },
        { action: "stop-podman", params: { graceS: 2 }, timeoutS: 60 },
        { action: "stop-podman", params: { user: "alice", graceS: 2 }, timeoutS: 60 },
    ],
    virt: [{ action: "stop-vms", params: { graceS: 8 }, timeoutS: 60 }],
    files: [{ action: "sync", timeoutS: 60 }, { action: "unmount", params: { mounts, graceS: 2 }, timeoutS: 60 }, gate],
};
/** One that goes to its end, although dockerd answers no more from the gate on. */
const second: Steps = {
    dock: [{ action: "stop-compose", params: { ...shop, how: "down" }, timeoutS: 90 }, gate, { action: "stop-docker", params: { graceS: 1 }, timeoutS: 16 }],
    pods: [],
    virt: [{ action: "stop-vms", params: { except: ["stuck"], graceS: 40 }, timeoutS: 60 }],
    files: [{ action: "unmount", params: { mounts, graceS: 10 }, timeoutS: 25 }],
};

const id = (name: string): string => Buffer.from(name.padEnd(8, ".")).toString("hex");
const at = { tab: id("tab"), plan: id("plan"), begin: id("begin"), cancel: id("cancel"), sequencer: id("sequence"), progress: id("progress"), result: id("result") };

describe("guests of real servers, stopped and put back by a plan: dockerd, podman, libvirt, mounts", function () {
    this.timeout(600_000);
    let lab: Lab;
    let hosts: Record<Name | "nas", LabHost>;
    let docker: Engine;
    let podman: Engine;
    let hers: Engine;
    let machines: Machines;
    let red: NodeRed;

    /** What the servers themselves say. */
    interface Truth {
        docker: Record<string, ContainerTruth>;
        podman: Record<string, ContainerTruth>;
        hers: Record<string, ContainerTruth>;
        machines: Record<string, string>;
        mounts: string[];
    }
    const look = async (): Promise<Truth> => {
        const [inDocker, inPodman, inHers, ofMachines, ofMounts] = await Promise.all([docker.truth(), podman.truth(), hers.truth(), machines.truth(), mountsOf(hosts.files)]);
        return { docker: inDocker, podman: inPodman, hers: inHers, machines: ofMachines, mounts: ofMounts };
    };

    before(async function () {
        const missing = labMissing() ?? guestServersMissing();
        if (missing !== undefined) {
            console.log(`skipped: ${missing}`);
            this.skip();
        }
        lab = await Lab.start();
        const publicKey = readFileSync(join(lab.seen, "id.pub"), "utf8").split(" ").slice(0, 2).join(" ");
        const build = async (name: Name): Promise<LabHost> => {
            const { plan, problems } = parsePlan({ hosts: [{ name, steps: [...first[name], ...second[name]], final: "none" }] });
            const [planned] = plan?.hosts ?? [];
            ok(planned, problems.join());
            const kit = targetKit(planned, { user: "power", root: false, publicKey });
            const host = await lab.host({ name, services: [], nested: true, sudoers: [kit.sudoers ?? ""] });
            writeFileSync(join(host.seen, kit.forcedCommand.path), kit.forcedCommand.text, { mode: 0o755 });
            writeFileSync(join(host.seen, "home/power/.ssh/authorized_keys"), kit.authorizedKeys);
            writeFileSync(join(host.seen, "usr/local/bin/gate"), '#!/bin/sh\n[ "${1-}" != back ] || exec touch /opt/gate.back\nuntil [ -e /opt/gate.open ]; do sleep 0.1; done\n', { mode: 0o755 });
            return host;
        };
        const [dock, pods, virt, files, nas] = await Promise.all([build("dock"), build("pods"), build("virt"), build("files"), lab.host({ name: "nas", services: [], light: true, sudoers: ["# nothing"] })]);
        hosts = { dock, pods, virt, files, nas };
        await Promise.all([
            installDocker(hosts.dock).then((installed) => { docker = installed; }),
            installPodman(hosts.pods).then((installed) => { [podman, hers] = [installed.podman, installed.hers]; }),
            installLibvirt(hosts.virt).then((installed) => { machines = installed; }),
            installMounts(hosts.files, hosts.nas),
        ]);
        // Node-RED sees the file that Docker has mounted into one of its containers, as if it ran in there.
        const hostname = join(lab.folder, "dock/root", (await docker.run("inspect -f '{{.HostnamePath}}' node-red")).trim());
        const inContainer = ["nsenter", "-t", String(lab.world.pid), "-m", "--", "unshare", "-m", "sh", "-c", 'umount -l /etc/hostname /etc/hosts /etc/resolv.conf 2>/dev/null; mount --bind "$0" /etc/hostname && exec "$@"', hostname];
        red = await startNodeRed({ prefix: [...lab.inController, ...inContainer] });
    });
    after(async () => {
        await red?.stop();
        await lab?.stop();
    });

    const flow = (steps: Steps, stream: string, transport: "ssh2" | "ssh"): FlowNode[] => {
        const place = { z: at.tab, x: 0, y: 0 };
        const stored = ({ action, params = {}, timeoutS }: StepDraft): object => ({ action, timeout: String(timeoutS), params: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, Array.isArray(value) ? value.join(" ") : String(value)])) });
        const command = { action: "shutdown", reason: "the battery is low", stream, conclusive: true };
        return [
            { id: at.tab, type: "tab", label: "guests" },
            ...names.map((name): FlowNode => ({ id: id(name), type: "power-host", version: 2, name, kind: "ssh", host: hosts[name].address, port: "22", user: "power", auth: "keyFile", keyFile: join(lab.seen, "id"), transport, trust: "pinned", hostKey: hosts[name].hostKey, confined: true })),
            { id: at.plan, type: "shutdown-plan", version: 1, hosts: names.map(id), steps: names.map((name) => ({ services: [], actions: steps[name].map(stored), after: [], stopTimeout: "30" })), final: "none", delay: "2", evidenceDays: "30" },
            { id: at.begin, type: "inject", ...place, props: [{ p: "command", v: JSON.stringify(command), vt: "json" }], wires: [[at.sequencer]] },
            { id: at.cancel, type: "inject", ...place, props: [{ p: "payload" }], payload: "cancel", payloadType: "str", wires: [[at.sequencer]] },
            { id: at.sequencer, type: "shutdown-sequencer", ...place, version: 2, plan: at.plan, dryRun: false, enabled: true, startOn: "critical", rootKnown: true, openKnown: true, check: "0", wires: [[at.progress], [at.result]] },
            ...[at.progress, at.result].map((name): FlowNode => ({ id: name, type: "debug", ...place, active: false, wires: [] })),
        ];
    };
    const steps = (): StepView[] => (red.received(at.progress).at(-1)?.progress as RunProgress | undefined)?.steps ?? [];
    const step = (wanted: string): StepView & { startedAt: number; endedAt: number } => {
        const found = steps().find((each) => each.id === wanted);
        ok(found?.startedAt !== undefined && found.endedAt !== undefined, `${wanted} in ${JSON.stringify(steps())}`);
        return found as StepView & { startedAt: number; endedAt: number };
    };
    const states = (all: readonly StepView[]): Record<string, string> => Object.fromEntries(all.map(({ id: name, state, error }) => [name, error === undefined ? state : `${state}: ${error}`]));
    const report = async (): Promise<RunResult> => {
        const found = (): RunResult | undefined => red.received(at.result).map((msg) => msg.result as RunResult | undefined).find((each) => each !== undefined);
        await red.eventually(() => found() !== undefined, 240_000, () => JSON.stringify(states(steps())));
        return found() as RunResult;
    };
    /** The engine, too, says that these ended while the step was being taken. */
    const endedWithin = (taken: { startedAt: number; endedAt: number }, ...those: (ContainerTruth | undefined)[]): void => {
        for (const one of those) ok(one !== undefined && !one.running && one.finishedAt >= taken.startedAt && one.finishedAt <= taken.endedAt, JSON.stringify([one, taken]));
    };

    let atFirst: Truth;

    it("are found by a drill, with the rights and the key of the plan's own kit, and are not touched", async () => {
        atFirst = await look();
        await red.deploy(flow(first, "ups", "ssh2"));
        const answer = (await (await red.request(`ridethrough/shutdown-plan/${at.plan}/drill`, { method: "POST", body: {} })).json()) as { ok: boolean; error?: string; drill: PlanDrill };
        ok(answer.ok, answer.error);
        deepEqual(answer.drill.hosts.flatMap(({ checks }) => checks.filter((check) => !check.ok)), []);
        deepEqual(answer.drill.hosts.map(({ checks }) => checks.length > 1), names.map(() => true));
        deepEqual(await look(), atFirst);
    });

    it("include the container that Node-RED runs in, which knows itself by what its engine has mounted", async () => {
        for (const engine of [docker, podman, hers]) {
            const container = engine === hers ? "notes" : "web";
            const own = (await engine.run('inspect -f "{{.Id}}" "$1"', container)).trim();
            equal(containerIn(await engine.run(`exec ${container} cat /proc/self/mountinfo`), await engine.run(`exec ${container} cat /proc/self/cgroup`)), own, engine.words);
        }
    });

    describe("when their network storage is gone and the plan is carried out", () => {
        let stopped: Truth;
        /** A process that asks the dead storage, as its host counts processes. */
        let reader: string;
        const finalStep = "files/command";

        before(async () => {
            await hosts.nas.blackHole();
            reader = (await sh(hosts.files, "df /mnt/nas </dev/null >/dev/null 2>&1 & echo $!")).trim();
            await red.inject(at.begin);
            await red.eventually(() => steps().length > 0 && steps().every(({ id: name, state }) => state === (name === finalStep ? "running" : state) && state !== "planned" && (state !== "running" || name === finalStep)), 240_000, () => JSON.stringify(states(steps())));
            stopped = await look();
        });

        it("all steps are reported as done", () => {
            deepEqual(states(steps()), {
                ...Object.fromEntries(names.map((name) => [`${name}/connect`, "done"])),
                "dock/stop-compose": "done", "dock/stop-docker": "done", "pods/stop-compose": "done", "pods/stop-podman": "done", "pods/stop-podman/2": "done", "virt/stop-vms": "done", "files/sync": "done", "files/unmount": "done", [finalStep]: "running",
            });
        });

        it("Docker's containers have ended by themselves in their time, and were killed where they did not listen", () => {
            const { web, queue, legacy, resting } = stopped.docker;
            deepEqual([web?.exitCode, queue?.exitCode, legacy?.exitCode], [0, 0, 137]);
            const taken = step("dock/stop-docker");
            endedWithin(taken, web, queue, legacy);
            ok((queue?.finishedAt ?? 0) - taken.startedAt > 900, "it had the second that it takes");
            ok((legacy?.finishedAt ?? 0) - taken.startedAt >= 2900, "it had its 3 s");
            deepEqual(resting, atFirst.docker.resting, "what did not run is left alone");
        });

        it("the container of Node-RED goes on", () => deepEqual(stopped.docker["node-red"], atFirst.docker["node-red"]));

        it("a compose stack has stopped, and its containers are still there", () => {
            const { shop_front_1: front, shop_back_1: back } = stopped.docker;
            deepEqual([front?.exitCode, back?.exitCode], [0, 137]);
            endedWithin(step("dock/stop-compose"), front, back);
        });

        it("podman's containers have stopped, root's and those of a user without rights", () => {
            for (const [name, obeyed, forced] of [["stop-podman", stopped.podman.web, stopped.podman.legacy], ["stop-podman/2", stopped.hers.notes, stopped.hers.games]] as const) {
                deepEqual([obeyed?.exitCode, forced?.exitCode], [0, 137]);
                endedWithin(step(`pods/${name}`), obeyed, forced);
            }
        });

        it("a stack of podman-compose is gone", () => deepEqual(Object.keys(stopped.podman).sort(), ["legacy", "resting", "web"]));

        it("a machine that obeys is off at once, one that takes its time after that, and one that never does is unplugged when its time is over", () => {
            deepEqual(stopped.machines, { quick: "shut off (shutdown)", slow: "shut off (shutdown)", stuck: "shut off (destroyed)", spare: atFirst.machines.spare });
            const taken = step("virt/stop-vms");
            const [quick = 0, slow = 0, stuck = 0] = ["quick", "slow", "stuck"].map((name) => machines.endedAt(name) - taken.startedAt);
            ok(quick < slow && slow < stuck && slow >= 3000 && stuck >= 8000, JSON.stringify([quick, slow, stuck]));
            ok(taken.endedAt - taken.startedAt - stuck < 30_000, "and then nobody waited");
        });

        it("what is in memory is written to the disks although a mount is dead", () => ok(step("files/sync").endedAt - step("files/sync").startedAt < 50_000));

        it("a dead mount is let go of in time, and so is one in use", () => {
            deepEqual(stopped.mounts, []);
            const taken = step("files/unmount");
            ok(taken.endedAt - taken.startedAt < 30_000, `${taken.endedAt - taken.startedAt} ms`);
        });

        describe("and power returns", () => {
            let back: Truth;
            let result: RunResult;
            let cancelledAt: number;

            before(async () => {
                cancelledAt = Date.now();
                await red.inject(at.cancel);
                await sh(hosts.files, "touch /opt/gate.open");
                result = await report();
                back = await look();
            });

            it("each is put back, and what can't be is named", async () => {
                equal(result.outcome, "cancelled");
                const undone = states(result.steps.filter(({ kind }) => kind === "undo"));
                const { "files/unmount/undo": mounted, ...others } = undone;
                deepEqual(others, Object.fromEntries(["dock/stop-compose", "dock/stop-docker", "pods/stop-compose", "pods/stop-podman", "pods/stop-podman/2", "virt/stop-vms", finalStep].map((name) => [`${name}/undo`, "done"])));
                await sh(hosts.files, "[ -e /opt/gate.back ]");
                match(mounted ?? "", /^failed: exit status 1 \(not started: \/mnt\/nas: no answer in time;\)$/);
            });

            it("every container runs that ran before, newly started, and no other", () => {
                for (const engine of ["docker", "podman", "hers"] as const) {
                    const running = (truth: Truth): string[] => Object.entries(truth[engine]).filter(([, container]) => container.running).map(([name]) => name).sort();
                    deepEqual(running(back), running(atFirst), engine);
                    for (const name of running(back)) ok(name === "node-red" || (back[engine][name]?.startedAt ?? 0) >= cancelledAt, `${engine} ${name}`);
                }
            });

            it("newest first", () => {
                const began = [back.hers.notes, back.podman.web, back.podman.blog_front_1].map((container) => container?.startedAt ?? NaN);
                deepEqual(began, [...began].sort((a, b) => a - b));
            });

            it("the machines run that ran before", () => deepEqual(back.machines, { ...atFirst.machines, spare: stopped.machines.spare }));

            it("what is not on the dead storage is mounted again", () => deepEqual(back.mounts.filter((path) => path !== "/mnt/nas"), ["/srv/media", "/srv/scratch"]));

            it("what has hung on the dead mount can't be killed, and ends with the mount's server", async () => {
                await sh(hosts.files, `
kill -KILL "$1"
for left in $(seq 1000); do [ "$(cut -d" " -f3 "/proc/$1/stat")" != D ] || break; sleep 0.05; done
sleep 0.2; [ -d "/proc/$1" ]
kill -KILL "$(pgrep -o -f '^/sbin/mount[.]fuse[.]sshfs ')"
for left in $(seq 1000); do [ -d "/proc/$1" ] || exit 0; sleep 0.05; done
exit 1`, reader);
            });
        });
    });

    describe("when the network is well and the plan is carried out, by the system's own ssh", () => {
        let result: RunResult;
        let ran: Truth;
        let stopped: Truth;
        const taken = (name: string): { startedAt: number; endedAt: number } => {
            const { startedAt = NaN, endedAt = NaN } = result.steps.find((each) => each.id === name) ?? {};
            return { startedAt, endedAt };
        };

        before(async () => {
            await hosts.nas.openHole();
            await Promise.all([sh(hosts.files, "umount -l /mnt/nas 2>/dev/null || :; mount /mnt/nas"), machines.booted("quick", "slow", "stuck")]);
            ran = await look();
            await red.deploy(flow(second, "other-ups", "ssh"));
            red.forget();
            await red.inject(at.begin);
            await red.eventually(() => steps().find(({ id: name }) => name === "dock/command")?.state === "running", 120_000, () => JSON.stringify(states(steps())));
            await sh(hosts.dock, 'kill -STOP "$(cat /run/docker.pid)"; touch /opt/gate.open');
            result = await report();
            await sh(hosts.dock, 'kill -CONT "$(cat /run/docker.pid)"');
            stopped = await look();
        });

        it("what a daemon does not answer for is not taken for stopped, and holds up nothing else", () => {
            const { "dock/stop-docker": unknown, ...others } = states(result.steps);
            deepEqual([...new Set(Object.values(others))], ["done"]);
            match(unknown ?? "", /^failed: exit status 1 \(not known what runs here: no answer in time from docker ps /);
            equal(result.outcome, "incomplete");
            for (const name of ["web", "queue", "legacy", "node-red"]) deepEqual(stopped.docker[name], ran.docker[name]);
        });

        it("60 a real compose stack: it is gone, network and all, and down -t gave its containers their time", async () => {
            deepEqual(Object.keys(ran.docker).filter((name) => name.startsWith("shop_")).sort(), ["shop_back_1", "shop_front_1"]);
            deepEqual(Object.keys(stopped.docker).filter((name) => name.startsWith("shop_")), []);
            equal((await docker.run('network ls -q --filter "name=shop"')).trim(), "");
            // Compose's own time is 10 s, and ours would be over after 6.
            const [asked, killed] = await docker.signals("shop_back_1", taken("dock/stop-compose"));
            deepEqual([asked?.signal, killed?.signal], [15, 9]);
            const ms = (killed?.at ?? NaN) - (asked?.at ?? NaN);
            ok(ms >= 1500 && ms < 5500, `${ms} ms`);
        });

        it("a run waits for machines as long as they take, and no longer", () => {
            deepEqual(stopped.machines, { ...ran.machines, quick: "shut off (shutdown)", slow: "shut off (shutdown)" });
            const { startedAt, endedAt } = taken("virt/stop-vms");
            const slow = machines.endedAt("slow");
            ok(slow > startedAt && slow < endedAt && endedAt - slow < 15_000, JSON.stringify([startedAt, slow, endedAt]));
        });

        it("a mount whose server answers is unmounted in the ordinary way", () => {
            deepEqual([ran.mounts, stopped.mounts], [mounts, []]);
            const { startedAt, endedAt } = taken("files/unmount");
            ok(endedAt - startedAt < 9500, `${endedAt - startedAt} ms, before force`);
        });
    });
});
