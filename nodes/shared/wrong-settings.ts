import type { Node } from "node-red";
import { Trouble } from "../../lib/kit/trouble";
import type { StatusLight } from "./status";
import { onInput } from "./wire";

/**
 * A reader whose settings are wrong: red, and each message fails. The log has why in whole, and at once: nobody may ever ask a
 * reader, and a status has room for a few words only.
 * @param what "UPS not read"
 */
export function refuseSettings(node: Node, light: StatusLight, what: string, problems: readonly string[]): void {
    const problem = `${what}: ${problems.join("; ")}`;
    light.show("error", problems.join("; "));
    node.error(problem);
    onInput(node, () => {
        throw new Trouble("config", problem);
    });
}
