import type { Node, NodeAPI, NodeDef } from "node-red";
import { AnkerAccount } from "../../lib/devices/anker-account";
import type { SessionStore } from "../../lib/devices/anker-session";
import { AnkerStream } from "../../lib/devices/anker-stream";
import { systemClock } from "../../lib/kit/clock";
import type { StateFile } from "../../lib/stores/state-file";
import type { StoredConfig } from "../shared/settings";
import { loadState, nodeState } from "../shared/storage";
import { onClose } from "../shared/wire";
import type { AnkerAccountNode } from "./account";
import { parseConfig, type AnkerCredentials } from "./config";
import { addDialogRoutes } from "./dialog-routes";

export = (RED: NodeAPI): void => {
    function Account(this: AnkerAccountNode, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig, this.credentials);
        const file = nodeState<unknown>(RED, this, (value) => value);
        this.problems = problems;
        this.stream = problems.length > 0 ? undefined : new AnkerStream(new AnkerAccount({ ...config, clock: systemClock, store: storeOf(this, file) }));
        onClose(this, async (removed) => {
            this.stream?.close();
            if (removed) await file.remove();
        });
    }
    RED.nodes.registerType<AnkerAccountNode, NodeDef, object, AnkerCredentials>("anker-account", Account as never, { credentials: { email: { type: "text" }, password: { type: "password" } } });
    addDialogRoutes(RED);
};

/** The login outlives a redeploy, in a file that only its owner can read: Anker locks accounts that log in too often. */
function storeOf(node: Node, file: StateFile<unknown>): SessionStore {
    return { load: () => loadState(node, file), save: (value) => file.save(value) };
}
