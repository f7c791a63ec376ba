import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "../lib/kit/clock";
import { parsePinnedKey } from "../lib/shutdown/host-key";
import { RunJournal } from "../lib/shutdown/journal";
import { lintPlan } from "../lib/shutdown/lint";
import { parsePlan } from "../lib/shutdown/plan";
import { SshTransport, type SshTarget } from "../lib/shutdown/ssh";
import { SshProgram } from "../lib/shutdown/ssh-program";
import { stepsOf } from "../lib/shutdown/steps";
import type { Transport } from "../lib/shutdown/transport";
import { generateKeyPair } from "../test/simulators/ssh-host";
import { temporaryFolder } from "../test/support/temporary-folder";
import { startHosts } from "./devices";
import { atMost, median, quantile, type Figure } from "./figure";

const hosts = 100;
const rounds = 3;
const commands = 3;

/** What a host costs us by either way to log in, and what else a run needs: its journal, its plan. */
export async function measureSsh(): Promise<Figure[]> {
    return [...await measureWays(), await measureJournal(), ...measurePlan()];
}

/** Logins and commands on many hosts at once, by ssh2 and by the system's ssh in turns. */
async function measureWays(): Promise<Figure[]> {
    const { devices, stop } = await startHosts(hosts);
    const { private: privateKey } = generateKeyPair();
    const targets = devices.map(({ port, hostKey }, index): SshTarget => {
        const pin = parsePinnedKey(hostKey);
        if (pin === undefined) throw new Error("no host key");
        return { name: `host${index}`, host: "127.0.0.1", port, user: "power", auth: { kind: "key", privateKey }, pin };
    });
    const built: number[] = [];
    const system: number[] = [];
    // The first time of each loads what it needs.
    await cpuOf(targets.slice(0, 5), (target) => new SshTransport(target));
    await cpuOf(targets.slice(0, 5), (target) => new SshProgram(target, { configFile: "none" }));
    for (let round = 0; round < rounds; round += 1) {
        built.push(await cpuOf(targets, (target) => new SshTransport(target)));
        system.push(await cpuOf(targets, (target) => new SshProgram(target, { configFile: "none", timeoutMs: 60_000 })));
    }
    await stop();
    const text = (ratio: number): string => `${ratio.toFixed(2)} of the system's ssh`;
    return [atMost(`CPU for a login and ${commands} commands, by ssh2`, median(built) / median(system), 0.5, text, ` (${median(built).toFixed(1)} ms a host, the system's ssh ${median(system).toFixed(1)} ms, ${hosts} hosts at once)`)];
}

/** CPU ms a host, of this process and of all that it has started. */
async function cpuOf(targets: readonly SshTarget[], open: (target: SshTarget) => Transport): Promise<number> {
    const before = cpuMs();
    const transports = targets.map(open);
    // As many logins at once as a run has.
    const queue = [...transports];
    await Promise.all(Array.from({ length: 32 }, async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
            await next.connect();
            for (let index = 0; index < commands; index += 1) await next.run(["true"], 60_000);
        }
    }));
    transports.forEach((transport) => transport.close());
    // The processes are counted when they have ended.
    await sleep(1000);
    return (cpuMs() - before) / targets.length;
}

/** CPU of this process and of its children that have ended, ms (proc(5), "stat": utime, stime, cutime, cstime; 100 ticks a second). */
function cpuMs(): number {
    const { user, system } = process.cpuUsage();
    const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ") ?? [];
    return (user + system) / 1000 + (Number(fields[13]) + Number(fields[14])) * 10;
}

async function measureJournal(): Promise<Figure> {
    const folder = temporaryFolder();
    const journal = new RunJournal(join(folder.path, "journal.jsonl"), (text) => { throw new Error(text); });
    const ms: number[] = [];
    for (let index = 0; index < 1000; index += 1) {
        const began = performance.now();
        await journal.note({ kind: "intent", run: "r1", step: `host${index}/power-off`, at: index });
        ms.push(performance.now() - began);
    }
    await journal.close();
    await folder.remove();
    return { name: "journal: a record on the disk (append, fsync)", value: `p50 ${quantile(ms, 0.5).toFixed(2)} ms, p99 ${quantile(ms, 0.99).toFixed(2)} ms` };
}

/** A plan as people have them: some wait for others, some take long, one is the controller. */
function measurePlan(): Figure[] {
    const names = Array.from({ length: 200 }, (_, index) => `host${index}`);
    const draft = { hosts: names.map((name, index) => ({ name, services: ["web", "database"], after: index > 0 && index % 3 === 0 ? [`host${index - 1}`, `host${index - 2}`] : [], local: index === names.length - 1 })), runtimeS: 3600 };
    const ms: number[] = [];
    for (let round = 0; round < 50; round += 1) {
        const before = process.cpuUsage();
        const { plan, problems } = parsePlan(draft);
        if (plan === undefined) throw new Error(problems.join("; "));
        stepsOf(plan);
        lintPlan(plan, { address: (host) => ({ host: `192.0.2.${Number(host.slice(4)) % 250}`, port: 22 }) });
        const { user, system } = process.cpuUsage(before);
        ms.push((user + system) / 1000);
    }
    return [atMost("plan and lint of 200 hosts", median(ms), 10, (value) => `${value.toFixed(1)} ms of CPU`, ` (slowest ${Math.max(...ms).toFixed(1)} ms)`)];
}
