import { deepEqual, equal, match, ok } from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { actionNamed, programOf } from "../../../../lib/shutdown/actions";
import type { ActionParameters, CatalogueAction, Program } from "../../../../lib/shutdown/catalogue";
import { HostTools, idOf, uuidOf, type Manners } from "../../../simulators/host-tools";
import { runIn, shells, type ScriptEnd, type Shell } from "../../../support/shells";
import { sideBySide } from "../../../support/side-by-side";
import { temporaryFolder } from "../../../support/temporary-folder";

/** A kind of guests, with three of them: as the host has them, as "did" names them, and the words of each tool. */
interface Rig {
    what: string;
    verb: string;
    params?: ActionParameters;
    root?: true;
    tools: string[];
    /** Files of the fake host. */
    guests: [string, string, string];
    did(guest: string): string;
    /** The calls that ask these guests to stop, make them, and start one. */
    order(guests: string[]): string[];
    force(guests: string[]): string[];
    start(guest: string): string[];
    /** How plans exclude the second one. */
    except?: string;
    /** Words of an answer that cannot be understood. */
    garbage: RegExp;
}

const virsh = "virsh -c qemu:///system";
const pve = (guest: string): [string, string] => (guest.split("-") as [string, string]);
const inOneCall = (words: string) => (guests: string[]): string[] => [`${words} ${guests.join(" ")}`];
const oneByOne = (words: string) => (guests: string[]): string[] => guests.map((guest) => `${words}${guest}`);
const containers = { guests: ["web", "db", "mail"] as [string, string, string], did: (guest: string) => guest, except: "db", garbage: /ps says: <html>/ };
const engine = (name: string) => ({ tools: [name], order: inOneCall(`${name} stop -t 20 --`), force: inOneCall(`${name} kill --`), start: (guest: string) => [`${name} start -- ${guest}`], ...containers });
const stack = (name: string, compose = name) => ({
    guests: ["stack-web", "stack-db", "stack-mail"] as [string, string, string], did: idOf, force: (guests: string[]) => [`${name} kill -- ${guests.map(idOf).join(" ")}`], garbage: /ps says: <html>/,
    order: () => [`${compose} -f /srv/app/compose.yaml stop -t 20`], start: (guest: string) => [`${name} start -- ${idOf(guest)}`],
});
const mountPoint = (guest: string): string => `/${guest.replaceAll("+", "/")}`;

const rigs: Rig[] = [
    { what: "libvirt", verb: "stop-vms", tools: ["virsh"], guests: ["web", "db", "mail"], did: (guest) => guest, except: "db", garbage: /virsh list says: <html>/,
        order: oneByOne(`${virsh} shutdown --domain `), force: oneByOne(`${virsh} destroy --domain `), start: (guest) => [`${virsh} start --domain ${guest}`] },
    { what: "Proxmox", verb: "stop-proxmox", tools: ["qm", "pct"], guests: ["qm-100", "qm-101", "pct-200"], did: (guest) => guest.replace("-", "/"), except: "101", garbage: /qm list says: <html>/,
        order: (guests) => guests.map((guest) => `${pve(guest)[0]} shutdown --timeout 60 ${pve(guest)[1]}`), force: (guests) => guests.map((guest) => `${pve(guest)[0]} stop ${pve(guest)[1]}`),
        start: (guest) => [`${pve(guest)[0]} start ${pve(guest)[1]}`] },
    { what: "ESXi", verb: "stop-esxi-vms", root: true, tools: ["vim-cmd"], guests: ["1", "2", "7"], did: (guest) => guest, except: "vm2", garbage: /does not answer with a list/,
        order: oneByOne("vim-cmd vmsvc/power.shutdown "), force: oneByOne("vim-cmd vmsvc/power.off "), start: (guest) => [`vim-cmd vmsvc/power.on ${guest}`] },
    { what: "XCP-ng", verb: "stop-xcp-ng-vms", tools: ["xe"], guests: [uuidOf("web"), uuidOf("db"), uuidOf("mail")], did: (guest) => guest, except: uuidOf("db"), garbage: /vm-list says: <html>/,
        order: oneByOne("xe vm-shutdown uuid="), force: oneByOne("xe vm-shutdown force=true uuid="), start: (guest) => [`xe vm-start uuid=${guest}`] },
    { what: "Docker", verb: "stop-docker", ...engine("docker") },
    { what: "podman", verb: "stop-podman", ...engine("podman") },
    { what: "podman of one user", verb: "stop-podman", params: { user: "alice" }, ...engine("podman") },
    { what: "podman of one user, as root", verb: "stop-podman", params: { user: "alice" }, root: true, ...engine("podman") },
    { what: "docker compose", verb: "stop-compose", params: { file: "/srv/app/compose.yaml" }, tools: ["docker", "docker-compose"], ...stack("docker", "docker compose") },
    { what: "docker-compose", verb: "stop-compose", params: { file: "/srv/app/compose.yaml", program: "docker-compose" }, tools: ["docker", "docker-compose"], ...stack("docker", "docker-compose") },
    { what: "podman-compose", verb: "stop-compose", params: { file: "/srv/app/compose.yaml", program: "podman-compose" }, tools: ["docker-compose", "podman", "podman-compose"], ...stack("podman", "podman-compose") },
    { what: "mounts", verb: "unmount", params: { mounts: ["/mnt/nas", "/srv/media", "/mnt/old"] }, tools: ["umount", "mount"], guests: ["mnt+nas", "srv+media", "mnt+old"], did: mountPoint, garbage: /does not say what is mounted/,
        order: (guests) => guests.map((guest) => `umount -- ${mountPoint(guest)}`), force: (guests) => guests.map((guest) => `umount -l -- ${mountPoint(guest)}`), start: (guest) => [`mount -- ${mountPoint(guest)}`] },
];

const folder = temporaryFolder();
let folders = 0;

describe("what runs on a host and is to stop", function () {
    this.timeout(60_000);
    const here = shells();
    const test = sideBySide(4);
    after(() => folder.remove());

    const actionOf = (rig: Rig): CatalogueAction => {
        const action = actionNamed(rig.verb);
        ok(action);
        return action;
    };
    /** A host of its own. What sudo allows is what the catalogue says that it needs. */
    const hostOf = (rig: Rig, shell: Shell, params = rig.params ?? {}): HostTools => {
        const path = join(folder.path, String((folders += 1)));
        mkdirSync(path);
        return new HostTools(path, shell.busybox).install(...rig.tools, "su").allow(actionOf(rig).privileged(params));
    };
    const place = (rig: Rig, timeoutS = 90) => ({ root: rig.root === true, timeoutS });
    /** The same in every shell, at the same time. */
    const inEach = (rig: Rig, check: (shell: Shell, host: HostTools) => Promise<void>, some = here): Promise<unknown> => Promise.all(some.map(async (shell) => {
        try {
            await check(shell, hostOf(rig, shell));
        } catch (error) {
            throw new Error(`under ${shell.name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
        }
    }));
    /** In one shell, another one for each kind of guests. */
    const inOne = (rig: Rig, check: (shell: Shell, host: HostTools) => Promise<void>): Promise<unknown> => inEach(rig, check, [here[rigs.indexOf(rig) % here.length] as Shell]);
    const stop = (rig: Rig, shell: Shell, host: HostTools, { timeoutS = 90, graceS, ...more }: { timeoutS?: number; graceS?: number } & ActionParameters = {}): Promise<ScriptEnd> => {
        // Where the grace is a word of a command, sudo and the fakes know the default; a short time limit shortens it then.
        const params = { ...rig.params, ...more, ...(graceS !== undefined && { graceS }) };
        return runIn(shell, programOf(actionOf(rig), params, place(rig, timeoutS)), host.path);
    };
    const undo = (rig: Rig, shell: Shell, host: HostTools, did: string[]): Promise<ScriptEnd> => {
        const program = actionOf(rig).undo?.(rig.params ?? {}, { did, sinceS: 10 }, place(rig)) as Program;
        return runIn(shell, program, host.path);
    };
    const guests = (rig: Rig, host: HostTools, manners: [Manners, Manners, Manners] = ["obeys", "obeys", "obeys"]): HostTools => {
        rig.guests.forEach((name, index) => host.guest(name, manners[index]));
        return host;
    };
    const called = (host: HostTools, calls: string[]): string[] => calls.filter((call) => host.calls.includes(call));
    const callOf = (words: (guests: string[]) => string[], all: string[]): string[] => words(all);
    /** Everything but looking: what changed something, in any order. */
    const deeds = (rig: Rig, host: HostTools): string[] => {
        const looks = /^(?:virsh -c \S+ list|qm list|pct list|vim-cmd vmsvc\/(?:getallvms|power\.getstate)|xe vm-list|(?:docker|podman) ps|(?:docker[- ]|podman-)compose -f \S+ ps|sudo)/;
        return [...new Set(host.calls.filter((call) => !looks.test(call)))].filter((call) => rig.tools.length < 2 || rig.verb !== "stop-compose" || !call.startsWith("docker-compose") || rig.params?.program === "docker-compose").sort();
    };

    for (const rig of rigs) {
        describe(rig.what, () => {
            const [first, second, third] = rig.guests;

            test("is asked to stop, all of it, and reported", () => inEach(rig, async (shell, host) => {
                guests(rig, host);
                const end = await stop(rig, shell, host);
                deepEqual([end.code, end.stderr, end.did.sort(), host.running], [0, "", rig.guests.map(rig.did).sort(), []]);
                const order = deeds(rig, host);
                equal(order.length, callOf(rig.order, rig.guests).length);
                deepEqual(order.flatMap((call) => call.split(" ")).sort(), rig.order(rig.guests).flatMap((call) => call.split(" ")).sort());
            }));

            test("is made to stop where asking did not help", () => inEach(rig, async (shell, host) => {
                guests(rig, host, ["obeys", "never", "obeys"]);
                // Time runs ten times as fast in there: less would leave force a third of a second, too little on a busy machine.
                const end = await stop(rig, shell, host, { timeoutS: 33 });
                deepEqual([end.code, end.stderr, host.running], [0, "", []]);
                deepEqual(called(host, rig.force([second])), rig.force([second]));
                deepEqual(called(host, rig.force([first])), []);
            }));

            test("is not taken for stopped when nobody can say what runs", () => inEach(rig, async (shell, host) => {
                guests(rig, host).fault("fails");
                const end = await stop(rig, shell, host);
                deepEqual([end.code, end.did, host.running, deeds(rig, host)], [1, [], [...rig.guests].sort(), []]);
                match(end.stderr, /not known what runs here: error: failed to connect/);
            }));

            test("is not taken for stopped after an answer that we do not understand", () => inOne(rig, async (shell, host) => {
                guests(rig, host).fault("garbage");
                const end = await stop(rig, shell, host);
                deepEqual([end.code, end.did, deeds(rig, host)], [1, [], []]);
                match(end.stderr, rig.garbage);
            }));

            test("is nothing to do where nothing runs", () => inOne(rig, async (shell, host) => {
                for (const name of rig.guests) host.guest(name, "obeys", "stopped");
                const end = await stop(rig, shell, host);
                deepEqual([end.code, end.did, end.stderr, deeds(rig, host)], [0, [], "", []]);
            }));

            test("comes back as it was: what was reported, and nothing else", () => inEach(rig, async (shell, host) => {
                host.guest(first, "obeys", "stopped").guest(second, "obeys", "stopped").guest(third, "obeys", "running");
                const end = await undo(rig, shell, host, [rig.did(first), rig.did(third)]);
                deepEqual([end.code, end.stderr, host.running, deeds(rig, host)], [0, "", [first, third].sort(), rig.start(first)]);
            }));

            test("says what does not come back", () => inOne(rig, async (shell, host) => {
                host.guest(first, "immortal", "stopped").guest(second, "obeys", "stopped").guest(third, "obeys", "stopped");
                const end = await undo(rig, shell, host, [rig.did(first), rig.did(second)]);
                deepEqual([end.code, host.running], [1, [second]]);
                match(end.stderr, /^not started: .*has no disk/);
            }));

            test("is looked at by a drill, and not touched", () => inEach(rig, async (shell, host) => {
                guests(rig, host);
                const probe = actionOf(rig).probe(rig.params ?? {}, place(rig));
                const end = await runIn(shell, probe, host.path);
                deepEqual([end.code, end.stderr, deeds(rig, host), host.running], [0, "", [], [...rig.guests].sort()]);
            }));

            test("is refused by a drill where a rule of sudo or a program is missing", () => inOne(rig, async (shell, host) => {
                guests(rig, host);
                const rules = actionOf(rig).privileged(rig.params ?? {});
                const probe = actionOf(rig).probe(rig.params ?? {}, place(rig));
                if (rules.length > 0 && rig.root !== true) {
                    host.allow(rules.slice(0, -1));
                    const end = await runIn(shell, probe, host.path);
                    deepEqual([end.code, end.stderr, deeds(rig, host)], [1, `sudo does not allow: ${rules.at(-1)?.join(" ")}`, []]);
                    host.allow(rules);
                }
                host.remove(rig.tools.at(-1) ?? "");
                const end = await runIn(shell, probe, host.path);
                equal(end.code, 1);
                deepEqual(deeds(rig, host), []);
            }));

            if (rig.except !== undefined) {
                test("is left alone where the plan says so", () => inOne(rig, async (shell, host) => {
                    guests(rig, host);
                    const end = await stop(rig, shell, host, { except: [rig.except ?? ""] });
                    deepEqual([end.code, end.stderr, end.did.sort(), host.running], [0, "", [first, third].map(rig.did).sort(), [second]]);
                    const rest = await stop(rig, shell, host, { only: [rig.except ?? ""] });
                    deepEqual([rest.code, rest.did, host.running], [0, [rig.did(second)], []]);
                }));
            }
        });
    }

    describe("Proxmox", () => {
        const rig = rigs.find(({ verb }) => verb === "stop-proxmox") as Rig;

        test("leaves those alone that a plan knows by their names", () => inEach(rig, async (shell, host) => {
            guests(rig, host);
            const end = await stop(rig, shell, host, { except: ["vm101", "ct200"] });
            deepEqual([end.code, end.stderr, end.did, host.running], [0, "", ["qm/100"], ["pct-200", "qm-101"]]);
            const rest = await stop(rig, shell, host, { only: ["ct200"] });
            deepEqual([rest.code, rest.did, host.running], [0, ["pct/200"], ["qm-101"]]);
        }));

        test("knows what a machine without a name does, which is listed as \"VM 100\"", () => inEach(rig, async (shell, host) => {
            host.guest("qm-100").guest("qm-101", "obeys", "stopped").guest("pct-200", "obeys", "stopped").without("unnamed");
            const end = await stop(rig, shell, host);
            deepEqual([end.code, end.stderr, end.did, host.running], [0, "", ["qm/100"], []]);
            deepEqual(deeds(rig, host), rig.order(["qm-100"]));
        }));
    });

    describe("the common part", () => {
        const rig = rigs[0] as Rig;
        const [web, db] = rig.guests;

        test("waits for one that takes its time, and does not force it", () => inEach(rig, async (shell, host) => {
            guests(rig, host, ["obeys", "slow", "obeys"]);
            const end = await stop(rig, shell, host);
            deepEqual([end.code, host.running, called(host, rig.force(rig.guests))], [0, [], []]);
        }));

        test("says what still runs after force, and fails", () => inEach(rig, async (shell, host) => {
            guests(rig, host, ["immortal", "obeys", "obeys"]);
            const end = await stop(rig, shell, host, { timeoutS: 18 });
            deepEqual([end.code, end.stderr, host.running], [1, `still running: ${web}`, [web]]);
        }));

        test("leaves a list that hangs behind, in time, and orders nothing", () => inEach(rig, async (shell, host) => {
            guests(rig, host).fault("hangs");
            const end = await stop(rig, shell, host, { timeoutS: 18 });
            deepEqual([end.code, end.did, deeds(rig, host)], [1, [], []]);
            match(end.stderr, /not known.*no answer in time from virsh -c/);
        }));

        test("fails when the list fails after the order: unknown is not stopped", () => inEach(rig, async (shell, host) => {
            guests(rig, host).fault("fails", 1);
            const end = await stop(rig, shell, host, { timeoutS: 18 });
            equal(end.code, 1);
            match(end.stderr, /^not known to have stopped: .*web.*: error: failed to connect$/);
        }));

        test("forces what it last saw running when the list fails after the order", () => inEach(rig, async (shell, host) => {
            guests(rig, host, ["never", "obeys", "obeys"]).fault("hangs", 2);
            const end = await stop(rig, shell, host, { timeoutS: 24 });
            equal(end.code, 1);
            deepEqual(called(host, rig.force([web])), rig.force([web]));
            deepEqual(host.running, []);
        }));

        test("gives them the time of the plan before force, by a clock that goes on", () => inEach(rig, async (shell, host) => {
            guests(rig, host, ["never", "slow", "slow"]).without("no-uptime");
            const end = await stop(rig, shell, host, { timeoutS: 60, graceS: 20 });
            deepEqual([end.code, host.running], [0, []]);
            deepEqual(called(host, rig.force(rig.guests)), rig.force([web]));
        }));

        test("gives them their time from the order on, however long it took to see them", () => inEach(rig, async (shell, host) => {
            guests(rig, host, ["slow", "slow", "obeys"]).fault("hangs", 0, 1);
            const end = await stop(rig, shell, host, { timeoutS: 60, graceS: 10 });
            deepEqual([end.code, host.running, called(host, rig.force(rig.guests))], [0, [], []]);
        }));

        test("does nothing at all without a clock: an empty one once destroyed every machine at once", () => inEach(rig, async (shell, host) => {
            guests(rig, host).without("no-uptime").without("no-date");
            const end = await stop(rig, shell, host);
            deepEqual([end.code, end.stderr, end.did, deeds(rig, host)], [1, "this host has no clock to wait by", [], []]);
        }));

        test("says what sudo said, and does not wait long for it", () => inEach(rig, async (shell, host) => {
            guests(rig, host).allow([]);
            const end = await stop(rig, shell, host);
            deepEqual([end.code, end.stderr], [1, "not known what runs here: sudo: a password is required"]);
        }));

        test("needs no sudo where the account may do it by itself", () => inEach(rig, async (shell, host) => {
            guests(rig, host).allow([]);
            const end = await stop(rig, shell, host, { sudo: false });
            deepEqual([end.code, host.running], [0, []]);
        }));

        test("takes a machine with a blank in its name, or with a number for a name, by its UUID", () => inEach(rig, async (shell, host) => {
            const id = [uuidOf("100"), uuidOf("Windows 11")];
            // virsh takes the UUID: the fake knows both by it.
            host.guest("100").guest("Windows 11");
            const end = await stop(rig, shell, host, { timeoutS: 18 });
            equal(end.code, 1);
            deepEqual(end.did.sort(), id.sort());
            for (const each of id) ok(host.calls.includes(`${virsh} shutdown --domain ${each}`), each);
        }));

        test("brings to its end what was begun when the connection is lost", () => inEach(rig, async (shell, host) => {
            guests(rig, host, ["never", "slow", "obeys"]);
            const { code } = await runIn(shell, programOf(actionOf(rig), { graceS: 5 }, place(rig, 24)), host.path, { deaf: true });
            deepEqual([code, host.running], [0, []]);
        }));

        test("starts nothing whose name could be something else", () => inEach(rig, async (shell, host) => {
            host.guest(web, "obeys", "stopped").guest(db, "obeys", "stopped");
            for (const name of ["--config", "web;reboot", "$(reboot)", "a b", "*", "'"]) {
                const end = await undo(rig, shell, host, [name]);
                deepEqual([end.code, deeds(rig, host)], [1, []], name);
            }
        }));
    });
});
