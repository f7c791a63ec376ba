import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { actionNamed, catalogue } from "../../lib/shutdown/actions";
import { looked } from "../../lib/shutdown/actions/probe";
import type { ActionParameters, Program } from "../../lib/shutdown/catalogue";
import { quote, remoteCommand, wordsOf } from "../../lib/shutdown/commands";
import { parsePlan, type PlanHost, type PlanStep } from "../../lib/shutdown/plan";
import { targetKit, type TargetKit } from "../../lib/shutdown/target-kit";
import { HostTools } from "../simulators/host-tools";
import { exampleParameters } from "../support/example-parameters";
import { nearMisses } from "../support/near-misses";
import { Lab, labMissing, type LabHost } from "./lab";

const exec = promisify(execFile);

/** A step of every kind, as small as it can be: what it stops must be there. */
const steps = [
    ...Object.keys(exampleParameters).filter((verb) => !actionNamed(verb)?.ends && verb !== "stop-podman").map((action) => ({ action, params: Object.fromEntries(Object.entries(exampleParameters[action] ?? {}).filter(([name]) => name !== "only")) })),
    { action: "stop-podman", params: {} },
    { action: "stop-podman", params: { user: "alice" } },
].map((step) => ({ ...step, ...(step.action === "wait" && { params: { seconds: 1 } }), timeoutS: 100 }));

describe("a host with the kit of its plan: real sshd, sudo and systemd", function () {
    this.timeout(300_000);
    let lab: Lab;
    let host: LabHost;
    let plan: PlanHost;
    let kit: TargetKit;
    let tools: HostTools;

    before(async function () {
        const missing = labMissing();
        if (missing !== undefined) {
            console.log(`skipped: ${missing}`);
            this.skip();
        }
        lab = await Lab.start();
        const parsed = parsePlan({ hosts: [{ name: "nas", steps }] });
        deepEqual(parsed.problems, []);
        [plan] = parsed.plan?.hosts as [PlanHost];
        kit = targetKit(plan, { user: "power", root: false, publicKey: readFileSync(join(lab.seen, "id.pub"), "utf8").split(" ").slice(0, 2).join(" ") });
        host = await lab.host({ name: "nas", services: [{ name: "web" }, { name: "db" }], sudoers: [kit.sudoers ?? ""] });
        const at = (path: string): string => join(host.seen, path);
        writeFileSync(at(kit.forcedCommand.path), kit.forcedCommand.text, { mode: 0o755 });
        writeFileSync(at("home/power/.ssh/authorized_keys"), kit.authorizedKeys);
        await host.run("useradd", "--create-home", "alice");
        // Machines and containers of this host: what the tools know, in /usr/bin and /usr/sbin.
        tools = new HostTools(at("opt/tools"), undefined, "/opt/tools");
        const names = ["virsh", "xe", "docker", "docker-compose", "podman", "qm", "pct", "vim-cmd"];
        tools.install(...names);
        for (const name of names) {
            // This machine may have some of its own, in the way.
            for (const folder of ["usr/local/bin", "usr/bin"]) rmSync(at(join(folder, name)), { force: true });
            symlinkSync(join("/opt/tools/bin", name), at(join(name === "qm" || name === "pct" ? "usr/sbin" : "usr/bin", name)));
        }
        for (const name of ["park", "unpark"]) writeFileSync(at(join("usr/local/bin", name)), '#!/bin/sh\necho "${0##*/} $*" >> /opt/tools/state/calls\n', { mode: 0o755 });
        await host.run("chmod", "-R", "a+rwX", "/opt/tools");
        for (const path of ["mnt/nas", "srv/media"]) mkdirSync(at(path), { recursive: true });
        writeFileSync(at("etc/fstab"), "media /srv/media tmpfs defaults 0 0\nnas /mnt/nas tmpfs defaults 0 0\n");
        writeFileSync(join(lab.seen, "known"), `${host.address} ${host.hostKey}\n`);
    });
    after(() => lab?.stop());
    afterEach(() => {
        for (const name of tools?.running ?? []) tools.guest(name, "obeys", "stopped");
    });

    interface End { code: number; stdout: string; stderr: string }
    const ended = (run: Promise<{ stdout: string; stderr: string }>): Promise<End> => run.then(({ stdout, stderr }) => ({ code: 0, stdout, stderr: stderr.trim() }), (error: End) => ({ code: error.code, stdout: error.stdout, stderr: error.stderr.trim() }));
    /** A text for the login shell, over ssh and the key of the plan. */
    const ssh = (command: string, ...options: string[]): Promise<End> => {
        chmodSync(join(lab.seen, "id"), 0o600);
        return ended(exec(lab.inController[0] ?? "", [...lab.inController.slice(1), "ssh", "-F", "none", "-i", join(lab.seen, "id"), "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", `UserKnownHostsFile=${join(lab.seen, "known")}`, ...options, "--", `power@${host.address}`, command], { timeout: 60_000 }));
    };
    const send = (program: Program): Promise<End> => ssh(remoteCommand(wordsOf(program)));
    /** As the account itself, past the key: what sudo alone lets it do. */
    const asPower = (...command: string[]): Promise<End> => ended(host.run("runuser", "-u", "power", "--", ...command).then((stdout) => ({ stdout, stderr: "" })));
    const place = ({ timeoutMs }: PlanStep): { root: boolean; timeoutS: number } => ({ root: false, timeoutS: timeoutMs / 1000 });
    const did = ({ stdout }: End): string[] => stdout.split("\n").flatMap((line) => /^did (\S+)$/.exec(line)?.[1] ?? []);

    /** What runs before a step and must not afterwards, per verb. */
    const guests: Record<string, string[]> = { "stop-vms": ["web", "mail"], "stop-proxmox": ["qm-100", "pct-200"], "stop-xcp-ng-vms": ["aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"], "stop-docker": ["web"], "stop-podman": ["web"], "stop-compose": ["stack-web", "stack-db"] };

    for (const [index, { action, params }] of steps.entries()) {
        it(`lets "${actionNamed(action)?.label(params)}" be drilled, done and put back, and nothing more is needed`, async () => {
            const step = plan.steps[index];
            ok(step);
            const before = guests[action] ?? [];
            for (const name of before) tools.guest(name);
            await host.run("chmod", "-R", "a+rwX", "/opt/tools");
            if (action === "unmount") await host.run("mount", "-a");
            if (action === "stop-service") await host.run("systemctl", "start", "web");

            const drill = await send(step.action.probe(step.params, place(step)));
            deepEqual([drill.code, drill.stderr], [0, ""], "the drill");
            deepEqual(tools.running, before.sort(), "the drill stopped nothing");

            const end = await send(step.action.program(step.params, place(step)));
            // ESXi has no sudo, and this account is not its root.
            deepEqual([end.code, end.stderr], [0, ""], "the step");
            deepEqual(tools.running, []);
            if (action === "unmount") equal((await host.run("cat", "/proc/self/mounts")).includes(" /mnt/nas "), false);
            if (action === "stop-service") await rejects(host.run("systemctl", "is-active", "--quiet", "web"));

            const undo = step.action.undo?.(step.params, { did: did(end), sinceS: 60 }, place(step));
            if (undo === undefined) return;
            const back = await send(undo);
            deepEqual([back.code, back.stderr], [0, ""], "the way back");
            deepEqual(tools.running, before.sort());
            if (action === "unmount") for (const path of ["/mnt/nas", "/srv/media"]) ok((await host.run("cat", "/proc/self/mounts")).includes(` ${path} `), path);
            if (action === "stop-service") await host.run("systemctl", "is-active", "--quiet", "web");
        });
    }

    it("answers a login, and refuses every other command, with its own status", async () => {
        equal((await ssh(remoteCommand(["true"]))).code, 0);
        const stop = remoteCommand(["sudo", "-n", "systemctl", "stop", "--", "web"]);
        for (const command of ["id", "", "sh", "sudo -n systemctl stop -- web", `${stop}; id`, `${stop}\nid`, stop.replace("web", "db"), remoteCommand(["cat", "/etc/shadow"])]) {
            const end = await ssh(command, ...(command === "" ? ["-T"] : []));
            deepEqual([end.code, end.stdout, end.stderr], [126, "", "ridethrough: this key may not run that here"], JSON.stringify(command));
        }
        ok((await host.run("systemctl", "is-active", "web", "db")).startsWith("active\nactive"));
    });

    it("forwards nothing and gives no terminal", async () => {
        const end = await ssh(remoteCommand(["true"]), "-W", "127.0.0.1:22");
        match(end.stderr, /administratively prohibited|open failed/);
        match((await ssh(remoteCommand(["true"]), "-tt")).stderr, /PTY allocation request failed/);
    });

    it("lets sudo do what the plan needs, word by word, and nothing else", async () => {
        const allowed = (...command: string[]): Promise<boolean> => asPower("sudo", "-n", "-l", ...command).then(({ code }) => code === 0);
        const rules = [...plan.steps, ...(plan.final ? [plan.final] : [])].flatMap(({ action, params }) => action.privileged(params));
        for (const rule of rules) ok(await allowed(...rule), rule.join(" "));
        for (const other of [
            ["id"], ["sh"], ["systemctl", "stop", "--", "db"], ["systemctl", "stop", "web"], ["systemctl", "stop", "--", "web", "db"], ["virsh", "-c", "qemu:///system", "list"], ["xargs", "-n", "1", "virsh", "-c", "qemu:///system", "undefine", "--domain"],
            ["xargs", "id"], ["xargs"], ["docker", "run", "x"], ["docker", "ps"], ["xargs", "docker", "stop"], ["shutdown", "-h", "now"], ["shutdown", "-r", "+2"], ["umount", "--", "/"], ["mount", "--", "/mnt/nas", "-o", "remount"], ["unpark", "x"], ["/usr/local/bin/unpark", "x"], ["-u", "alice", "id"],
            ["-u", "alice", "docker", "ps", "--no-trunc", "--format", "{{.ID}}/{{.Names}}"],
        ]) equal(await allowed(...other), false, other.join(" "));
        const listed = (await asPower("sudo", "-n", "-l")).stdout.split("NOPASSWD:").length - 1;
        equal(listed, kit.sudoers?.split("\n").filter((line) => line.startsWith("power ")).length);
    });

    it("lets sudo do nothing that is nearly what the plan needs: a word more or less, a letter, another folder", async () => {
        const rules = [...plan.steps, ...(plan.final ? [plan.final] : [])].flatMap(({ action, params }) => action.privileged(params));
        // sudo looks at the words with blanks between them: where one ends, it does not know.
        const known = new Set(rules.map((rule) => rule.join(" ")));
        const near = rules.flatMap((rule) => {
            const runAs = rule[0] === "-u" ? rule.slice(0, 2) : [];
            return nearMisses(rule.slice(runAs.length)).map((words) => [...runAs, ...words]);
        }).filter((words) => !known.has(words.join(" ")));
        ok(near.length > 400, `${near.length}`);
        // In one go, and half of them: each kind of them for every second rule.
        const tried = near.filter((_words, place) => place % 2 === 0);
        const { stdout } = await asPower("sh", "-c", tried.map((words, place) => `sudo -n -l ${words.map(quote).join(" ")} >/dev/null 2>&1 && echo ${place}`).join("\n") + "\ntrue");
        deepEqual(stdout.split("\n").flatMap((place) => (place === "" ? [] : [tried[Number(place)]?.join(" ")])), []);
    });

    it("takes every sign in a declared command for itself, as sudo reads it", async () => {
        const odd = ["a,b", "x=y", "c:d", "*", "?", "[a]", "#1", "!", "^a$", "^.*$", "a b", "\\", "\\*", "dev-disk-by\\x2duuid-1.mount", "\"", "'", "$(id)", "%u", "@", "~", "(", "-", "--", "{a,b}", "$HOME", "&", ";", "|"];
        const { plan: declared } = parsePlan({ hosts: [{ name: "nas", steps: odd.map((word) => ({ action: "command", params: { command: ["/usr/local/bin/park", word] } })), final: "none" }] });
        const [its] = declared?.hosts ?? [];
        ok(its);
        writeFileSync(join(host.seen, "etc/sudoers.d/ridethrough-odd"), targetKit(its, { user: "power", root: false }).sudoers ?? "", { mode: 0o440 });
        const calls = join(host.seen, "opt/tools/state/calls");
        writeFileSync(calls, "", { mode: 0o666 });
        const others = ["axb", "xy", "anything", "a", "b", "1", "", "aa", "a  b", "\\\\", "\\x", "dev-disk-byx2duuid-1.mount", "id", "HOME"].filter((word) => !odd.includes(word));
        const { stdout } = await asPower("sh", "-c", [...odd, ...others].map((word) => `sudo -n /usr/local/bin/park ${quote(word)} 2>/dev/null || printf '%s\\n' ${quote(word)}`).join("\n"));
        deepEqual(stdout.split("\n").slice(0, -1), others);
        deepEqual(readFileSync(calls, "utf8").split("\n").slice(0, -1), odd.map((word) => `park ${word}`));
        rmSync(join(host.seen, "etc/sudoers.d/ridethrough-odd"));
    });

    it("finds what xargs starts where root says, not where the account does", async () => {
        const evil = join(host.seen, "home/power/evil");
        mkdirSync(evil);
        writeFileSync(join(evil, "virsh"), "#!/bin/sh\ntouch /opt/tools/evil\n", { mode: 0o755 });
        tools.guest("web");
        await host.run("chmod", "-R", "a+rwX", "/opt/tools");
        const { code } = await asPower("sh", "-c", "echo web | PATH=/home/power/evil:$PATH sudo -n xargs -n 1 virsh -c qemu:///system shutdown --domain");
        equal(code, 0);
        deepEqual(tools.running, []);
        await rejects(host.run("test", "-e", "/opt/tools/evil"));
    });

    it("lets every end of the catalogue be drilled, taken and called off, and none that is not the plan's", async () => {
        const at = (path: string): string => join(host.seen, path);
        const programs = { "usr/sbin/shutdown": "shutdown", "usr/sbin/poweroff": "poweroff", "usr/bin/poweroff": "poweroff", "usr/bin/midclt": "midclt", "usr/syno/sbin/synoshutdown": "synoshutdown" };
        mkdirSync(at("usr/syno/sbin"), { recursive: true });
        for (const path of Object.keys(programs)) {
            rmSync(at(path), { force: true });
            writeFileSync(at(path), '#!/bin/sh\necho "$(id -un): $0 $*" >> /opt/tools/state/ends\n', { mode: 0o755 });
        }
        const ends = catalogue.filter((action) => action.ends).flatMap(({ verb }): [string, ActionParameters][] => (verb === "truenas-power-off" ? ["25.04", "24.10", "core"].map((version) => [verb, { version }]) : [[verb, verb === "shutdown" || verb === "poweroff" ? {} : { sudo: true }]]));
        const taken: string[] = [];
        for (const [action, params] of ends) {
            const [its] = parsePlan({ hosts: [{ name: "nas", final: { action, params } }] }).plan?.hosts ?? [];
            ok(its?.final, action);
            const own = targetKit(its, { user: "power", root: false });
            writeFileSync(at("etc/sudoers.d/ridethrough"), own.sudoers ?? "", { mode: 0o440 });
            writeFileSync(at(own.forcedCommand.path), own.forcedCommand.text, { mode: 0o755 });
            writeFileSync(at("opt/tools/state/ends"), "");
            const { action: end, params: checked } = its.final;
            const programs = [end.probe(checked, place(its.final)), end.program(checked, place(its.final)), end.undo?.(checked, { did: [], sinceS: 5 }, place(its.final))].filter((program) => program !== undefined);
            // As sshd hands a command to it.
            const asked = (command: string): Promise<End> => asPower("env", `SSH_ORIGINAL_COMMAND=${command}`, own.forcedCommand.path);
            for (const [index, program] of programs.entries()) deepEqual(await asked(remoteCommand(wordsOf(program))), { code: 0, stdout: index === 0 ? `${looked}\n` : "", stderr: "" }, action);
            taken.push(`${action}: ${readFileSync(at("opt/tools/state/ends"), "utf8").trimEnd().replaceAll("\n", ", ")}`);
            equal((await asked(remoteCommand(["sudo", "-n", "shutdown", "-r", "now"]))).code, 126);
            equal((await asPower("sudo", "-n", "shutdown", "-r", "now")).code, 1);
        }
        deepEqual(taken, [
            "shutdown: root: /usr/sbin/shutdown -h +2, root: /usr/sbin/shutdown -c", "poweroff: root: /usr/sbin/poweroff", "synology-power-off: root: /usr/syno/sbin/synoshutdown -s", "qnap-power-off: root: /sbin/poweroff",
            "truenas-power-off: root: /usr/bin/midclt call system.shutdown power-outage", "truenas-power-off: root: /usr/bin/midclt call system.shutdown", "truenas-power-off: root: /sbin/shutdown -p now",
            "pfsense-power-off: root: /sbin/shutdown -p now", "esxi-power-off: root: /usr/sbin/poweroff",
        ]);
    });

    it("is a sudoers file that this machine takes", async () => {
        await host.run("visudo", "-c", "-q");
    });

    it("switches the host off by systemd itself, everything in order, where a lock holds up its end", async () => {
        const [its] = parsePlan({ hosts: [{ name: "nas", final: { action: "poweroff" } }] }).plan?.hosts ?? [];
        const insist = its?.final?.action.insist?.({}, place(its.final));
        ok(its && insist);
        const own = targetKit(its, { user: "power", root: false });
        writeFileSync(join(host.seen, "etc/sudoers.d/ridethrough"), own.sudoers ?? "", { mode: 0o440 });
        writeFileSync(join(host.seen, own.forcedCommand.path), own.forcedCommand.text, { mode: 0o755 });
        host.clearLog();
        deepEqual(await asPower("env", `SSH_ORIGINAL_COMMAND=${remoteCommand(wordsOf(insist))}`, own.forcedCommand.path), { code: 0, stdout: "", stderr: "" });
        await host.off();
        ok(host.log.some(({ what }) => what === "going down"), JSON.stringify(host.log));
    });
});
