import { deepEqual, ok } from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { actionNamed, catalogue } from "../../../lib/shutdown/actions";
import type { ActionParameters, CatalogueAction } from "../../../lib/shutdown/catalogue";
import { remoteCommand, wordsOf } from "../../../lib/shutdown/commands";
import { textsOf } from "../../../lib/shutdown/kit-question";
import { parsePlan, type PlanHost, type PlanStep } from "../../../lib/shutdown/plan";
import { targetKit } from "../../../lib/shutdown/target-kit";
import { HostTools } from "../../simulators/host-tools";
import { exampleParameters } from "../../support/example-parameters";
import { nearMisses } from "../../support/near-misses";
import { runIn, shells, type ScriptEnd, type Shell } from "../../support/shells";
import { temporaryFolder } from "../../support/temporary-folder";

const action = (verb: string): CatalogueAction => actionNamed(verb) ?? ok(false, verb) as never;

/** What is found on a host that a step stops, and the parameters that lead to other commands. */
const stops: Record<string, { guests: string[]; tools: string[]; variants?: ActionParameters[] }> = {
    "stop-vms": { guests: ["web", "db"], tools: ["virsh"] },
    "stop-proxmox": { guests: ["pct-200", "qm-100"], tools: ["qm", "pct"], variants: [{}] },
    "stop-xcp-ng-vms": { guests: ["aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "bbbbbbbb-bbbb-cccc-dddd-eeeeeeeeeeee"], tools: ["xe"] },
    "stop-docker": { guests: ["web", "db"], tools: ["docker"] },
    "stop-podman": { guests: ["web", "db"], tools: ["podman"], variants: [{}, { user: "alice" }] },
    "stop-compose": { guests: ["stack-web", "stack-db"], tools: ["docker", "docker-compose"], variants: [{ program: "docker compose" }, { program: "docker-compose" }, { how: "down" }].map((more) => ({ file: "/srv/app/compose.yaml", ...more })) },
    unmount: { guests: ["mnt+nas", "srv+media"], tools: ["umount", "mount"], variants: [{ mounts: ["/mnt/nas", "/srv/media"] }, { mounts: ["/mnt/nas", "/srv/media"], lazy: ["/mnt/nas", "/srv/media"], stuck: "nothing" }] },
};
/** Programs of one command: nothing is run here to know what they need. */
const single = catalogue.map(({ verb }) => verb).filter((verb) => !(verb in stops));

describe("the rights that a step needs on its host", function () {
    const here = shells();
    const folder = temporaryFolder();
    let folders = 0;
    after(() => folder.remove());

    const hostOf = (shell: Shell): HostTools => {
        const path = join(folder.path, String((folders += 1)));
        mkdirSync(path);
        return new HostTools(path, shell.busybox);
    };
    /** What sudo was asked to run, each once. */
    const sudoed = (host: HostTools): string[] => [...new Set(readFileSync(join(host.folder, "state/calls"), "utf8").split("\n").flatMap((line) => /^sudo -n (?!-l )(.+)$/.exec(line)?.[1] ?? []))].sort();
    const rulesOf = ({ privileged }: CatalogueAction, params: ActionParameters): string[] => privileged(params).map((words) => words.join(" ")).sort();

    it("are known for every action of the catalogue", () => deepEqual([...Object.keys(stops), ...single].sort(), catalogue.map(({ verb }) => verb).sort()));

    const cases = Object.entries(stops).flatMap(([verb, { variants = [{}], ...rest }]) => variants.map((params) => ({ verb, params, ...rest })));
    /** They mostly wait, and so all at once: stopped as far as it goes, by force, and started again. */
    let taken: Promise<{ stopped: ScriptEnd; back: ScriptEnd; left: string[]; running: string[]; used: string[] }>[] = [];
    before(() => {
        taken = cases.map(async ({ verb, params, guests, tools }, index) => {
            const shell = here[index % here.length] as Shell;
            const host = hostOf(shell).install(...tools).allow(action(verb).privileged(params));
            for (const name of guests) host.guest(name, "never");
            const place = { root: false, timeoutS: 15 };
            const stopped = await runIn(shell, action(verb).program(params, place), host.path);
            const left = host.running;
            const back = await runIn(shell, action(verb).undo?.(params, { did: stopped.did, sinceS: 5 }, place) ?? { argv: ["false"] }, host.path);
            return { stopped, back, left, running: host.running, used: sudoed(host) };
        });
        for (const each of taken) each.catch(() => undefined);
    });
    for (const [index, { verb, params, guests }] of cases.entries()) {
        it(`of "${action(verb).label(params)}" are all that stopping, forcing and starting again take, and each is taken (${here[index % here.length]?.name})`, async () => {
            const run = await taken[index];
            ok(run);
            deepEqual([run.stopped.code, run.stopped.stderr, run.left], [0, "", []]);
            deepEqual([run.back.code, run.back.stderr, run.running], [0, "", [...guests].sort()]);
            deepEqual(run.used, rulesOf(action(verb), params));
        });
    }

    for (const verb of single) {
        for (const params of [exampleParameters[verb] ?? {}, ...(action(verb).parameters.some(({ name }) => name === "sudo") ? [{ ...exampleParameters[verb], sudo: !exampleParameters[verb]?.sudo }] : [])]) {
            it(`of "${verb}" ${JSON.stringify(params)} are the commands that it runs, and those of its way back`, async () => {
                const place = { root: false, timeoutS: 30 };
                const programs = [action(verb).program(params, place), action(verb).insist?.(params, place), action(verb).undo?.(params, { did: [], sinceS: 5 }, place)];
                const used = programs.flatMap((program) => (program !== undefined && "argv" in program && program.argv[0] === "sudo" ? [program.argv.slice(2).join(" ")] : []));
                const [shell] = here;
                ok(shell);
                if (verb === "stop-service") {
                    const host = hostOf(shell).allow(action(verb).privileged(params));
                    writeFileSync(join(host.path, "systemctl"), '#!/bin/sh\ncase "$1" in show) echo 999999999999999999;; esac\n', { mode: 0o755 });
                    const undo = programs.at(-1);
                    ok(undo);
                    deepEqual((await runIn(shell, undo, host.path)).code, 0);
                    used.push(...sudoed(host));
                }
                deepEqual(used.sort(), rulesOf(action(verb), params));
            });
        }
    }
});

describe("the key of a plan", function () {
    const place = ({ timeoutMs }: PlanStep): { root: boolean; timeoutS: number } => ({ root: false, timeoutS: timeoutMs / 1000 });
    const hostWith = (verb: string): PlanHost => {
        const step = { action: verb, params: exampleParameters[verb] ?? {} };
        const { plan, problems } = parsePlan({ hosts: [{ name: "nas", ...(action(verb).ends ? { final: step } : { steps: [{ ...step, timeoutS: 120 }], final: "none" as const }) }] });
        deepEqual(problems, []);
        return plan?.hosts[0] ?? ok(false) as never;
    };
    /** Whether the script would hand a text to a shell; it hands nothing to one here. */
    const lets = (script: string, command: string, { argv: [file = "", ...args] }: Shell): boolean => spawnSync(file, [...args, "-c", script], { env: { SSH_ORIGINAL_COMMAND: command } }).status === 0;

    for (const [index, { verb }] of catalogue.entries()) {
        const shell = shells()[index % shells().length];
        it(`runs the commands of "${verb}", and none that is nearly one (${shell?.name})`, () => {
            ok(shell);
            const host = hostWith(verb);
            const [step] = [...host.steps, ...(host.final ? [host.final] : [])];
            ok(step);
            const script = targetKit(host, { user: "power", root: false }).forcedCommand.text.replaceAll('exec /bin/sh -c "$command"', "exit 0");
            const { program, insist, undo } = textsOf(step, false);
            const probe = remoteCommand(wordsOf(action(verb).probe(step.params, place(step))));
            for (const text of [program, probe, ...(insist === undefined ? [] : [insist]), ...(undo === undefined ? [] : [undo.text])]) ok(lets(script, text, shell), text);
            const words = wordsOf(action(verb).program(step.params, place(step)));
            // A script stands as it is, and its arguments are what differs.
            const fixed = words[0] === "sh" ? 3 : 0;
            for (const near of nearMisses(words.slice(fixed)).map((rest) => [...words.slice(0, fixed), ...rest])) ok(!lets(script, remoteCommand(near), shell), near.join(" "));
            for (const text of [`${program};id`, `${program}\nid`, `id;${program}`, ` ${program}`, program.replace("env PATH=", "env PATH=/tmp:"), ...(undo?.more ? [`${undo.text} $(id)`, `${undo.text} 'a'`, `${undo.text}\nid`] : [])]) ok(!lets(script, text, shell), text);
        });
    }

    it("refuses to be told how its shell behaves", () => {
        const script = targetKit(hostWith("stop-service"), { user: "power", root: false }).forcedCommand.text.replaceAll('exec /bin/sh -c "$command"', "exit 0");
        for (const { argv: [file = "", ...args] } of shells()) {
            const env = { SSH_ORIGINAL_COMMAND: "id", command: "true", allow: "x", ENV: "/nonexistent", IFS: "i" };
            deepEqual(spawnSync(file, [...args, "-c", script], { env }).status, 126);
            execFileSync(file, [...args, "-n", "-c", script]);
        }
    });
});
