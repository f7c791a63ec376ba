// A process that runs one sequencer, to be killed: node --import tsx sequencer-process.ts '<JSON of Orders>'.
// Prints one JSON line a result or decision. A line on its standard input is what becomes of the outage: "restored".
import { createInterface } from "node:readline";
import type { Socket } from "node:net";
import { systemClock } from "../../lib/kit/clock";
import { parsePinnedKey } from "../../lib/shutdown/host-key";
import { RunJournal } from "../../lib/shutdown/journal";
import { parsePlan, type PlanDraft } from "../../lib/shutdown/plan";
import { Sequencer } from "../../lib/shutdown/sequencer";
import { SshTransport } from "../../lib/shutdown/ssh";

export interface Orders {
    journal: string;
    privateKey: string;
    hosts: { name: string; port: number; hostKey: string }[];
    plan: PlanDraft;
    /** Whether an outage begins. */
    shutdown: boolean;
}

const orders = JSON.parse(process.argv[2] ?? "{}") as Orders;
const { plan, problems } = parsePlan(orders.plan);
const say = (word: object): void => void process.stdout.write(`${JSON.stringify(word)}\n`);

const sequencer = new Sequencer({
    setup: () => ({
        plan,
        switches: { dryRun: false, enabled: true, problems, unready: [] },
        access(name) {
            const host = orders.hosts.find((candidate) => candidate.name === name);
            const pin = parsePinnedKey(host?.hostKey ?? "");
            if (host === undefined || pin === undefined) throw new Error(`no host ${name}`);
            return { root: false, open: () => new SshTransport({ name, host: "127.0.0.1", port: host.port, user: "power", auth: { kind: "key", privateKey: orders.privateKey }, pin }) };
        },
    }),
    stableMs: 0,
    clock: systemClock,
    journal: new RunJournal(orders.journal, (text) => say({ warning: text })),
    voice: { progress: () => undefined, result: (result) => say({ outcome: result.outcome, text: result.text }), warn: (text) => say({ warning: text }) },
});
const heard = (action: "shutdown" | "restored", reason: string): void => void sequencer.handle({ action, reason, at: systemClock.now(), stream: "plug", conclusive: true }).then(({ act, why }) => say({ act, why }));
if (orders.shutdown) heard("shutdown", "plug CRITICAL");
createInterface({ input: process.stdin }).on("line", (line) => line === "restored" && heard(line, "plug HEALTHY"));
// It ends by itself when there is nothing left to do.
(process.stdin as Socket).unref();
