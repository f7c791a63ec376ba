import type { ActionParameters, CatalogueAction } from "../catalogue";
import { asRoot } from "./as-root";

const delayOf = ({ delayMinutes = 2 }: ActionParameters): number => Number(delayMinutes);

/** `shutdown -h +2`, or `now` without a delay. */
function shutdownArgv(params: ActionParameters): string[] {
    const delay = delayOf(params);
    return ["shutdown", "-h", delay === 0 ? "now" : `+${delay}`];
}
const cancel = ["shutdown", "-c"];

/** Switches the host off after a delay, in which it can be called off. */
export const shutdownHost: CatalogueAction = {
    verb: "shutdown",
    parameters: [{ name: "delayMinutes", kind: "minutes", fallback: 2 }],
    problems: (params) => (Number.isInteger(delayOf(params)) && delayOf(params) >= 0 && delayOf(params) <= 60 ? [] : ["the delay of the final command must be between 0 and 60 whole minutes"]),
    label: (params) => shutdownArgv(params).join(" "),
    program: (params, place) => ({ argv: asRoot(shutdownArgv(params), place) }),
    undo: (_params, _done, place) => ({ argv: asRoot(cancel, place) }),
    repeatable: true,
    ends: true,
    privileged: (params) => [shutdownArgv(params), cancel],
    probe: (params, place) => ({ argv: place.root ? ["sh", "-c", "command -v shutdown"] : ["sudo", "-n", "-l", ...shutdownArgv(params)] }),
};

/** Switches the host off at once. */
export const powerOffHost: CatalogueAction = {
    verb: "poweroff",
    parameters: [],
    problems: () => [],
    label: () => "poweroff",
    program: (_params, place) => ({ argv: asRoot(["poweroff"], place) }),
    repeatable: true,
    ends: true,
    privileged: () => [["poweroff"]],
    probe: (_params, place) => ({ argv: place.root ? ["sh", "-c", "command -v poweroff"] : ["sudo", "-n", "-l", "poweroff"] }),
};
