import { createHash } from "node:crypto";
import { ownMark } from "./actions/own-container";
import type { Done } from "./catalogue";
import { remoteCommand, wordsOf } from "./commands";
import type { PlanStep } from "./plan";

/** The text that a run sends for a step, and the text that its way back begins with. `more`: words follow that only the run knows. */
export interface StepTexts {
    program: string;
    undo?: { text: string; more: boolean };
    /** What a run sends when `program` is refused. */
    insist?: string;
}

/** A text as a forced command compares it: with whichever container Node-RED runs in. */
export function inAnyContainer(text: string): string {
    return text.replace(new RegExp(` ${ownMark}[0-9a-f]*`), ` ${ownMark}`);
}

/** @param root the account needs no sudo */
export function textsOf({ action, params, timeoutMs }: PlanStep, root: boolean): StepTexts {
    const place = { root, timeoutS: timeoutMs / 1000 };
    const undo = (done: Done): string[] => {
        const program = action.undo?.(params, done, place);
        return program === undefined ? [] : wordsOf(program);
    };
    const [one, other] = [undo({ did: ["a"], sinceS: 1 }), undo({ did: ["b"], sinceS: 100 })];
    const known = one.findIndex((word, index) => word !== other[index]);
    const program = inAnyContainer(remoteCommand(wordsOf(action.program(params, place))));
    const insist = action.insist === undefined ? {} : { insist: remoteCommand(wordsOf(action.insist(params, place))) };
    return one.length === 0 ? { program, ...insist } : { program, ...insist, undo: { text: inAnyContainer(remoteCommand(known < 0 ? one : one.slice(0, known))), more: known >= 0 } };
}

/**
 * What a drill asks a forced command of ours: whether it would run `text`. It answers by its exit status and runs nothing; a
 * program of this name is nowhere.
 */
export function mayRun(text: string): string[] {
    return ["ridethrough-may", createHash("sha256").update(text).digest("base64url").slice(0, 32)];
}

/** What a forced command of ours says, with exit status 126, of what it does not allow. */
export const kitRefusal = "ridethrough: this key may not run that here";
