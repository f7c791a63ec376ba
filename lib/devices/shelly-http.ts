import type { HttpReply } from "../kit/http";
import { Trouble } from "../kit/trouble";

/** One GET request to a Shelly. Any status resolves. @throws Trouble */
export type ShellyGet = (path: string, headers?: Record<string, string>) => Promise<HttpReply>;

/** @throws Trouble unless the reply is a 200: auth for 401 and 403, busy for 429, otherwise failed */
export function checkStatus({ status }: HttpReply, subject: string, password: string): void {
    if (status === 200) return;
    if (status === 401 || status === 403) {
        throw password === ""
            ? new Trouble("auth", `${subject}: wants a password`, "enter it in the node (the one set in the Shelly's web page under Authentication)")
            : new Trouble("auth", `${subject}: does not accept the password`, "check it against the Shelly's web page");
    }
    if (status === 429) throw new Trouble("busy", `${subject}: too many requests (HTTP 429)`, "it is left alone for a while; look for other programs that ask it often or with an old password");
    throw new Trouble("failed", `${subject}: HTTP status ${status}`);
}
