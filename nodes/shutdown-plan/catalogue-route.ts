import type { NodeAPI } from "node-red";
import { catalogue } from "../../lib/shutdown/actions";
import type { Parameter } from "../../lib/shutdown/catalogue";
import { facilities, failurePolicies, priorities } from "../../lib/shutdown/plan";
import { adminPost } from "../shared/admin";

/** An action as the dialog offers it. `ends`: it switches a host off, and can only be its end. */
export interface OfferedAction {
    verb: string;
    ends: boolean;
    parameters: Parameter[];
}

/** What there is to choose from in a plan's dialog. */
export interface Offer {
    actions: OfferedAction[];
    facilities: readonly string[];
    priorities: readonly string[];
    failurePolicies: readonly string[];
}

const offer: Offer = {
    actions: catalogue.map(({ verb, ends = false, parameters }) => ({
        verb,
        ends,
        // Only what a dialog needs to know: the patterns are checked where the plan is read.
        parameters: parameters.map(({ name, kind, required, fallback, choices }) => ({ name, kind, ...(required && { required }), ...(fallback !== undefined && { fallback }), ...(choices && { choices }) })),
    })),
    facilities,
    priorities,
    failurePolicies,
};

/** POST shutdown-plan/catalogue: the one list of what a plan can do to a host, for the dialog. */
export function addCatalogueRoute(RED: NodeAPI): void {
    adminPost(RED, "shutdown-plan/catalogue", "shutdown-plan.read", () => ({ ok: true, ...offer }));
}
