import { createHash } from "node:crypto";
import type { Node } from "node-red";
import { Trouble } from "../../lib/kit/trouble";
import { LocalTransport } from "../../lib/shutdown/local";
import { SshTransport } from "../../lib/shutdown/ssh";
import { SshProgram } from "../../lib/shutdown/ssh-program";
import type { HostAccess } from "../../lib/shutdown/transport";
import type { PowerHostConfig, PowerHostCredentials } from "./config";

/** What a plan needs to know of a host. */
export interface PowerHost {
    name: string;
    local: boolean;
    /** Where it is; undefined for this machine, and while nobody has said so. */
    address?: { host: string; port: number };
    /** Why it cannot be reached. */
    problems: readonly string[];
    access: HostAccess;
}

export interface PowerHostNode extends Node<PowerHostCredentials> {
    powerHost: PowerHost;
}

/** Where a host is, as far as it is known. */
export function addressOf(target: PowerHostConfig["target"]): Pick<PowerHost, "address"> {
    return target === undefined ? {} : { address: { host: target.host, port: target.port } };
}

/** The way to a host. One that is not configured fails when it is opened, and says why. */
export function accessOf({ name, local, transport, confined, target }: PowerHostConfig, problems: readonly string[]): HostAccess {
    if (local) return { root: process.getuid?.() === 0, open: () => new LocalTransport(name) };
    return {
        root: target?.user === "root",
        ...addressOf(target),
        way: wayOf(transport, target),
        ...(confined && { confined }),
        ...(target !== undefined && "pin" in target && { hostKey: target.pin.fingerprint }),
        open() {
            if (target === undefined) throw new Trouble("config", `host ${name}: ${problems.join("; ")}`);
            return transport === "ssh" ? new SshProgram(target) : new SshTransport(target);
        },
    };
}

/** A mark of all that a login depends on. Without the passphrase: that could be guessed from the mark of everything else. */
function wayOf(transport: PowerHostConfig["transport"], target: PowerHostConfig["target"]): string {
    const known = JSON.stringify([transport, target], (key, value: unknown) => (key === "passphrase" ? undefined : value));
    return createHash("sha256").update(known).digest("base64url").slice(0, 22);
}
