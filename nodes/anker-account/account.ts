import type { Node } from "node-red";
import type { AnkerStream } from "../../lib/devices/anker-stream";
import type { AnkerCredentials } from "./config";

/** What a reader needs of its account. */
export interface AnkerAccountNode extends Node<AnkerCredentials> {
    /** Undefined when the account is not configured. */
    stream: AnkerStream | undefined;
    /** How errors name the account; that of all nodes that share its login. */
    place: string;
    /** Why not. */
    problems: readonly string[];
}
