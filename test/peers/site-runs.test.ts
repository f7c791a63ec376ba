import assert from "node:assert/strict";
import { join } from "node:path";
import type { RunResult, StepView } from "../../lib/shutdown/progress";
import { startNodeRed, type NodeRed } from "../support/node-red";
import { Site, stepOf } from "../support/site-flow";
import { Lab, labMissing, recommendedSudoers, type LabHost } from "./lab";

/** How a host behaves, what the report must say of its steps, and what it must have written down itself. */
interface Behaviour {
    /** Before the outage. */
    begin?(host: LabHost): unknown;
    /** Whether its service, while it stops, swallows every packet to it. */
    cutsOff?: boolean;
    /** When it is off. */
    off?(host: LabHost): Promise<unknown>;
    /** Login, service, final command, look: the state of each, and what is said of it. */
    steps: [StepView["state"], RegExp?][];
    proof?: StepView["proof"];
    log: string[];
    /** Whether it is up in the end. */
    up: boolean;
}

/** How long a machine takes from its reboot to its boot loader, ms: long enough to be seen dark, which takes 4 to 8 s of questions without an answer; not so long as to be taken for off. */
const firmwareMs = 9000;
const notReached: Behaviour["steps"][number] = ["skipped", /not reached/];
const notTold: Behaviour["steps"][number] = ["skipped", /not told to go down/];

const well: Behaviour = { steps: [["done"], ["done"], ["done"], ["done"]], proof: "network", log: ["stopped web", "going down"], up: false };
const behaviours: Record<string, Behaviour> = {
    hung: { begin: (host) => host.signalSshd("STOP"), steps: [["failed", /no answer/], notReached, ["failed", /no answer/], notTold], log: [], up: true },
    denies: { begin: (host) => host.trustKey(false), steps: [["failed", /does not accept our key/], notReached, notReached, notTold], log: [], up: true },
    rekeyed: {
        begin: (host) => host.rekey(),
        steps: [["failed", /host key is not the pinned one/], notReached, notReached, notTold], log: [], up: true,
    },
    hole: { cutsOff: true, steps: [["done"], ["failed", /does not answer any more|lost/], ["failed", /no answer/], notTold], log: ["stopped web"], up: true },
    // On a machine that is busy with all of them it may miss a question.
    deaf: { begin: (host) => host.replace("usr/sbin/poweroff", "#!/bin/sh\nlab-note took poweroff\n"), steps: [["done"], ["done"], ["done"], ["failed", /still answers \d+ s after its final command|and is back/]], proof: "failed", log: ["stopped web", "took poweroff"], up: true },
    reboots: {
        begin: (host) => host.replace("usr/sbin/poweroff", "#!/bin/sh\nexec reboot\n"),
        off: async (host) => {
            await new Promise((resolve) => setTimeout(resolve, firmwareMs));
            await host.powerOn();
        },
        steps: [["done"], ["done"], ["done"], ["failed", /was gone for \d+ s and is back: it restarted/]], proof: "failed", log: ["stopped web", "going down"], up: true,
    },
    // It waits for the one whose login hangs, and goes as soon as that one is given up.
    late: well,
};

const kinds = Object.keys(behaviours);
/** Three sites at once, of 1, 10 and 30 hosts. Of the thirty 10 boot systemd, and so does the one; the others are light (see lab.ts). */
const sites = [
    { name: "a", kinds: ["well"], systemd: 1 },
    { name: "b", kinds: [...kinds, ...Array<string>(10 - kinds.length).fill("well")], systemd: 0 },
    { name: "c", kinds: [...kinds, ...Array<string>(30 - kinds.length).fill("well")], systemd: 10 },
];

describe("runs of 1, 10 and 30 real hosts at once, some of which misbehave", function () {
    this.timeout(480_000);
    let lab: Lab;
    let red: NodeRed;
    interface Member { host: LabHost; kind: string; behaviour: Behaviour }
    const running = new Map<string, { site: Site; members: Member[]; result: RunResult }>();

    const build = async ({ name, kinds: each, systemd }: (typeof sites)[number]): Promise<{ site: Site; members: Member[] }> => {
        const members = await Promise.all(each.map(async (kind, index) => {
            const behaviour = behaviours[kind] ?? well;
            const services = [{ name: "web", cutsOff: behaviour.cutsOff === true }];
            const host = await lab.host({ name: `${name}-${kind}${kind === "well" ? index : ""}`, services, sudoers: recommendedSudoers(services, "/usr/sbin/poweroff"), light: index >= systemd });
            return { host, kind, behaviour };
        }));
        const hung = members.find(({ kind }) => kind === "hung")?.host.name ?? "";
        return { members, site: new Site({ name, proofS: 60, hosts: members.map(({ host, kind }) => ({ name: host.name, address: host.address, hostKey: host.hostKey, services: ["web"], after: kind === "late" ? [hung] : [] })) }) };
    };

    before(async function () {
        const missing = labMissing();
        if (missing !== undefined) {
            console.log(`skipped: ${missing}`);
            this.skip();
        }
        lab = await Lab.start();
        const built = await Promise.all(sites.map(build));
        red = await startNodeRed({ prefix: lab.inController });
        await red.deploy(built.flatMap(({ site }) => site.flow(join(lab.seen, "id"))));
        for (const { host, behaviour } of built.flatMap(({ members }) => members)) await behaviour.begin?.(host);
        await Promise.all(built.map(async ({ site, members }) => {
            await site.outage(red);
            await Promise.all(members.map(async ({ host, behaviour: { off } }) => {
                if (off !== undefined) await host.off().then(() => off(host));
            }));
            running.set(site.draft.name, { site, members, result: await site.result(red, 1, 240_000) });
        }));
    });
    after(async () => {
        await red?.stop();
        await lab?.stop();
    });

    for (const { name, kinds: each } of sites) {
        describe(`of ${each.length}`, () => {
            let site: Site;
            let members: Member[];
            let result: RunResult;
            before(() => ({ site, members, result } = running.get(name) ?? assert.fail(`${name} has no report`)));
            const stepsOf = (host: LabHost): StepView[] => ["connect", "stop-service/web", "power-off", "prove"].map((step) => stepOf(result, `${host.name}/${step}`));
            const memberOf = (kind: string): Member => members.find((member) => member.kind === kind) ?? assert.fail(kind);

            it("reports each host as what it is, and each host's own log agrees: down once, or not at all", () => {
                for (const { host, kind, behaviour: { steps, proof, log, up } } of members) {
                    const seen = stepsOf(host);
                    const about = `${host.name}: ${JSON.stringify(seen, null, 1)}\n${JSON.stringify(host.log)}`;
                    assert.deepEqual([host.log.map(({ what }) => what), host.isUp], [log, up], about);
                    assert.deepEqual(seen.map(({ state }) => state), steps.map(([state]) => state), about);
                    steps.forEach(([, words], index) => words && assert.match(seen[index]?.error ?? "", words, about));
                    assert.equal(seen.at(-1)?.proof, proof, about);
                    // A step that was cut off has no end that the host could know.
                    const bounds = (step: StepView | undefined): [number, number] => [step?.startedAt ?? Infinity, kind === "hole" ? Infinity : (step?.endedAt ?? 0)];
                    for (const [what, [from, to]] of [["stopped web", bounds(seen[1])], ["going down", [bounds(seen[2])[0], bounds(seen[3])[1]]]] as const) {
                        for (const noted of host.log.filter((entry) => entry.what === what)) assert.ok(noted.at >= from - 50 && noted.at <= to + 50, `${what} at ${noted.at}, ${about}`);
                    }
                }
            });

            it("sums up what was seen, and names whoever is not dark", () => {
                const number = (wanted: (member: Member) => boolean): number => members.filter(wanted).length;
                const told = number(({ behaviour }) => behaviour.steps[2]?.[0] === "done");
                const dark = number(({ behaviour }) => behaviour.proof === "network");
                const back = number(({ behaviour }) => behaviour.proof === "failed");
                const [sum = "", ...lines] = result.text.split("\n");
                assert.ok(sum.endsWith(`final command taken by ${told} of ${each.length} host${each.length === 1 ? "" : "s"}, ${dark} seen dark (${dark} by the network)${back === 0 ? "" : `, ${back} STILL UP`}`), sum);
                assert.deepEqual(lines.map((line) => line.split(":")[0]).sort(), members.filter(({ behaviour }) => behaviour !== well).map(({ host }) => host.name).sort());
                assert.equal(result.outcome, dark === each.length ? "completed" : "incomplete");
            });

            if (each.length > 1) it("holds up nobody: who waits for no other goes from step to step while the one that hangs at its login is waited for", () => {
                const lasted = ({ startedAt = NaN, endedAt = NaN }: StepView): number => endedAt - startedAt;
                const [login] = stepsOf(memberOf("hung").host);
                for (const { host } of members.filter(({ kind }) => kind === "well")) {
                    const its = stepsOf(host).slice(0, 3);
                    const idle = (its.at(-1)?.endedAt ?? NaN) - result.startedAt - its.reduce((sum, step) => sum + lasted(step), 0);
                    // A busy machine makes steps longer, not the time between them.
                    assert.ok(login && idle < lasted(login) / 2, `${host.name} waited for ${idle} ms between its steps: ${JSON.stringify(its)}`);
                }
            });

            if (each.length > 1) it("lets the one that waits for it go as soon as it is given up, and wait for nobody else", () => {
                const begun = stepsOf(memberOf("late").host)[2]?.startedAt ?? 0;
                assert.ok(begun >= (stepsOf(memberOf("hung").host)[2]?.endedAt ?? Infinity));
                assert.ok(begun < (stepsOf(memberOf("hole").host)[2]?.endedAt ?? 0));
            });

            it("is not begun again in the same outage", async () => {
                await site.outage(red);
                await red.eventually(() => red.log.some(({ text }) => text.startsWith(`${name}: `) && text.endsWith("ignored, the shutdown of this outage has run already")), 45_000, () => "the sequencer to say so");
                assert.equal(site.results(red).length, 1);
            });
        });
    }
});
