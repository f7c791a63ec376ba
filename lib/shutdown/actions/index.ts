import type { ActionParameters, CatalogueAction, Place, Program } from "../catalogue";
import { esxiPowerOff, pfSensePowerOff, qnapPowerOff, synologyPowerOff, trueNasPowerOff } from "./appliances";
import { declaredCommand } from "./command";
import { stopCompose } from "./compose";
import { stopDocker, stopPodman } from "./containers";
import { stopEsxiVms } from "./esxi";
import { stopVms } from "./libvirt";
import { powerOffHost, shutdownHost } from "./power-off";
import { stopProxmox } from "./proxmox";
import { stopService } from "./stop-service";
import { syncDisks } from "./sync";
import { unmount } from "./unmount";
import { wait } from "./wait";
import { stopXcpNgVms } from "./xcp-ng";

/** Everything that a plan can do to a host, in the order in which a dialog offers it. */
export const catalogue: readonly CatalogueAction[] = [
    stopService, stopVms, stopProxmox, stopEsxiVms, stopXcpNgVms, stopDocker, stopPodman, stopCompose, unmount, syncDisks, declaredCommand, wait,
    shutdownHost, powerOffHost, synologyPowerOff, qnapPowerOff, trueNasPowerOff, pfSensePowerOff, esxiPowerOff,
];

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
