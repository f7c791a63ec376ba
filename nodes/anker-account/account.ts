import type { Node } from "node-red";
import type { AnkerStream } from "../../lib/devices/anker-stream";
import type { AnkerCredentials } from "./config";

/** What a reader needs of its account. */
export interface AnkerAccountNode extends Node<AnkerCredentials> {
    /** Undefined when the account is not configured. */
    stream: AnkerStream | undefined;
    /** Why not. */
    problems: readonly string[];
}
