import type { NodeAPI, NodeDef } from "node-red";
import type { StoredConfig } from "../shared/settings";
import { accessOf, addressOf, type PowerHostNode } from "./access";
import { parseConfig, type PowerHostCredentials } from "./config";
import { addDialogRoutes } from "./dialog-routes";

export = (RED: NodeAPI): void => {
    function PowerHost(this: PowerHostNode, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig, this.credentials);
        this.powerHost = { name: config.name, local: config.local, ...addressOf(config.target), problems, access: accessOf(config, problems) };
    }
    RED.nodes.registerType<PowerHostNode, NodeDef, object, PowerHostCredentials>("power-host", PowerHost as never, { credentials: { privateKey: { type: "password" }, passphrase: { type: "password" } } });
    addDialogRoutes(RED);
};
