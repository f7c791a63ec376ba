import { connect } from "node:net";
import { errorCode, Trouble } from "../kit/trouble";
import { runProgram } from "../kit/child-process";
import { withDeadline } from "../kit/deadline";

/** Longest time for one question, ms. */
const questionMs = 2000;

/** Failures that mean that nobody is there; a refused connection means that somebody is. */
const nobody = new Set(["EHOSTUNREACH", "EHOSTDOWN", "ETIMEDOUT", "timeout"]);

/**
 * Whether a machine answers: on a port of its, or to a ping. `unknown` when it is not the machine that fails: its name is
 * not found, or we have no network.
 */
export async function askHost({ host, port }: { host: string; port: number }, signal: AbortSignal): Promise<"up" | "gone" | "unknown"> {
    const failure = await withDeadline({ ms: questionMs, subject: host, signal }, (its) => new Promise<string | undefined>((resolve) => {
        const socket = connect({ host, port });
        its.addEventListener("abort", () => socket.destroy(), { once: true });
        socket.once("connect", () => {
            socket.destroy();
            resolve(undefined);
        });
        socket.once("error", (error) => resolve(errorCode(error) ?? "error"));
    })).catch((error: unknown) => (error instanceof Trouble ? error.kind : "error"));
    if (failure === undefined || failure === "ECONNREFUSED" || failure === "ECONNRESET") return "up";
    if (!nobody.has(failure)) return "unknown";
    const pinged = await runProgram(["ping", "-n", "-c", "1", "-W", "1", host], { deadlineMs: questionMs, subject: `ping of ${host}`, signal }).catch(() => undefined);
    // 127: there is no such program here, and the port alone decides.
    if (pinged?.code === 0) return "up";
    return pinged === undefined || pinged.code === 1 || pinged.code === 127 || pinged.code === 126 ? "gone" : "unknown";
}
