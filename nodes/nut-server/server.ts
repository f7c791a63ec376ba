import type { Node } from "node-red";
import type { NutServer } from "../../lib/devices/nut-client";
import type { NutServerConfig, NutServerCredentials } from "./config";

/** What the readers of a server see of it. */
export interface NutServerNode extends Node<NutServerCredentials> {
    /** The connection that all share: `join` it, and leave on close. Undefined while the settings are wrong. */
    server: NutServer | undefined;
    /** What is wrong with the settings. */
    problems: readonly string[];
    /** Where the deployed node connects to, and how; the stored password goes nowhere else. */
    address: string;
}

/** One line for where a password goes. */
export function addressOf({ host, port, tls }: NutServerConfig): string {
    return JSON.stringify([host, port, tls]);
}
