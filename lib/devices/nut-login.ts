import { Trouble } from "../kit/trouble";
import { NutLink, type NutAddress } from "./nut-link";
import type { NutReply } from "./nut-reply";
import { NutTrouble } from "./nut-trouble";

/** A user of upsd.users. The password is never in a log, a status or an error. */
export interface NutLogin {
    user: string;
    password: string;
}

/** Whether the server accepts the configured user and password; reading works without. `unchecked`: not asked yet, or no answer. */
export type NutCredentials =
    | { state: "none" | "unchecked" | "accepted" }
    | { state: "refused"; trouble: NutTrouble };

const refusals = new Set(["ACCESS-DENIED", "INVALID-PASSWORD", "INVALID-USERNAME", "PASSWORD-REQUIRED", "USERNAME-REQUIRED"]);

/**
 * Whether the answer to a question may mean that the server tells nobody unknown. upsd tells everybody, so far (nut#3411); there are UPSes and
 * firmwares with a server of their own that don't.
 */
export function wantsLogin(reply: NutReply): boolean {
    return reply.kind === "error" && refusals.has(reply.code);
}

/** Says user and password on a connection that reads. Without LOGIN, which takes a place, see checkLogin. Whether they are right shows in the next answer. */
export async function introduce(link: NutLink, { user, password }: NutLogin, signal: AbortSignal): Promise<void> {
    for (const words of [["USERNAME", user], ["PASSWORD", password]]) await link.request(words, signal);
}

/**
 * Asks whether user and password are right. upsd says OK to any USERNAME and PASSWORD and looks at them only with LOGIN, which takes
 * one of the places that a primary waits for before it shuts itself down (HOSTSYNC). So this logs in for a moment on a connection
 * of its own: no reading ever depends on it, and no primary waits for us.
 * @throws NutTrouble of state "connection" or "tls" when the server can't be asked
 */
export async function checkLogin(address: NutAddress, { user, password }: NutLogin, ups: string, signal: AbortSignal): Promise<NutCredentials> {
    const link = await NutLink.open(address, signal);
    try {
        for (const words of [["USERNAME", user], ["PASSWORD", password], ["LOGIN", ups]]) {
            const reply = await link.request(words, signal);
            if (reply.kind !== "error") continue;
            if (!refusals.has(reply.code)) return { state: "unchecked" };
            const trouble = new NutTrouble("refused", "auth", `${address.subject}: user ${user} not accepted (${reply.code})`, "wrong user or password, or upsd.users gives the user no upsmon line; readings go on without");
            return { state: "refused", trouble };
        }
        await link.request(["LOGOUT"], signal);
        return { state: "accepted" };
    } finally {
        link.end(new Trouble("stopped", `${address.subject}: stopped`));
    }
}
