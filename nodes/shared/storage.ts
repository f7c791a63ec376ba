import { join } from "node:path";
import type { Node, NodeAPI } from "node-red";
import { systemClock } from "../../lib/kit/clock";
import { withDeadline } from "../../lib/kit/deadline";
import { StateFile } from "../../lib/stores/state-file";

/** Where everything that must survive lives: `<userDir>/ridethrough/`. */
export function dataFolder(RED: NodeAPI): string {
    return join(RED.settings.userDir ?? process.cwd(), "ridethrough");
}

/** A node's own place in `<userDir>/ridethrough/<type>/`, named by its id. `extension` begins with a dot or a dash. */
export function dataPath(RED: NodeAPI, node: Pick<Node, "id" | "type">, extension: string): string {
    return join(dataFolder(RED), node.type, `${node.id.replace(/[^A-Za-z0-9._-]/g, "_")}${extension}`);
}

/** The state document of a node. `parse` checks a foreign value and returns undefined for one it does not believe. */
export function nodeState<T>(RED: NodeAPI, node: Node, parse: (value: unknown) => T | undefined): StateFile<T> {
    return new StateFile(dataPath(RED, node, ".json"), parse);
}

/** Messages wait for the state, so a disk that hangs must not hold them for ever, ms. */
const loadPatienceMs = 5000;

/** The node's state from the disk; a file that cannot be believed is set aside, and that is said. Never throws. */
export async function loadState<T>(node: Node, file: StateFile<T>, clock = systemClock): Promise<T | undefined> {
    try {
        const loaded = await withDeadline({ ms: loadPatienceMs, subject: "the disk", clock }, () => file.load());
        if (loaded.kind === "set-aside") node.warn(`the saved state was damaged and set aside as ${loaded.movedTo}; starting without it`);
        return loaded.kind === "loaded" ? loaded.value : undefined;
    } catch (error) {
        node.warn(`the saved state could not be read: ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
    }
}
