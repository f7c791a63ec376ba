import type { NodeAPI, NodeDef } from "node-red";
import { NutServer } from "../../lib/devices/nut-client";
import type { StoredConfig } from "../shared/settings";
import { onClose } from "../shared/wire";
import { parseConfig, type NutServerCredentials } from "./config";
import { addDialogRoutes } from "./dialog-routes";
import { addressOf, type NutServerNode } from "./server";

export = (RED: NodeAPI): void => {
    function Server(this: NutServerNode, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig, this.credentials);
        this.problems = problems;
        this.address = addressOf(config);
        this.server = problems.length > 0 ? undefined : new NutServer(config);
        onClose(this, () => this.server?.close());
    }
    RED.nodes.registerType<NutServerNode, NodeDef, object, NutServerCredentials>("nut-server", Server as never, { credentials: { user: { type: "text" }, password: { type: "password" } } });
    addDialogRoutes(RED);
};
