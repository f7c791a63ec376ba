import type { ActionParameters, CatalogueAction, Place, Program } from "../catalogue";
import { powerOffHost, shutdownHost } from "./power-off";
import { stopService } from "./stop-service";

/** Everything that a plan can do to a host. */
export const catalogue: readonly CatalogueAction[] = [stopService, shutdownHost, powerOffHost];

const byVerb = new Map(catalogue.map((action) => [action.verb, action]));

/** The action that a plan names; undefined when there is none of that name. */
export function actionNamed(verb: string): CatalogueAction | undefined {
    return byVerb.get(verb);
}

/** What a host is to run. @throws Error when the parameters are wrong; parsePlan has refused them before */
export function programOf(action: CatalogueAction, params: ActionParameters, place: Place): Program {
    const [problem] = action.problems(params);
    if (problem !== undefined) throw new Error(problem);
    return action.program(params, place);
}
