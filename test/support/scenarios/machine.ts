import type { PlanHost } from "../../../lib/shutdown/plan";
import { startSshHost, type SshHost, type ToldCommand } from "../../simulators/ssh-host";

export interface MachineOptions {
    name: string;
    /** Who logs in. Anybody but root has the rights that the plan needs, and no others. */
    user: string;
    /** The public key that may log in. */
    authorizedKey: string;
    /** What the plan does there. */
    host: PlanHost;
    /** What runs there, by its kind. */
    runs?: Readonly<Partial<Record<"vms" | "docker" | "podman", readonly string[]>>>;
}

/** A machine that a scenario shuts down. */
export interface Machine {
    readonly name: string;
    readonly user: string;
    readonly port: number;
    /** Public line of its host key. */
    readonly hostKey: string;
    /** What it was told, by its own log, oldest first. */
    readonly told: readonly ToldCommand[];
    readonly logins: number;
    /** What runs on it now; undefined where nothing really does. */
    readonly running?: readonly string[];
    /** From now on a command that contains `part` takes this long. */
    takes(ms: number, part: string): void;
    /** From now on a command that contains `part` does not end. @returns lets it end */
    holds(part: string): () => void;
    /** Nothing listens any more. */
    off(): Promise<void>;
    /** It takes connections and never says a word. */
    freeze(): void;
    /** It was set up anew: at the same address, with another host key. */
    setUpAnew(): Promise<void>;
    stop(): Promise<void>;
}

export type StartMachine = (options: MachineOptions) => Promise<Machine>;

/** A machine within this process, which does nothing of what it is told. */
export const startSimulatedMachine: StartMachine = async ({ name, user, authorizedKey }) => {
    let host: SshHost = await startSshHost({ name, authorizedKey });
    const before: ToldCommand[] = [];
    return {
        name, user,
        get port() { return host.port; },
        get hostKey() { return host.hostKey; },
        get told() { return [...before, ...host.commands]; },
        get logins() { return host.logins; },
        takes: (ms, part) => host.setBehaviour({ delayMs: ms }, part),
        holds(part) {
            let letGo = (): void => undefined;
            host.setBehaviour({ until: new Promise<void>((resolve) => { letGo = resolve; }) }, part);
            return () => letGo();
        },
        off: () => host.stop(),
        freeze: () => host.setBehaviour({ auth: "hang" }),
        async setUpAnew() {
            await host.stop();
            before.push(...host.commands);
            host = await startSshHost({ name, authorizedKey, port: host.port });
        },
        stop: () => host.stop(),
    };
};
