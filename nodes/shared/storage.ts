import { join } from "node:path";
import type { Node, NodeAPI } from "node-red";
import { systemClock } from "../../lib/kit/clock";
import { withDeadline } from "../../lib/kit/deadline";
import { errorText } from "../../lib/kit/trouble";
import { StateFile } from "../../lib/stores/state-file";
import type { StatusLight } from "./status";
import { teller } from "./telling";

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

export interface LoadOptions {
    /** What it means when the state is lost, for the person who hears of it: "the next reading starts anew". */
    loss: string;
    /** Shows it too, until the node has something newer to show. */
    light?: StatusLight;
    clock?: typeof systemClock;
}

/**
 * The node's state from the disk, asked for in its constructor. A file that cannot be believed is set aside, one that cannot be
 * read is as good as none: that reaches Catch, and the status. Never throws.
 */
export async function loadState<T>(RED: NodeAPI, node: Node, file: StateFile<T>, { loss, light, clock = systemClock }: LoadOptions): Promise<T | undefined> {
    const tell = teller(RED, node, "state");
    const lost = (why: string): undefined => {
        light?.show("error", "memory lost: starting anew");
        tell(`the saved state ${why}; starting without it: ${loss}`);
        return undefined;
    };
    try {
        const loaded = await withDeadline({ ms: loadPatienceMs, subject: "the disk", clock }, (signal) => file.load(signal));
        if (loaded.kind === "set-aside") return lost(`was damaged and set aside as ${loaded.movedTo}`);
        return loaded.kind === "loaded" ? loaded.value : undefined;
    } catch (error) {
        return lost(`could not be read: ${errorText(error)}`);
    }
}
