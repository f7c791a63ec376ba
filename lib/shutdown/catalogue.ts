/** A value of an action's parameter, as a plan stores it. */
export type ParameterValue = string | number | boolean | readonly string[];
export type ActionParameters = Readonly<Record<string, ParameterValue>>;

/** What a plan's dialog asks for. Labels are in the locale under `shutdown-plan.action.<verb>.<name>`. */
export interface Parameter {
    name: string;
    /** `names`: a list of names without blanks; `paths`: a list of absolute paths; `seconds`: a whole number from 1. */
    kind: "name" | "names" | "path" | "paths" | "seconds" | "minutes" | "flag" | "choice" | "words";
    required?: true;
    fallback?: ParameterValue;
    choices?: readonly string[];
}

/**
 * What is carried out on a host: words for execve, or a script for `sh` with its arguments, which it sees as "$1" ... A
 * script runs under dash, busybox ash and bash alike, and never holds a value of the plan in its text.
 */
export type Program = { argv: readonly string[] } | { script: string; args: readonly string[] };

/** What a program must know about where it runs. */
export interface Place {
    /** The account is root already: no sudo. */
    root: boolean;
    /** Longest time in s for the whole action, on the host's own clock: graceful wait, force and margin. */
    timeoutS: number;
}

/** What was done, for the way back. */
export interface Done {
    /** The names behind "did" that the program reported, in its order. */
    did: readonly string[];
    /** s since the step began. */
    sinceS: number;
}

/**
 * One kind of step. `plan` stores its verb and parameters; a message can name neither.
 *
 * A program says what it has done in lines on standard output, "did NAME" for everything that undo may put back, and
 * ends with 0 only when what it was to stop is known to be stopped: what cannot be found out counts as running.
 */
export interface CatalogueAction {
    verb: string;
    parameters: readonly Parameter[];
    /** Why these parameters can't be carried out; empty when they can. */
    problems(params: ActionParameters): string[];
    /** For people: "stop 2 containers". */
    label(params: ActionParameters): string;
    program(params: ActionParameters, place: Place): Program;
    /**
     * Puts back what was reported with "did"; absent when there is no way back, undefined where these parameters have none.
     * What depends on `done` comes last among the words, so that a host can allow the command without knowing it.
     */
    undo?(params: ActionParameters, done: Done, place: Place): Program | undefined;
    /** What is run where something on the host holds a lock against its end, and `program` was refused for that. */
    insist?(params: ActionParameters, place: Place): Program;
    /** Least time limit in s that makes sense: what the program itself waits for, and a margin. Absent: any. */
    leastS?(params: ActionParameters): number;
    /** Doing it once more, after an interruption in the middle, does no harm. */
    repeatable: boolean;
    /** It ends the host: the last step, whose answer may be lost with the connection. */
    ends?: true;
    /** The exact commands that need root, as sudoers lists them. */
    privileged(params: ActionParameters): readonly (readonly string[])[];
    /** For a drill: finds out whether the action and its way back would work, and changes nothing. The same words whatever time there is. */
    probe(params: ActionParameters, place: Place): Program;
}
