import type { CatalogueAction } from "../catalogue";
import { parameterProblems } from "./parameters";
import { probeOf } from "./probe";
import { limitWord, rootWord, scriptHead } from "./shell";

/** A disk or a server that is gone makes sync(1) wait for ever: then we do not. */
const bounded = `
[ "$limit" -le 1 ] || limit=$((limit - 1))
collect yes "$limit" sync && exit
last_words
[ "$code" != late ] || why="not everything is written within $limit s"
fail "$why"
`;

/** Writes what is still in memory to the disks. */
export const syncDisks: CatalogueAction = {
    verb: "sync",
    parameters: [],
    problems: (params) => parameterProblems("sync", [], params),
    label: () => "write everything to disk",
    program: (_params, { timeoutS }) => ({ script: scriptHead + bounded, args: [rootWord(true), limitWord(timeoutS)] }),
    repeatable: true,
    privileged: () => [],
    probe: () => probeOf({ programs: ["sync"], rules: [], root: true }),
};
