import { delimiter } from "node:path";
import { runProgram } from "../kit/child-process";
import { hangingTool, longestOutput, toolFolders, type CommandRunner } from "./command";
import { inTurn } from "./turns";

/**
 * Runs tools on this machine. Two who want the same tool, a node and its edit dialog, take turns.
 * @param path where tools are looked for
 */
export function localRunner(name: string, path = [process.env.PATH, ...(process.platform === "win32" ? [] : toolFolders)].filter(Boolean).join(delimiter)): CommandRunner {
    return (argv, { deadlineMs, signal }) => inTurn(`program ${argv[0]}`, signal, () => runProgram(argv, { deadlineMs, subject: `host ${name}`, signal, path, maxBytes: longestOutput }))
        .catch((error: unknown) => { throw hangingTool(error, argv); });
}
