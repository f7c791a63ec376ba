import type { Node, NodeAPI } from "node-red";
import { errorText } from "../../lib/kit/trouble";

/** The parts of Express's request and response that our routes use. */
interface AdminRequest {
    params: Record<string, unknown>;
    body: unknown;
}
interface AdminResponse {
    status(code: number): { json(body: unknown): unknown };
}

/** What an admin route answers: the body of a 200, or of an error status. */
export type AdminAnswer = { ok: true; [key: string]: unknown } | { ok: false; error: string };

/**
 * An admin route for an edit dialog or a node's button: POST `ridethrough/<path>`. Always behind a permission. Answers
 * JSON; what `answer` throws becomes `{ok: false, error}`.
 */
export function adminPost(RED: NodeAPI, path: string, permission: string, answer: (body: Record<string, unknown>, params: Record<string, unknown>) => Promise<AdminAnswer> | AdminAnswer): void {
    RED.httpAdmin.post(`/ridethrough/${path}`, RED.auth.needsPermission(permission), (request: AdminRequest, response: AdminResponse) => {
        const body = typeof request.body === "object" && request.body !== null ? (request.body as Record<string, unknown>) : {};
        Promise.resolve()
            .then(() => answer(body, request.params))
            .catch((cause: unknown): AdminAnswer => ({ ok: false, error: errorText(cause) }))
            .then((reply) => response.status(200).json(reply))
            .catch((cause: unknown) => RED.log.warn(`ridethrough/${path}: ${errorText(cause)}`));
    });
}

/** What the editor puts into a password field instead of the stored password. */
export const untouchedPassword = "__PWRD__";

/** A dialog's fields with `${NAME}` replaced from the environment, as the runtime does on deploy. Only for routes that need a permission to write: a secret may come back in an answer. */
export function dialogFields(RED: NodeAPI, body: Record<string, unknown>): Record<string, unknown> {
    const resolve = (value: unknown): unknown => (typeof value === "string" && value.includes("${") ? RED.util.evaluateNodeProperty(value, "env", {} as Node, {}) : value);
    return Object.fromEntries(Object.entries(body).map(([key, value]) => [key, resolve(value)]));
}
