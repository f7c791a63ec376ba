import { deepEqual, equal, match, ok } from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { actionNamed } from "../../../lib/shutdown/actions";
import { remoteCommand, wordsOf } from "../../../lib/shutdown/commands";
import { parsePlan, type PlanDraft, type PlanHost, type PlanStep } from "../../../lib/shutdown/plan";
import { targetKit } from "../../../lib/shutdown/target-kit";
import { exampleParameters } from "../../support/example-parameters";
import { shells } from "../../support/shells";
import { temporaryFolder } from "../../support/temporary-folder";

const power = { user: "power", root: false };

function hostOf(draft: Partial<PlanDraft["hosts"][number]> = {}): PlanHost {
    const { plan, problems } = parsePlan({ hosts: [{ name: "nas", ...draft }] });
    deepEqual(problems, []);
    const [host] = plan?.hosts ?? [];
    ok(host);
    return host;
}
const everything = (): PlanHost => hostOf({ steps: Object.entries(exampleParameters).filter(([verb]) => !actionNamed(verb)?.ends).map(([action, params]) => ({ action, params, timeoutS: 120 })) });
const stepsOf = (host: PlanHost): PlanStep[] => [...host.steps, ...(host.final ? [host.final] : [])];

describe("what a host is given to let a plan in", () => {
    const folder = temporaryFolder();
    after(() => folder.remove());

    describe("the sudoers file", () => {
        const linesOf = (host: PlanHost): string[] => (targetKit(host, power).sudoers ?? "").split("\n").filter((line) => line.startsWith("power "));

        it("has one line for each command, with its words and no others", () => {
            deepEqual(linesOf(hostOf({ services: ["web", "dev-disk-by\\x2duuid.mount"] })), [
                "power ALL=(root) NOPASSWD: /usr/bin/systemctl stop -- web",
                "power ALL=(root) NOPASSWD: /usr/bin/systemctl start -- web",
                "power ALL=(root) NOPASSWD: /usr/bin/systemctl stop -- dev-disk-by\\\\\\\\x2duuid.mount",
                "power ALL=(root) NOPASSWD: /usr/bin/systemctl start -- dev-disk-by\\\\\\\\x2duuid.mount",
                "power ALL=(root) NOPASSWD: /usr/sbin/shutdown -h +2",
                "power ALL=(root) NOPASSWD: /usr/sbin/shutdown -c",
                "power ALL=(root) NOPASSWD: /usr/bin/systemctl start --no-block --job-mode replace-irreversibly poweroff.target",
            ]);
        });

        it("lets no words through behind a command that has none", () => equal(linesOf(hostOf({ final: { action: "poweroff" } }))[0], 'power ALL=(root) NOPASSWD: /usr/sbin/poweroff ""'));

        it("names the user whose containers are stopped", () => ok(linesOf(hostOf({ steps: [{ action: "stop-podman", params: { user: "alice" } }] })).includes("power ALL=(alice) NOPASSWD: /usr/bin/xargs podman stop -t 20 --")));

        it("takes every pattern, list and comment for what it is", () => {
            const command = ["/opt/park", "a,b", "x=y", "c:d", "*", "?", "[a]", "#1", "!", "^a$", "a b", "\\"];
            equal(linesOf(hostOf({ steps: [{ action: "command", params: { command } }], final: "none" }))[0], "power ALL=(root) NOPASSWD: /opt/park a\\,b x\\=y c\\:d \\* \\? \\[a\\] \\#1 \\! \\^a$ a\\ b \\\\\\\\");
        });

        it("is none where nothing needs root", () => {
            equal(targetKit(hostOf({ steps: [{ action: "sync" }], final: "none" }), power).sudoers, undefined);
            equal(targetKit(everything(), { user: "root", root: true }).sudoers, undefined);
        });

        it("is taken by visudo, for every action of the catalogue and for odd words", function () {
            if (!existsSync("/usr/sbin/visudo")) {
                if (process.env.RIDETHROUGH_NO_SKIP === "1") throw new Error("visudo is not here (apt-get install sudo)");
                this.skip();
            }
            const words = ["/opt/park", "a,b", "x=y", "*", "[", "#1", "!", "\"", "'", "(", "a b", "\\", "%u", "@", "~", "$(id)", "^a$"];
            const path = join(folder.path, "sudoers");
            for (const host of [everything(), hostOf({ steps: [{ action: "command", params: { command: words } }] })]) {
                writeFileSync(path, targetKit(host, power).sudoers ?? "", { mode: 0o440 });
                const { status, stdout, stderr } = spawnSync("/usr/sbin/visudo", ["-c", "-f", path], { encoding: "utf8" });
                equal(status, 0, stdout + stderr);
            }
        });
    });

    describe("the forced command", () => {
        /** As a host has it: a file, which may be longer than any word of a command. */
        const stored = (text: string): string => {
            const path = join(folder.path, "ridethrough-allowed");
            writeFileSync(path, text);
            return path;
        };
        /** What the script would hand to a shell; it hands nothing to one here. */
        const asked = (host: PlanHost, command: string, [file = "", ...args] = shells()[0]?.argv ?? []): { code: number | null; ran: string; said: string } => {
            const { text } = targetKit(host, power).forcedCommand;
            const harmless = text.replaceAll('exec /bin/sh -c "$command"', "{ printf %s \"$command\"; exit 0; }");
            ok(!harmless.includes("exec /bin/sh"));
            const { status, stdout, stderr } = spawnSync(file, [...args, stored(harmless)], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], env: { SSH_ORIGINAL_COMMAND: command } });
            return { code: status, ran: stdout, said: stderr };
        };
        const refused = { code: 126, ran: "", said: "ridethrough: this key may not run that here\n" };

        it("lets through exactly what a run, its way back and a drill send, in every shell", () => {
            const host = everything();
            for (const shell of shells()) {
                for (const { action, params, timeoutMs } of stepsOf(host)) {
                    const place = { root: false, timeoutS: timeoutMs / 1000 };
                    const undo = action.undo?.(params, { did: ["web", "qm/100", "/mnt/nas"], sinceS: 73.2 }, place);
                    for (const program of [action.program(params, place), action.probe(params, place), ...(undo === undefined ? [] : [undo])]) {
                        const command = remoteCommand(wordsOf(program));
                        deepEqual(asked(host, command, [...shell.argv]), { code: 0, ran: command, said: "" }, `${shell.name}: ${action.label(params)}`);
                    }
                }
            }
        }).timeout(30_000);

        it("refuses everything else", () => {
            const host = hostOf({ services: ["web"] });
            const stop = remoteCommand(["sudo", "-n", "systemctl", "stop", "--", "web"]);
            equal(asked(host, stop).ran, stop);
            for (const command of ["", "id", "sh", `${stop};id`, `${stop} `, `${stop} db`, ` ${stop}`, `${stop}\nid`, stop.slice(0, -1), stop.replace("web", "db"), stop.replace("stop", "mask"), stop.replace("env", "exec"), "*", "env *", "true", "scp -t /", "internal-sftp"]) {
                deepEqual(asked(host, command), refused, JSON.stringify(command));
            }
        });

        it("goes on with the container that Node-RED is upgraded to, in every shell", () => {
            const host = hostOf({ steps: [{ action: "stop-docker", timeoutS: 60 }] });
            const [step] = host.steps;
            ok(step);
            const place = { root: false, timeoutS: 60 };
            const [id, other] = ["0123456789abcdef".repeat(4), "fedcba9876543210".repeat(4)];
            const texts = [step.action.program(step.params, place), step.action.probe(step.params, place), step.action.undo?.(step.params, { did: ["web"], sinceS: 1 }, place) ?? { argv: [] }].map((program) => remoteCommand(wordsOf(program)));
            for (const { argv } of shells()) {
                for (const text of texts) {
                    for (const now of [id, other]) equal(asked(host, text.replace(" own:", ` own:${now}`), [...argv]).ran, text.replace(" own:", ` own:${now}`));
                    for (const wrong of [`${id}x`, `${id};id`, "$(id)", `${id}' 'x`, `${id}\nid`]) deepEqual(asked(host, text.replace(" own:", ` own:${wrong}`), [...argv]), refused, wrong);
                }
            }
        }).timeout(30_000);

        it("lets a login be tested, and what else is named", () => {
            equal(asked(hostOf(), remoteCommand(["true"])).code, 0);
            const { text } = targetKit(hostOf(), power, [["uptime", "-s"]]).forcedCommand;
            ok(text.includes(remoteCommand(["uptime", "-s"])));
        });

        it("takes names behind a way back, and nothing that a shell could take for more", () => {
            const host = hostOf({ steps: [{ action: "stop-docker", timeoutS: 60 }] });
            const [step] = host.steps;
            ok(step);
            const undo = (did: string[]): string => remoteCommand(wordsOf(step.action.undo?.(step.params, { did, sinceS: 1 }, { root: false, timeoutS: 60 }) ?? { argv: [] }));
            equal(asked(host, undo(["web", "db-1.example"])).code, 0);
            for (const tail of [" ;id", " $(id)", " `id`", " a|b", " a&b", " 'a'", "\nid", " a>b", " *", " ~", " \\"]) deepEqual(asked(host, undo(["web"]) + tail), refused, JSON.stringify(tail));
            deepEqual(asked(host, undo(["we'b"])), refused);
        });

        it("is another one after a change of the plan", () => {
            const before = hostOf({ steps: [{ action: "stop-vms", timeoutS: 120 }] });
            const [step] = hostOf({ steps: [{ action: "stop-vms", timeoutS: 180 }] }).steps;
            ok(step);
            deepEqual(asked(before, remoteCommand(wordsOf(step.action.program(step.params, { root: false, timeoutS: 180 })))), refused);
        });

        it("is valid in every shell", () => {
            const { text } = targetKit(everything(), power).forcedCommand;
            for (const { argv: [file = "", ...args] } of shells()) execFileSync(file, [...args, "-n", stored(text)]);
        });
    });

    it("has the key's line, without anything that ssh could do besides", () => {
        const { authorizedKeys, forcedCommand } = targetKit(hostOf(), { ...power, publicKey: "ssh-ed25519 AAAAexample" });
        equal(authorizedKeys, `restrict,command="${forcedCommand.path}" ssh-ed25519 AAAAexample ridethrough\n`);
        match(targetKit(hostOf(), power).authorizedKeys, /PUT-THE-PUBLIC-KEY-HERE/);
    });
});
