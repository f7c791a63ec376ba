import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { errorText, Trouble } from "../lib/kit/trouble";
import { withoutMark } from "../lib/kit/well-formed";
import { clockTime, differences, isAsExpected } from "../lib/stores/tape-check";
import { readTape } from "../lib/stores/tape-file";
import { findTape, listTapes, shippedFolder } from "../lib/stores/tape-library";
import { replay } from "../lib/stores/tape-replay";
import { recordOf } from "../lib/stores/timeline-event";
import type { Tape } from "../lib/stores/tape";
import { parseConfig } from "../nodes/shutdown-trigger/config";

/** Where the lines of a command go. */
export interface Lines {
    out(text: string): void;
    complain(text: string): void;
}

/** As the exit codes of a test: 0 as expected, 1 not, 2 could not be asked. */
type ExitCode = 0 | 1 | 2;

const usage = `ridethrough replay TAPE [--config FILE] [--json]
    plays a tape (a file, or the name of a shipped one) through the decisions of shutdown-trigger, and prints the verdicts that change something
    --config FILE  settings of the trigger, as Node-RED stores them: the node, or an export or flows file with one such node
    --json         every verdict, as a line of JSON
    exits with 0 when what is decided is what the tape must lead to, with 1 when not, with 2 when the tape or the settings can't be used
ridethrough tapes
    lists the shipped tapes`;

/** The command line without the process. Never rejects. */
export async function runCli(args: readonly string[], lines: Lines): Promise<ExitCode> {
    try {
        const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { config: { type: "string" }, json: { type: "boolean" }, help: { type: "boolean", short: "h" } } });
        const [command, name, ...rest] = positionals;
        if (values.help) {
            lines.out(usage);
            return 0;
        }
        if (command === "tapes" && name === undefined) return await printTapes(lines);
        if (command === "replay" && name !== undefined && rest.length === 0) return await printReplay(name, values, lines);
        lines.complain(usage);
    } catch (error) {
        lines.complain(errorText(error));
    }
    return 2;
}

async function printTapes({ out }: Lines): Promise<ExitCode> {
    const tapes = await listTapes(shippedFolder);
    const width = Math.max(...tapes.map((tape) => tape.name.length));
    for (const tape of tapes) out(`${tape.name.padEnd(width)}  ${tape.about}`);
    return 0;
}

async function printReplay(name: string, { config: file, json }: { config?: string | undefined; json?: boolean | undefined }, { out, complain }: Lines): Promise<ExitCode> {
    const tape = await readTape(existsSync(name) ? name : (await findTape(name, [shippedFolder])).path);
    if (tape.bad > 0) complain(`${tape.bad} lines could not be understood and are left out`);
    if (tape.torn) complain("the last line broke off and is left out");
    const { verdicts, check } = replay(tape, await settingsOf(tape, file));
    for (const verdict of verdicts) {
        if (json) out(JSON.stringify(verdict));
        else if (verdict.change !== undefined) out(`${clockTime(verdict.at)}  ${verdict.change.padEnd(10)}  ${verdict.text}`);
    }
    const tell = json ? complain : out;
    if (check === undefined) {
        tell("nobody has said what should follow from this tape");
        return 0;
    }
    for (const line of differences(check)) tell(line);
    const asExpected = isAsExpected(check);
    tell(`${asExpected ? "as expected" : "NOT as expected"}: ${check.met} of ${check.of} decisions`);
    return asExpected ? 0 : 1;
}

/** The settings to decide by: a file's, or else those that the tape was made for. */
async function settingsOf(tape: Tape, file: string | undefined): Promise<ReturnType<typeof parseConfig>["config"]> {
    const stored = file === undefined ? tape.header.trigger : triggerIn(JSON.parse(withoutMark(await readFile(file, "utf8"))), file);
    const { config, problems } = parseConfig(stored);
    if (problems.length > 0) throw new Trouble("config", `the settings of the trigger can't be used: ${problems.join("; ")}`);
    return config;
}

/** The trigger in a file: the node itself, or the only one in a list of nodes. */
function triggerIn(value: unknown, file: string): Record<string, unknown> {
    const list = Array.isArray(value) ? (value as unknown[]) : (recordOf(value)?.flows as unknown);
    if (!Array.isArray(list)) {
        const node = recordOf(value);
        // Of anything else not a word would be understood, and the defaults be taken for what was tried.
        if (node === undefined || (node.type ?? "shutdown-trigger") !== "shutdown-trigger") throw new Trouble("config", `${file} holds no settings of a shutdown-trigger`);
        return node;
    }
    const triggers = list.map(recordOf).filter((node) => node?.type === "shutdown-trigger");
    const [trigger] = triggers;
    if (trigger === undefined || triggers.length > 1) throw new Trouble("config", `${file} has ${triggers.length} shutdown-triggers`, "give it the settings of one");
    return trigger;
}
