import type { ActionParameters, CatalogueAction } from "../catalogue";
import { asRoot } from "./as-root";
import { sudoFlag } from "./guests";
import { listOf, parameterProblems, type CheckedParameter } from "./parameters";
import { probeOf } from "./probe";

const parameters: readonly CheckedParameter[] = [{ name: "command", kind: "words", required: true }, { name: "undo", kind: "words" }, sudoFlag];
const own = (params: ActionParameters): boolean => params.sudo === false;
const command = (params: ActionParameters): readonly string[] => listOf(params, "command");
const back = (params: ActionParameters): readonly string[] => listOf(params, "undo");
const both = (params: ActionParameters): readonly (readonly string[])[] => [command(params), back(params)].filter((words) => words.length > 0);

/**
 * A command that the plan declares word by word. No shell reads it. What it does we cannot know: it is not run twice, and
 * put back only with the command that the plan declares for that.
 */
export const declaredCommand: CatalogueAction = {
    verb: "command",
    parameters,
    problems: (params) => parameterProblems("command", parameters, params),
    label: (params) => command(params).join(" "),
    program: (params, { root }) => ({ argv: asRoot(command(params), { root: root || own(params) }) }),
    undo: (params, _done, { root }) => (back(params).length === 0 ? undefined : { argv: asRoot(back(params), { root: root || own(params) }) }),
    repeatable: false,
    privileged: (params) => (own(params) ? [] : both(params)),
    probe: (params, { root }) => probeOf({ programs: both(params).map(([program = ""]) => program), rules: both(params), root: root || own(params) }),
};
