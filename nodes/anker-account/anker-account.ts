import type { NodeAPI, NodeDef } from "node-red";
import type { StoredConfig } from "../shared/settings";
import { dataPath } from "../shared/storage";
import { onClose } from "../shared/wire";
import type { AnkerAccountNode } from "./account";
import { parseConfig, type AnkerCredentials } from "./config";
import { addDialogRoutes } from "./dialog-routes";
import { loginName, shareLogin } from "./shared-login";

export = (RED: NodeAPI): void => {
    function Account(this: AnkerAccountNode, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig, this.credentials);
        this.problems = problems;
        this.place = "";
        if (problems.length > 0) return;
        // The login outlives a redeploy, in a file that only its owner can read: Anker locks accounts that log in too often.
        const share = shareLogin({
            path: dataPath(RED, { type: this.type, id: loginName(config) }, ""),
            former: dataPath(RED, this, ".json"),
            place: `Anker account ${this.name === undefined || this.name === "" ? this.id : `${this.name} (${this.id})`}`,
            credentials: config,
            warn: (text) => this.warn(text),
        });
        if (share === undefined) {
            this.problems = ["another Anker account node has this email with another password or country: make them equal and deploy in full, or use one of them everywhere"];
            return;
        }
        this.stream = share.stream;
        this.place = share.place;
        onClose(this, (removed) => share.leave(removed));
    }
    RED.nodes.registerType<AnkerAccountNode, NodeDef, object, AnkerCredentials>("anker-account", Account as never, { credentials: { email: { type: "text" }, password: { type: "password" } } });
    addDialogRoutes(RED);
};
