import type { ActionParameters, CatalogueAction } from "../catalogue";
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
    repeatable: true,
    ends: true,
    privileged: (params) => [shutdownArgv(params), cancel],
    probe: (params, { root }) => probeOf({ programs: ["shutdown"], rules: [shutdownArgv(params), cancel], root }),
};

/** Switches the host off at once. */
export const powerOffHost: CatalogueAction = {
    verb: "poweroff",
    parameters: [],
    problems: (params) => strangeParameters("poweroff", [], params),
    label: () => "poweroff",
    program: (_params, place) => ({ argv: asRoot(["poweroff"], place) }),
    repeatable: true,
    ends: true,
    privileged: () => [["poweroff"]],
    probe: (_params, { root }) => probeOf({ programs: ["poweroff"], rules: [["poweroff"]], root }),
};
