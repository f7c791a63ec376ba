import type { ActionParameters, CatalogueAction, Place, Program } from "../catalogue";
import { asRoot } from "./as-root";
import { numberOf, parameterProblems, strangeParameters, type CheckedParameter } from "./parameters";
import { probeOf } from "./probe";

const parameters: readonly CheckedParameter[] = [{ name: "delayMinutes", kind: "minutes", fallback: 2 }];
const delayOf = (params: ActionParameters): number => numberOf(params, "delayMinutes", 2);

/** `shutdown -h +2`, or `now` without a delay. */
function shutdownArgv(params: ActionParameters): string[] {
    const delay = delayOf(params);
    return ["shutdown", "-h", delay === 0 ? "now" : `+${delay}`];
}
const cancel = ["shutdown", "-c"];

/**
 * Since version 257 systemd's logind lets anybody's lock (a desktop's session, a backup) refuse root a power-off, and gives root
 * no way around it (systemd#36786). systemd itself asks nobody, and stops everything in order all the same.
 */
const anyway = ["systemctl", "start", "--no-block", "--job-mode", "replace-irreversibly", "poweroff.target"];
const insist = (_params: ActionParameters, place: Place): Program => ({ argv: asRoot(anyway, place) });

/** Switches the host off after a delay, in which it can be called off. */
export const shutdownHost: CatalogueAction = {
    verb: "shutdown",
    parameters,
    problems(params) {
        const strange = strangeParameters("shutdown", parameters, params);
        return strange.length > 0 || parameterProblems("shutdown", parameters, params).length === 0 ? strange : ["the delay of the final command must be between 0 and 60 whole minutes"];
    },
    label: (params) => shutdownArgv(params).join(" "),
    program: (params, place) => ({ argv: asRoot(shutdownArgv(params), place) }),
    undo: (_params, _done, place) => ({ argv: asRoot(cancel, place) }),
    insist,
    repeatable: true,
    ends: true,
    privileged: (params) => [shutdownArgv(params), cancel, anyway],
    probe: (params, { root }) => probeOf({ programs: ["shutdown"], rules: [shutdownArgv(params), cancel], spare: anyway, root }),
};

/** Switches the host off at once. */
export const powerOffHost: CatalogueAction = {
    verb: "poweroff",
    parameters: [],
    problems: (params) => strangeParameters("poweroff", [], params),
    label: () => "poweroff",
    program: (_params, place) => ({ argv: asRoot(["poweroff"], place) }),
    insist,
    repeatable: true,
    ends: true,
    privileged: () => [["poweroff"], anyway],
    probe: (_params, { root }) => probeOf({ programs: ["poweroff"], rules: [["poweroff"]], spare: anyway, root }),
};
