import { deepEqual, ok } from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { actionNamed } from "../../../lib/shutdown/actions";
import { HostTools, idOf, uuidOf } from "../../simulators/host-tools";
import { runIn, shells, type Shell } from "../../support/shells";
import { temporaryFolder } from "../../support/temporary-folder";

/** Names that somebody may give a machine or a container, none of them in one word that is plainly a name; {mark} is a file that must not come to be. */
const names = ["$(touch {mark})", "`touch {mark}`", "x;touch {mark}", "x|touch {mark}", "x&touch {mark}", "-rf", "--help", "x' 'y", "\"", "*", "~", "a>{mark}", "\\n", "$HOME", "é"];

/** How a tool lists guests of these names. */
interface Rig {
    verb: string;
    tool: string;
    id(place: number): string;
    /** Its words when it is asked for a list, as a pattern of a shell. */
    list: string;
    head?: string;
    line(id: string, name: string): string;
    /** For a tool that tells of each guest by itself. */
    more?: string;
}
const rigs: Rig[] = [
    { verb: "stop-vms", tool: "virsh", id: (place) => uuidOf(`vm${place}`), list: '*" list "*', line: (id, name) => `${id} ${name}` },
    { verb: "stop-proxmox", tool: "qm", id: (place) => String(100 + place), list: "list", head: "      VMID NAME                 STATUS     MEM(MB)", line: (id, name) => `       ${id} ${name.replaceAll(" ", "_")}   running    2048` },
    { verb: "stop-docker", tool: "docker", id: (place) => idOf(`c${place}`), list: '"ps "*', line: (id, name) => `${id}/${name}` },
    { verb: "stop-podman", tool: "podman", id: (place) => idOf(`c${place}`), list: '"ps "*', line: (id, name) => `${id}/${name}/running` },
    { verb: "stop-xcp-ng-vms", tool: "xe", id: (place) => uuidOf(`vm${place}`), list: '"vm-list "*', line: (id, name) => `uuid ( RO)           : ${id}\n     name-label ( RW): ${name}\n` },
    { verb: "stop-esxi-vms", tool: "vim-cmd", id: (place) => String(1 + place), list: "vmsvc/getallvms", head: "Vmid   Name   File   Guest OS", line: (id, name) => `${id}     ${name}    [datastore1] ${name}/x.vmx   debian11_64Guest   vmx-19`,
        more: 'case "$*" in vmsvc/power.getstate*) [ -f "$state/off/$2" ] && echo "Powered off" || echo "Powered on"; exit 0;; esac' },
];

describe("guests with hostile names", function () {
    const folder = temporaryFolder();
    after(() => folder.remove());
    const here = shells();

    /** Stops them in a shell. @returns what the tool was told, and whether anything came of a name */
    const stopped = async ({ verb, tool, id, list, head, line, more = "" }: Rig, shell: Shell): Promise<{ code: number | null; did: string[]; stderr: string; told: string[]; marked: boolean }> => {
        const path = join(folder.path, `${verb}-${shell.name.replace(" ", "-")}`);
        mkdirSync(path);
        const host = new HostTools(path, shell.busybox);
        const mark = join(path, "marked");
        mkdirSync(join(path, "state/off"));
        mkdirSync(join(path, "state/lines"));
        names.forEach((name, place) => writeFileSync(join(path, "state/lines", id(place)), `${line(id(place), name.replaceAll("{mark}", mark))}\n`));
        writeFileSync(join(path, "state/head"), head === undefined ? "" : `${head}\n`);
        writeFileSync(join(host.path, tool), `#!/bin/sh
state=${path}/state
echo "$*" >> $state/told
${more}
case "$*" in
    ${list}) /bin/cat $state/head; for file in $state/lines/*; do [ -f "$state/off/\${file##*/}" ] || /bin/cat "$file"; done;;
    *) for word; do word=\${word#uuid=}; [ ! -f "$state/lines/$word" ] || : > "$state/off/$word"; done;;
esac
`, { mode: 0o755 });
        if (verb === "stop-proxmox") writeFileSync(join(host.path, "pct"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
        const action = actionNamed(verb);
        ok(action);
        const end = await runIn(shell, action.program({}, { root: true, timeoutS: 90 }), host.path);
        const told = readFileSync(join(path, "state/told"), "utf8").split("\n").filter((text) => text !== "" && !text.includes("list") && !/^ps |getallvms|getstate/.test(text));
        return { ...end, told, marked: existsSync(mark) || readdirSync(path).some((name) => !["bin", "state"].includes(name)) };
    };

    const runs = new Map<string, ReturnType<typeof stopped>>();
    before(() => {
        for (const rig of rigs) {
            for (const shell of here) {
                const run = stopped(rig, shell);
                run.catch(() => undefined);
                runs.set(`${rig.verb} ${shell.name}`, run);
            }
        }
    });
    for (const rig of rigs) {
        it(`are stopped by what ${rig.tool} itself has given them, and nothing comes of their names`, async () => {
            for (const shell of here) {
                const { code, did, stderr, told, marked } = (await runs.get(`${rig.verb} ${shell.name}`)) ?? ok(false) as never;
                const ids = names.map((_name, place) => rig.id(place));
                deepEqual([code, stderr, marked], [0, "", false], shell.name);
                const plain = rig.verb === "stop-proxmox" ? ids.map((id) => `qm/${id}`) : ids;
                deepEqual([...did].sort(), plain.sort(), shell.name);
                const words = told.flatMap((text) => text.split(" ")).map((word) => word.replace(/^uuid=/, ""));
                deepEqual(words.filter((word) => ids.includes(word)).sort(), [...ids].sort(), shell.name);
                const fixed = new Set(["-c", "qemu:///system", "shutdown", "--domain", "--timeout", "60", "stop", "-t", "20", "--", "vm-shutdown", "vmsvc/power.shutdown"]);
                deepEqual(words.filter((word) => !ids.includes(word) && !fixed.has(word)), [], shell.name);
            }
        });
    }
});
