#!/usr/bin/env node
import { runCli } from "./run-cli";

const say = (to: NodeJS.WriteStream) => (text: string): void => void to.write(`${text}\n`);
// `head` closes the pipe when it has seen enough: no error of ours.
process.stdout.on("error", () => process.exit(0));
void runCli(process.argv.slice(2), { out: say(process.stdout), complain: say(process.stderr) }).then((code) => (process.exitCode = code));
