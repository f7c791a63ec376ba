import type { NodeAPI } from "node-red";
import { models } from "../../lib/devices/anker-models";
import { systemClock } from "../../lib/kit/clock";
import { withDeadline } from "../../lib/kit/deadline";
import { adminPost, type AdminAnswer } from "../shared/admin";
import type { AnkerAccountNode } from "./account";

const deadlineMs = 40_000;

/**
 * The routes behind the dialogs' buttons. They speak for the deployed account only: a login with what a dialog holds
 * would be one more, and Anker counts them.
 */
export function addDialogRoutes(RED: NodeAPI): void {
    const withAccount = async (id: unknown, work: (stream: NonNullable<AnkerAccountNode["stream"]>, signal: AbortSignal) => Promise<AdminAnswer>): Promise<AdminAnswer> => {
        const node = typeof id === "string" ? (RED.nodes.getNode(id) as AnkerAccountNode | null) : null;
        if (node?.type !== "anker-account") return { ok: false, error: "deploy first: only the deployed account is asked" };
        const { stream } = node;
        if (stream === undefined) return { ok: false, error: node.problems.join("; ") };
        return withDeadline({ ms: deadlineMs, subject: "Anker cloud", clock: systemClock }, (signal) => work(stream, signal));
    };
    const found = async ({ account }: NonNullable<AnkerAccountNode["stream"]>, signal: AbortSignal): Promise<AdminAnswer> => ({
        ok: true,
        devices: (await account.devices(signal)).map(({ serial, model, name, online }) => ({ serial, name, online, model: models[model]?.name ?? model, known: model in models })),
    });

    adminPost(RED, "anker-account/:id/devices", "anker-account.write", (_body, { id }) => withAccount(id, found));

    adminPost(RED, "anker-account/:id/login", "anker-account.write", (_body, { id }) => withAccount(id, async (stream, signal) => {
        await stream.account.allowLogin(signal);
        const answer = await found(stream, signal);
        stream.hurry();
        return answer;
    }));
}
