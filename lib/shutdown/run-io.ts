import type { Prove } from "./lookout";
import type { RunEars } from "./run-record";
import type { UsualMs } from "./schedule";
import type { PlannedStep } from "./steps";
import type { HostAccess } from "./transport";

/** What a run needs of the world. */
export interface RunIo extends RunEars {
    /** This machine's boot, see machine. */
    boot: string;
    /** @throws when there is no such host; the plan has been checked before */
    access(host: string): HostAccess;
    /** Absent: nobody can see whether a host is down. */
    prove?: Prove;
    /** Hears how long a step took; `cut` when it did not come to its end: it would have taken longer. */
    measured?(step: PlannedStep, ms: number, cut: boolean): void;
    usualMs?: UsualMs;
    /** How many logins may be under way at once. Commands only wait, and are not limited. Default 32. */
    logins?: number;
}
