import type { ActionParameters, CatalogueAction } from "../catalogue";
import { asRoot } from "./as-root";
import { sudoFlag } from "./guests";
import { parameterProblems, textOf, type CheckedParameter } from "./parameters";
import { probeOf } from "./probe";

/** Why the host goes down, as its own log will show it. One word, so that every login shell and sudo take it alike. */
const reason = "power-outage";

interface Kind {
    more?: readonly CheckedParameter[];
    /** What a drill looks at besides. */
    look?: (params: ActionParameters) => { begin: string; args: readonly string[] };
}

/** @param sudo whether an account of another name than root needs it: on some systems every account that may log in is root */
function powerOff(verb: string, label: string, sudo: boolean, argv: (params: ActionParameters) => readonly string[], { more = [], look }: Kind = {}): CatalogueAction {
    const parameters = [...more, { ...sudoFlag, fallback: sudo }];
    const asItIs = (params: ActionParameters): boolean => !(typeof params.sudo === "boolean" ? params.sudo : sudo);
    return {
        verb,
        parameters,
        problems: (params) => parameterProblems(verb, parameters, params),
        label: () => label,
        program: (params, place) => ({ argv: asRoot(argv(params), { root: place.root || asItIs(params) }) }),
        repeatable: true,
        ends: true,
        privileged: (params) => (asItIs(params) ? [] : [argv(params)]),
        probe: (params, { root }) => probeOf({ ...look?.(params), programs: [argv(params)[0] ?? ""], rules: [argv(params)], root: root || asItIs(params) }),
    };
}

/** Synology DSM. Its program lies where no ordinary PATH leads. */
export const synologyPowerOff = powerOff("synology-power-off", "Synology: power off", true, () => ["/usr/syno/sbin/synoshutdown", "-s"]);

/** QNAP QTS. Its account "admin" is root. */
export const qnapPowerOff = powerOff("qnap-power-off", "QNAP: power off", false, () => ["/sbin/poweroff"]);

const trueNasArgv = {
    "25.04": ["midclt", "call", "system.shutdown", reason],
    "24.10": ["midclt", "call", "system.shutdown"],
    core: ["/sbin/shutdown", "-p", "now"],
} as const;
const trueNasVersions = ["25.04", "24.10", "core"] as const;

/** After an upgrade the old words would be refused, in the outage: what says nothing that we know is left alone. */
const sameVersion = [
    'is=$(cat /etc/version 2>/dev/null)', 'at=${is#TrueNAS-}', 'at=${at#SCALE-}', 'at=${at%%.*}',
    'case $at in 1[1-4]) at=core;; 2[0-4]) at=24.10;; 2[5-9]|[3-9][0-9]) at=25.04;; *) at=$1;; esac',
    '[ "$at" = "$1" ] || { echo "this is TrueNAS $is: choose the version $at in the plan" >&2; exit 1; }', "shift; ",
].join("; ");

/** TrueNAS: from 25.04 on its middleware wants a reason, before it takes none. CORE is FreeBSD. */
export const trueNasPowerOff = powerOff("truenas-power-off", "TrueNAS: power off", true, (params) => trueNasArgv[textOf(params, "version", "25.04") as (typeof trueNasVersions)[number]], {
    more: [{ name: "version", kind: "choice", choices: trueNasVersions, fallback: "25.04" }],
    look: (params) => ({ begin: sameVersion, args: [textOf(params, "version", "25.04")] }),
});

/** pfSense and OPNsense: FreeBSD's own. Their account "admin" is root. */
export const pfSensePowerOff = powerOff("pfsense-power-off", "pfSense: power off", false, () => ["/sbin/shutdown", "-p", "now"]);

/**
 * ESXi. `esxcli system shutdown` would want maintenance mode, in which the host then comes up again. Some versions have the
 * program in /bin, some in /sbin.
 */
export const esxiPowerOff = powerOff("esxi-power-off", "ESXi: power off", false, () => ["poweroff"]);
