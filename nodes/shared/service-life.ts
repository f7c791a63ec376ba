import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Node, NodeAPI } from "node-red";
import type { Alert } from "../../lib/alerts/alert";
import { parseLife, startAlert, type LastLife } from "../../lib/alerts/service-alerts";
import { systemClock, type Clock } from "../../lib/kit/clock";
import { StateFile } from "../../lib/stores/state-file";
import { StateKeeper } from "./state-keeper";
import { dataPath, loadState } from "./storage";
import { every } from "./wire";

/** What tells this process from every other one, also from an earlier one with the same number. */
const thisProcess = randomUUID();

/** How often in ms a node says that it lives: by the time of its file alone, so that no data wear a memory card out. */
const heartbeatMs = 60_000;

/** What a node knows of the lives of Node-RED: how the last one ended, when this one began. */
export class ServiceLife {
    readonly #file: StateFile<Omit<LastLife, "seenAt"> & { process: string }>;
    readonly #keeper: StateKeeper<Omit<LastLife, "seenAt"> & { process: string }>;
    readonly #version = ownVersion();
    #begun: Promise<unknown> = Promise.resolve();

    constructor(readonly RED: NodeAPI, readonly node: Node, readonly clock: Clock = systemClock) {
        this.#file = new StateFile(dataPath(RED, node, ".life"), parseLife);
        this.#keeper = new StateKeeper(node, this.#file, clock);
    }

    /** The message of Node-RED's start: once a process. None for a node that has not lived before, and none at a deploy. */
    begin(): Promise<Alert | undefined> {
        const story = this.#tell();
        this.#begun = story.then(() => this.#keeper.save({ process: thisProcess, version: this.#version }));
        every(this.node, heartbeatMs, () => this.#beat(), { firstMs: heartbeatMs, clock: this.clock });
        return story;
    }

    /** The node closes: with a deploy, or because Node-RED ends. */
    async end(removed: boolean): Promise<void> {
        await this.#begun;
        await this.#keeper.close({ process: thisProcess, version: this.#version, stoppedAt: this.clock.wall() }, removed);
    }

    /** Nothing is to be told: what is known of earlier lives would be wrong when it is wanted again. */
    forget(): Promise<void> {
        return this.#file.remove();
    }

    async #tell(): Promise<Alert | undefined> {
        const [seenAt, last] = await Promise.all([
            stat(this.#file.path).then(({ mtimeMs }) => mtimeMs, () => undefined),
            loadState(this.RED, this.node, this.#file, { loss: "nobody is told of this restart", clock: this.clock }),
        ]);
        if (last === undefined || seenAt === undefined || last.process === thisProcess) return undefined;
        return startAlert({ ...last, seenAt }, this.#version, this.clock.wall(), this.clock.now());
    }

    async #beat(): Promise<void> {
        const now = this.clock.wall() / 1000;
        // Without it only the words "last seen" are less exact.
        await utimes(this.#file.path, now, now).catch(() => undefined);
    }
}

/** The version of this package: of the package.json above this file, wherever that was built to. */
function ownVersion(folder = __dirname): string {
    try {
        const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name?: unknown; version?: unknown };
        if (name === "@ridethrough/node-red" && typeof version === "string") return version;
    } catch {
        // not here
    }
    return dirname(folder) === folder ? "?" : ownVersion(dirname(folder));
}
