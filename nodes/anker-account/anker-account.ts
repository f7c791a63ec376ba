import type { NodeAPI, NodeDef } from "node-red";
import { AnkerAccount } from "../../lib/devices/anker-account";
import type { SessionStore } from "../../lib/devices/anker-session";
import { AnkerStream } from "../../lib/devices/anker-stream";
import { systemClock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
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
        let gone = false;
        // The login outlives a redeploy, in a file that only its owner can read: Anker locks accounts that log in too often.
        // It does not outlive the account: what is still under way then leaves no secret behind.
        const store: SessionStore = {
            load: () => loadState(this, file),
            save: async (value) => {
                if (gone) throw new Trouble("stopped", "the account was removed");
                await file.save(value);
            },
        };
        this.problems = problems;
        this.stream = problems.length > 0 ? undefined : new AnkerStream(new AnkerAccount({ ...config, clock: systemClock, store }));
        onClose(this, async (removed) => {
            gone = removed;
            this.stream?.close();
            if (removed) await file.remove();
            // A login that is under way is one of the few that Anker allows: its token is kept for the account's next start.
            else await this.stream?.account.landed();
        });
    }
    RED.nodes.registerType<AnkerAccountNode, NodeDef, object, AnkerCredentials>("anker-account", Account as never, { credentials: { email: { type: "text" }, password: { type: "password" } } });
    addDialogRoutes(RED);
};
