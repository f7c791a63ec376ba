import type { Node, NodeAPI, NodeDef } from "node-red";
import type { Channel } from "../../lib/alerts/channel";
import { emailChannel, type MailTarget } from "../../lib/alerts/email";
import { Trouble } from "../../lib/kit/trouble";
import { untouchedPassword } from "../shared/admin";
import { runAlertNode } from "../shared/alert-node";
import { addTestRoute } from "../shared/alert-test";
import type { StoredConfig } from "../shared/settings";
import { parseConfig, type EmailAlertConfig } from "./config";

interface EmailCredentials {
    user?: string;
    password?: string;
}

interface EmailAlertNode extends Node<EmailCredentials> {
    /** Where the deployed node sends its password. */
    server: string;
}

type Login = NonNullable<MailTarget["login"]> | { problem: string } | undefined;

export = (RED: NodeAPI): void => {
    function EmailAlert(this: EmailAlertNode, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        const login = loginOf(this.credentials ?? {});
        this.server = serverOf(config);
        runAlertNode(RED, this, {
            name: "Mail", choices: config, problems: login !== undefined && "problem" in login ? [...problems, login.problem] : problems,
            open: () => channelOf(config, login, this.id, (text) => this.warn(text)),
        });
    }
    RED.nodes.registerType<EmailAlertNode, NodeDef, object, EmailCredentials>("email-alert", EmailAlert, { credentials: { user: { type: "text" }, password: { type: "password" } } });

    addTestRoute<EmailAlertNode>(RED, "email-alert", (fields, deployed) => {
        const { config, problems } = parseConfig(fields);
        if (problems.length > 0) throw new Trouble("config", problems.join("; "));
        const stored = fields.password === untouchedPassword;
        // The stored password goes to no server but the one that it was deployed for.
        if (stored && deployed?.server !== serverOf(config)) throw new Trouble("config", "type the password again: the stored one is only sent to the deployed server");
        const password = stored ? deployed?.credentials?.password : fields.password;
        const login = loginOf({ user: textOf(fields.user), password: textOf(password) });
        const refused: string[] = [];
        return { channel: channelOf(config, login, "test", (text) => refused.push(text)), answer: () => ({ to: config.to.join(", "), refused: refused.join("; ") }) };
    });
};

function loginOf({ user = "", password = "" }: EmailCredentials): Login {
    if (user.trim() === "") return password === "" ? undefined : { problem: "a password, but no user" };
    return password === "" ? { problem: "no password" } : { user: user.trim(), password };
}

function channelOf(config: EmailAlertConfig, login: Login, origin: string, warn: (text: string) => void): Channel {
    if (login !== undefined && "problem" in login) throw new Trouble("config", login.problem);
    return emailChannel({ ...config, ...(login !== undefined && { login }), origin }, { onRejected: (address, why) => warn(`the mail server did not take the mail for ${address}: ${why}`) });
}

function serverOf({ host, port, security }: EmailAlertConfig): string {
    return `${security} ${host}:${port}`;
}

function textOf(value: unknown): string {
    return typeof value === "string" ? value : "";
}
