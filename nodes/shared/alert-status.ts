import { Refused } from "../../lib/alerts/channel";
import type { Trouble } from "../../lib/kit/trouble";
import type { Mood } from "./status";

/** What keeps alerts from going out, until one does. */
export interface Hindrance {
    trouble: Trouble;
    /** Wall time in ms of the next attempt. */
    nextAt: number;
}

/** The status while alerts wait: "3 waiting, next 14:02:20", or what a person has to mend: "token refused (401)". */
export function hinderedStatus({ trouble, nextAt }: Hindrance, waiting: number): { mood: Mood; text: string } {
    if (trouble instanceof Refused && trouble.advice.next === "settings") return { mood: "error", text: `${trouble.short}, ${waiting} waiting` };
    return { mood: "stale", text: `${waiting} waiting, next ${clockTime(nextAt, 8)}` };
}

/** "14:02" (length 5) or "14:02:20" (8), in the machine's own time zone. */
export function clockTime(wall: number, length: 5 | 8): string {
    return new Date(wall).toTimeString().slice(0, length);
}
