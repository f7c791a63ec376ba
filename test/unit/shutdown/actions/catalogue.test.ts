import { deepEqual, equal, notDeepEqual, ok, throws } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { actionNamed, catalogue, programOf } from "../../../../lib/shutdown/actions";
import type { ActionParameters, CatalogueAction, Parameter, ParameterValue, Program } from "../../../../lib/shutdown/catalogue";
import { remoteCommand, wordsOf } from "../../../../lib/shutdown/commands";
import { HostTools, idOf } from "../../../simulators/host-tools";
import { exampleParameters } from "../../../support/example-parameters";
import { hostileTexts } from "../../../support/hostile";
import { runIn, shells, type Shell } from "../../../support/shells";
import { temporaryFolder } from "../../../support/temporary-folder";

const place = { root: false, timeoutS: 60 };
const example = ({ verb }: CatalogueAction): ActionParameters => exampleParameters[verb] ?? {};
const done = { did: ["one", "two"], sinceS: 12 };

const wrongKind: ParameterValue[] = ["web", 3, true, ["web"], "false", "true", -1, 0, 1.5, NaN, Infinity, "1e3", "0x10", 4000, "4000"];

/** Programs of an action with these parameters, by what they are for. */
function programsOf(action: CatalogueAction, params: ActionParameters): Record<string, Program | undefined> {
    return { program: action.program(params, place), undo: action.undo?.(params, done, place), probe: action.probe(params, place), asRoot: action.program(params, { ...place, root: true }) };
}
const asList = ({ kind }: Parameter): boolean => kind === "names" || kind === "paths" || kind === "words";

describe("the catalogue of actions", () => {
    it("has an example of every parameter of every action", () => {
        deepEqual(Object.keys(exampleParameters).sort(), catalogue.map(({ verb }) => verb).sort());
        for (const action of catalogue) deepEqual(Object.keys(example(action)).sort(), action.parameters.map(({ name }) => name).sort(), action.verb);
    });

    for (const action of catalogue) {
        describe(action.verb, () => {
            it("takes its example, and what it says can be left out", () => {
                deepEqual(action.problems(example(action)), []);
                const required = Object.fromEntries(action.parameters.filter(({ required }) => required).map(({ name }) => [name, example(action)[name] ?? ""]));
                deepEqual(action.problems(required), []);
                for (const name of Object.keys(required)) throws(() => programOf(action, Object.fromEntries(Object.entries(required).filter(([key]) => key !== name)), place), `without ${name}`);
            });

            it("says in one line what it does", () => {
                const label = action.label(example(action));
                ok(label.length > 2 && !/[\n\r]|undefined|\[object/.test(label), label);
            });

            it("asks for no less time than it needs itself", () => ok((action.leastS?.(example(action)) ?? 0) >= Number(example(action).graceS ?? example(action).seconds ?? 0)));

            it("refuses a parameter that it does not have", () => notDeepEqual(action.problems({ ...example(action), grace: 3 }), []));

            for (const parameter of action.parameters) {
                it(`lets nothing through ${parameter.name} that is more than a value`, () => {
                    for (const text of hostileTexts) {
                        const value = asList(parameter) ? [text] : text;
                        const params = { ...example(action), [parameter.name]: value };
                        if (text === "" && !asList(parameter) && !parameter.required) continue;
                        throws(() => programOf(action, params, place), `${JSON.stringify(text.slice(0, 20))} as ${parameter.name}`);
                    }
                });
                it(`takes no value of another kind as ${parameter.name}`, () => {
                    for (const value of wrongKind) {
                        const fits = { seconds: typeof value === "number", minutes: typeof value === "number", flag: typeof value === "boolean", names: Array.isArray(value), paths: false, words: Array.isArray(value), name: typeof value === "string", path: false, choice: false }[parameter.kind];
                        if (fits) continue;
                        notDeepEqual(action.problems({ ...example(action), [parameter.name]: value }), [], `${JSON.stringify(value)} as ${parameter.name}`);
                    }
                });
            }

            it("has the same text whatever the values are: they are arguments", () => {
                const other: Record<Parameter["kind"], (parameter: Parameter) => ParameterValue> = {
                    name: ({ name }) => (name === "connection" ? "qemu+tls://zebra.example/system" : "zebra"), names: () => ["zebra-1", "zebra-2", "zebra-3"], path: () => "/zebra/file.yaml", paths: () => ["/zebra/one", "/zebra/two"],
                    seconds: () => 2357, minutes: () => 47, flag: ({ name }) => example(action)[name] as boolean, choice: ({ choices, name }) => choices?.at(-1) ?? (example(action)[name] as string), words: () => ["zebra", "two words"],
                };
                const params = Object.fromEntries(action.parameters.map((parameter) => [parameter.name, other[parameter.kind](parameter)]));
                if (action.verb === "unmount") params.lazy = ["/zebra/one"];
                deepEqual(action.problems(params), []);
                const [mine, others] = [programsOf(action, example(action)), programsOf(action, params)];
                for (const [name, program] of Object.entries(others)) {
                    if (program === undefined || !("script" in program)) continue;
                    ok(!/zebra|2357/.test(program.script), `${name} has a value in its text`);
                    const before = mine[name];
                    // A probe is as long as there are commands to ask for.
                    if (name !== "probe" && before !== undefined && "script" in before) equal(program.script, before.script, name);
                }
            });

            it("is looked at with the same words whatever time there is", () => {
                deepEqual(action.probe(example(action), place), action.probe(example(action), { ...place, timeoutS: 3 }));
            });

            it("is looked at by asking for every command that needs root, those of the way back among them", () => {
                const rules = action.privileged(example(action));
                const words = wordsOf(action.probe(example(action), place));
                deepEqual(words.slice(words.length - rules.flat().length), rules.flat());
            });

            if (action.ends) {
                it("is one line for csh too, which firewalls log in with: the end, its way back and the drill", () => {
                    for (const program of Object.values(programsOf(action, example(action)))) {
                        if (program !== undefined) ok(!/[\n!]/.test(remoteCommand(wordsOf(program))));
                    }
                });
            }

            it("puts what was done last among the words of its way back", () => {
                const ways = [done, { did: ["three"], sinceS: 99 }].map((each) => action.undo?.(example(action), each, place)).flatMap((program) => (program === undefined ? [] : [wordsOf(program)]));
                const [one = [], other = []] = ways;
                const first = one.findIndex((word, index) => word !== other[index]);
                if (first >= 0) ok(one.slice(first).every((word) => [...done.did, "17"].includes(word)), one.slice(first).join(" "));
            });

            it("carries out no other commands as root than it lists", () => {
                const listed = action.privileged(example(action)).map((words) => words.join(" "));
                for (const program of Object.values(programsOf(action, example(action)))) {
                    if (program === undefined || !("argv" in program)) continue;
                    const words = program.argv.join(" ");
                    if (words.startsWith("sudo -n ") && !words.startsWith("sudo -n -l")) ok(listed.includes(words.slice("sudo -n ".length)), words);
                }
                ok(action.privileged(example(action)).every((words) => words.length > 0 && words.every((word) => /^[\x21-\x7e]+$/.test(word))), "every word of a rule can be written down");
            });
        });
    }

    it("hands every word of a declared command on unchanged, in every shell", () => {
        const words = ["printf", "[%s]\n", "a b", "a'b", "\"", "$HOME", "$(id)", "`id`", "a;b", "a&b", "*", "\\", "~", "!!", "#x", "a|b", "<", "--", "-n", "%s", "{a,b}"].map((word) => word.replace("\n", "."));
        const { argv } = programOf(actionNamed("command") as CatalogueAction, { command: words, sudo: false }, place) as { argv: string[] };
        for (const { argv: [file = "", ...args] } of shells()) {
            const said = execFileSync(file, [...args, "-c", remoteCommand(argv)], { encoding: "utf8" });
            equal(said, words.slice(2).map((word) => `[${word}].`).join(""));
        }
    });

    it("declares no command that runs something else", () => {
        for (const maker of ["sh", "/bin/bash", "env", "sudo", "/usr/bin/xargs", "busybox", "su"]) throws(() => programOf(actionNamed("command") as CatalogueAction, { command: [maker, "-c", "reboot"] }, place), maker);
    });
});

describe("actions on a host", function () {
    this.timeout(60_000);
    const folder = temporaryFolder();
    let folders = 0;
    after(() => folder.remove());
    const hostOf = ({ busybox }: Shell): HostTools => {
        const path = join(folder.path, String((folders += 1)));
        mkdirSync(path);
        return new HostTools(path, busybox);
    };
    const action = (verb: string): CatalogueAction => actionNamed(verb) as CatalogueAction;
    /** A program that only says that it was called. */
    const fake = (host: HostTools, name: string, script = ""): void => writeFileSync(join(host.path, name), `#!/bin/sh\necho "${name} $*" >> ${host.folder}/state/calls\n${script}\n`, { mode: 0o755 });

    for (const shell of shells()) {
        describe(`under ${shell.name}`, () => {
            it("writes to the disks, and gives up a disk that is gone", async () => {
                const host = hostOf(shell).install("sync");
                deepEqual(await runIn(shell, action("sync").program({}, place), host.path), { code: 0, did: [], stderr: "" });
                host.fault("hangs");
                deepEqual(await runIn(shell, action("sync").program({}, { root: false, timeoutS: 4 }), host.path), { code: 1, did: [], stderr: "not everything is written within 3 s" });
                deepEqual(await runIn(shell, action("sync").probe({}, place), host.path), { code: 0, did: [], stderr: "" });
                host.remove("sync");
                deepEqual(await runIn(shell, action("sync").probe({}, place), host.path), { code: 1, did: [], stderr: "there is no program sync" });
            });

            it("leaves the container that Node-RED runs in alone, and refuses a stack that holds it", async () => {
                const own = (program: Program): Program => ("script" in program ? { ...program, args: program.args.with(-1, `own:${idOf("stack-red")}`) } : program);
                const host = hostOf(shell).install("docker", "docker-compose").guest("stack-red").guest("web");
                const params = { sudo: false };
                deepEqual(await runIn(shell, own(action("stop-docker").program(params, place)), host.path), { code: 0, did: ["web"], stderr: "" });
                deepEqual(host.running, ["stack-red"]);
                const end = await runIn(shell, own(action("stop-compose").program({ file: "/srv/app/compose.yaml", ...params }, place)), host.path);
                deepEqual([end.code, end.did, end.stderr, host.running], [1, [], "Node-RED itself runs in this stack: stop it with the machine, last of all", ["stack-red"]]);
            });

            it("takes a stack down and brings it up as a whole", async () => {
                const host = hostOf(shell).install("docker", "docker-compose").guest("stack-web").guest("stack-db");
                const params = { file: "/srv/app/compose.yaml", how: "down", sudo: false };
                const end = await runIn(shell, action("stop-compose").program(params, place), host.path);
                deepEqual([end.code, end.stderr, end.did.length, host.running], [0, "", 2, []]);
                deepEqual(await runIn(shell, action("stop-compose").undo?.(params, { did: end.did, sinceS: 5 }, place) as Program, host.path), { code: 0, did: [], stderr: "" });
                deepEqual(host.running, ["stack-db", "stack-web"]);
                deepEqual(host.calls.filter((call) => /(?:down|up) -/.test(call) && call.startsWith("docker ")), ["docker compose -f /srv/app/compose.yaml down -t 20", "docker compose -f /srv/app/compose.yaml up -d"]);
            });

            it("does not believe podman-compose, which ends with 0 whatever podman said", async () => {
                const params = { file: "/srv/app/compose.yaml", how: "down", program: "podman-compose", sudo: false };
                const host = hostOf(shell).install("docker-compose", "podman", "podman-compose").guest("stack-web", "immortal", "stopped");
                const back = await runIn(shell, action("stop-compose").undo?.(params, { did: [idOf("stack-web")], sinceS: 5 }, place) as Program, host.path);
                deepEqual([back.code, back.stderr], [1, `not started: ${idOf("stack-web")}: nothing of it runs;`]);
                fake(host, "podman-compose", 'echo "exit code: 125"');
                const end = await runIn(shell, action("stop-compose").program(params, place), host.path);
                deepEqual([end.code, end.did, end.stderr], [1, [], "not known what runs here: podman-compose ps says: exit code: 125"]);
            });

            it("does not take a container that podman is still stopping for stopped, in a stack or alone", async () => {
                const host = hostOf(shell).install("docker-compose", "podman", "podman-compose").guest("stack-db", "slow").guest("db", "slow");
                const end = await runIn(shell, action("stop-podman").program({ only: ["db"], sudo: false }, place), host.path);
                deepEqual([end.code, end.stderr, host.running], [0, "", ["stack-db"]]);
                const stack = await runIn(shell, action("stop-compose").program({ file: "/srv/app/compose.yaml", program: "podman-compose", sudo: false }, place), host.path);
                deepEqual([stack.code, stack.stderr, host.running], [0, "", []]);
            });

            it("lets go of a mount at once where the plan says so, and of a dead one by force", async () => {
                const params = { mounts: ["/mnt/a", "/mnt/b"], lazy: ["/mnt/a"], stuck: "nothing" };
                const host = hostOf(shell).install("umount").guest("mnt+a").guest("mnt+b", "never").allow(action("unmount").privileged(params));
                const end = await runIn(shell, action("unmount").program(params, { root: false, timeoutS: 18 }), host.path);
                deepEqual([end.code, end.stderr, host.running], [1, "still running: /mnt/b", ["mnt+b"]]);
                ok(host.calls.includes("umount -l -- /mnt/a") && !host.calls.includes("umount -- /mnt/a"));
            });

            it("mounts again what can be, although another one hangs", async () => {
                const host = hostOf(shell);
                fake(host, "mount", '[ "$2" != /mnt/nas ] || exec /bin/sleep 300');
                const undo = action("unmount").undo?.({ mounts: ["/mnt/nas", "/srv/media"] }, { did: ["/mnt/nas", "/srv/media"], sinceS: 5 }, { root: true, timeoutS: 12 }) as Program;
                deepEqual(await runIn(shell, undo, host.path), { code: 1, did: [], stderr: "not started: /mnt/nas: no answer in time;" });
                deepEqual(host.calls, ["mount -- /mnt/nas", "mount -- /srv/media"]);
            });

            it("finds out whether there is such a service, and whether sudo lets us stop it", async () => {
                const probe = action("stop-service").probe({ service: "web" }, place);
                const host = hostOf(shell).allow(action("stop-service").privileged({ service: "web" }));
                fake(host, "systemctl", '[ "$*" = "cat -- web" ]');
                deepEqual([await runIn(shell, probe, host.path), host.calls], [{ code: 0, did: [], stderr: "" }, ["systemctl cat -- web", "sudo -n -l systemctl stop -- web", "sudo -n -l systemctl start -- web"]]);
                for (const missing of ["stop", "start"]) {
                    host.allow(action("stop-service").privileged({ service: "web" }).filter((words) => !words.includes(missing)));
                    equal((await runIn(shell, probe, host.path)).stderr, `sudo does not allow: systemctl ${missing} -- web`);
                }
                fake(host, "systemctl", "exit 1");
                equal((await runIn(shell, probe, host.path)).stderr, "there is no service web");
                host.remove("systemctl");
                equal((await runIn(shell, action("stop-service").probe({ service: "web" }, { ...place, root: true }), host.path)).stderr, "there is no program systemctl");
            });

            it("starts a service again that went down in this run, and no other", async () => {
                const up = Math.floor(Number(execFileSync("cut", ["-d.", "-f1", "/proc/uptime"], { encoding: "utf8" })));
                for (const [agoS, root, calls] of [[5, true, ["systemctl start -- web"]], [5, false, ["sudo -n systemctl start -- web", "systemctl start -- web"]], [300, true, []]] as const) {
                    const host = hostOf(shell).allow(action("stop-service").privileged({ service: "web" }));
                    // The fake clock is ten times as fast.
                    fake(host, "systemctl", `case "$*" in "show -p InactiveEnterTimestampMonotonic --value -- web") echo ${(up * 10 - agoS) * 1_000_000};; esac`);
                    const end = await runIn(shell, action("stop-service").undo?.({ service: "web" }, { did: [], sinceS: 60 }, { root, timeoutS: 30 }) as Program, host.path);
                    deepEqual([end.code, end.stderr], [0, ""], `stopped ${agoS} s ago`);
                    deepEqual(host.calls.filter((call) => call.includes("start")), calls.filter((call) => !call.startsWith("sudo")));
                }
            });
        });
    }

    for (const [verb, params, root, words] of [
        ["synology-power-off", {}, false, "sudo -n /usr/syno/sbin/synoshutdown -s"],
        ["synology-power-off", {}, true, "/usr/syno/sbin/synoshutdown -s"],
        ["qnap-power-off", {}, false, "/sbin/poweroff"],
        ["truenas-power-off", {}, false, "sudo -n midclt call system.shutdown power-outage"],
        ["truenas-power-off", { version: "24.10" }, true, "midclt call system.shutdown"],
        ["truenas-power-off", { version: "core" }, true, "/sbin/shutdown -p now"],
        ["pfsense-power-off", { sudo: true }, false, "sudo -n /sbin/shutdown -p now"],
        ["esxi-power-off", {}, true, "poweroff"],
        ["wait", { seconds: 30 }, false, "sleep 30"],
        ["command", { command: ["/opt/park", "a b"] }, false, "sudo -n /opt/park a b"],
        ["command", { command: ["/opt/park"], sudo: false }, false, "/opt/park"],
    ] as const) {
        it(`${verb} ${JSON.stringify(params)} is "${words}"${root ? " as root" : ""}`, () => {
            const program = programOf(action(verb), params, { root, timeoutS: 60 }) as { argv: string[] };
            equal(program.argv.join(" "), words);
        });
    }

    it("has no way back for a declared command without one, and never takes it twice", () => {
        equal(action("command").undo?.({ command: ["/opt/park"] }, { did: [], sinceS: 1 }, place), undefined);
        equal(action("command").repeatable, false);
    });

    it("asks sudo about what a lock makes necessary only where there is a systemd", async () => {
        const [shell] = shells();
        ok(shell);
        const probe = action("poweroff").probe({}, place);
        const host = hostOf(shell).allow([["poweroff"]]);
        fake(host, "poweroff");
        equal((await runIn(shell, probe, host.path)).stderr, "");
        fake(host, "systemctl");
        equal((await runIn(shell, probe, host.path)).stderr, "sudo does not allow: systemctl start --no-block --job-mode replace-irreversibly poweroff.target");
        host.allow(action("poweroff").privileged({}));
        equal((await runIn(shell, probe, host.path)).stderr, "");
    });

    it("is told by a drill that TrueNAS was upgraded, and wants other words now", async () => {
        const [shell] = shells();
        ok(shell);
        const trueNas = action("truenas-power-off");
        const is: [string, string][] = [["25.04.2.6", "25.04"], ["26.04-BETA.1", "25.04"], ["TrueNAS-SCALE-24.10.2", "24.10"], ["24.04.0", "24.10"], ["TrueNAS-13.0-U6.1 (dbdb6e4)", "core"]];
        const drill = async (host: HostTools, version: string) => runIn(shell, trueNas.probe({ version }, { ...place, root: true }), host.path);
        for (const [says, version] of [...is, ["something else", "24.10"] as const]) {
            const host = hostOf(shell);
            for (const name of ["midclt", "shutdown"]) fake(host, name);
            fake(host, "cat", `[ "$*" != /etc/version ] || echo "${says}"`);
            if (version !== "core") equal((await drill(host, version)).stderr, "", says);
            if (says === "something else") continue;
            const other = version === "25.04" ? "24.10" : "25.04";
            const end = await drill(host, other);
            deepEqual([end.code, end.stderr], [1, `this is TrueNAS ${says}: choose the version ${version} in the plan`]);
        }
    });

    it("asks sudo about a power-off before the outage, and powers nothing off", async () => {
        const [shell] = shells();
        ok(shell);
        const host = hostOf(shell).allow(action("truenas-power-off").privileged({}));
        fake(host, "midclt");
        const probe = action("truenas-power-off").probe({}, place);
        deepEqual([(await runIn(shell, probe, host.path)).code, host.calls], [0, ["sudo -n -l midclt call system.shutdown power-outage"]]);
        host.allow([]);
        equal((await runIn(shell, probe, host.path)).stderr, "sudo does not allow: midclt call system.shutdown power-outage");
    });
});
