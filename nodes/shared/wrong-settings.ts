import type { Node } from "node-red";
import { Trouble } from "../../lib/kit/trouble";
import type { StatusLight } from "./status";
import { onInput } from "./wire";

/**
 * A node whose settings are wrong: red, and each message fails. The log has why in whole, and at once: a reader may never be asked,
 * what decides may hear its first message in an outage, and a status has room for a few words only.
 * @param what "UPS not read", "nothing is decided"
 */
export function refuseSettings(node: Node, light: StatusLight, what: string, problems: readonly string[]): void {
    const problem = `${what}: ${problems.join("; ")}`;
    light.show("error", problems.join("; "));
    node.error(problem);
    onInput(node, () => {
        throw new Trouble("config", problem);
    });
}
