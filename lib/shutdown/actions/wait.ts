import type { ActionParameters, CatalogueAction } from "../catalogue";
import { numberOf, parameterProblems, type CheckedParameter } from "./parameters";
import { probeOf } from "./probe";

const parameters: readonly CheckedParameter[] = [{ name: "seconds", kind: "seconds", required: true, most: 3000 }];
const seconds = (params: ActionParameters): number => numberOf(params, "seconds", 1);

/** Gives something time that nobody can ask. */
export const wait: CatalogueAction = {
    verb: "wait",
    parameters,
    problems: (params) => parameterProblems("wait", parameters, params),
    label: (params) => `wait ${seconds(params)} s`,
    leastS: (params) => seconds(params) + 5,
    program: (params) => ({ argv: ["sleep", String(seconds(params))] }),
    repeatable: true,
    privileged: () => [],
    probe: () => probeOf({ programs: ["sleep"], rules: [], root: true }),
};
