import type { NodeAPI } from "node-red";
import { toTrouble } from "../../lib/kit/trouble";
import { fetchHostKey } from "../../lib/shutdown/ssh";
import { loginTimeoutMs } from "../../lib/shutdown/steps";
import { adminPost, dialogFields, untouchedPassword } from "../shared/admin";
import { accessOf } from "./access";
import { isAddress, parseConfig, type PowerHostCredentials } from "./config";

/** The routes behind the dialog's buttons "learn" and "test login". */
export function addDialogRoutes(RED: NodeAPI): void {
    adminPost(RED, "power-host/host-key", "power-host.write", async (body) => {
        const { host, port } = dialogFields(RED, body);
        const [address, number] = [String(host ?? "").trim(), port === undefined || port === "" ? 22 : Number(port)];
        if (!isAddress(address)) return { ok: false, error: address === "" ? "no address" : "this is not an address" };
        if (!Number.isInteger(number) || number < 1 || number > 65_535) return { ok: false, error: "the port must be between 1 and 65535" };
        return { ok: true, ...await fetchHostKey(address, number) };
    });

    adminPost(RED, "power-host/test", "power-host.write", async (body) => {
        const { config, problems } = parseConfig(dialogFields(RED, body), credentialsOf(RED, body));
        if (problems.length > 0) return { ok: false, error: problems.join("; ") };
        const access = accessOf(config, problems);
        const started = performance.now();
        const transport = access.open();
        try {
            await transport.connect();
            const end = await transport.run(["true"], loginTimeoutMs);
            if (end.end !== "exit" || end.code !== 0) return { ok: false, error: `logged in, but "true" did not run${end.output === "" ? "" : `: ${end.output}`}` };
            return { ok: true, ms: Math.round(performance.now() - started) };
        } catch (error) {
            return { ok: false, error: toTrouble(error, `host ${config.name}`).message };
        } finally {
            transport.close();
        }
    });
}

/** The dialog's secrets; one that was not touched is the stored one. */
function credentialsOf(RED: NodeAPI, { id, privateKey, passphrase }: Record<string, unknown>): PowerHostCredentials {
    const stored = typeof id === "string" ? (RED.nodes.getCredentials(id) as PowerHostCredentials | undefined | null) : undefined;
    const pick = (field: keyof PowerHostCredentials, typed: unknown): PowerHostCredentials => {
        const value = typed === untouchedPassword ? stored?.[field] : typed;
        return typeof value === "string" && value !== "" ? { [field]: value } : {};
    };
    return { ...pick("privateKey", privateKey), ...pick("passphrase", passphrase) };
}
