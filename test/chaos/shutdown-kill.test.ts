import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";
import type { JournalRecord } from "../../lib/shutdown/journal-records";
import { generateKeyPair, startSshHost, type SshHost } from "../simulators/ssh-host";
import { ofSlowDisk } from "../support/disk-at-rest";
import { eventually } from "../support/eventually";
import { temporaryFolder } from "../support/temporary-folder";
import type { Orders } from "./sequencer-process";

interface Word {
    act?: string;
    outcome?: string;
    text?: string;
    warning?: string;
}

/** A command that must never be run twice. */
const flush = (name: string): { action: string; params: { command: string[] } } => ({ action: "command", params: { command: ["flush", name] } });
const plan: Orders["plan"] = {
    hosts: [
        { name: "app", services: ["web", "cache"], steps: [flush("orders")] },
        { name: "nas", services: ["db", "nfs"], steps: [flush("index")], after: ["app"] },
        { name: "gpu", services: ["train", "vllm"], steps: [flush("checkpoint")] },
    ],
};
const steps = [
    "app: stop web", "app: stop cache", "app: flush orders", "nas: stop db", "nas: stop nfs", "nas: flush index", "gpu: stop train", "gpu: stop vllm", "gpu: flush checkpoint",
    "app: shutdown -h +2", "nas: shutdown -h +2", "gpu: shutdown -h +2",
];
/** Its beginning, an intent and a result for each step; then comes its end. */
const records = 1 + 2 * steps.length;
/** How many of the lives below go on at once: most of their time is waiting. */
const atOnce = 3;

/** A plan, its hosts and its journal, over the lives of several processes. */
class Story {
    readonly #folder = temporaryFolder();
    readonly #children = new Set<ChildProcess>();
    private constructor(readonly plan: Orders["plan"], readonly user: ReturnType<typeof generateKeyPair>, readonly hosts: readonly SshHost[]) {}

    static async begin(user: ReturnType<typeof generateKeyPair>, some = plan): Promise<Story> {
        return new Story(some, user, await Promise.all(some.hosts.map(({ name }) => startSshHost({ name, authorizedKey: user.public, behaviour: { delayMs: 60 } }))));
    }

    start(shutdown: boolean): { child: ChildProcess; words: Word[] } {
        const orders: Orders = { journal: this.#journal, privateKey: this.user.private, plan: this.plan, shutdown, hosts: this.hosts.map(({ name, port, hostKey }) => ({ name, port, hostKey })) };
        const child = spawn(process.execPath, ["--import", "tsx", join(__dirname, "sequencer-process.ts"), JSON.stringify(orders)], { stdio: ["pipe", "pipe", "inherit"] });
        this.#children.add(child);
        const words: Word[] = [];
        createInterface({ input: child.stdout }).on("line", (line) => {
            const word = JSON.parse(line) as Word;
            if (!ofSlowDisk.test(word.warning ?? "")) words.push(word);
        });
        return { child, words };
    }

    /** Resolves when the hosts have heard all that it had said, too. */
    async kill(child: ChildProcess): Promise<void> {
        await this.#end(child);
        await eventually(() => this.hosts.every(({ open }) => open === 0), 60_000, () => `${this.hosts.map(({ open }) => open).join()} connections to end`);
    }

    async #end(child: ChildProcess): Promise<void> {
        // One that has told its result has nothing left to do, and may be gone by itself.
        if (child.exitCode === null && child.signalCode === null) {
            const gone = once(child, "exit");
            child.kill("SIGKILL");
            await gone;
        }
        this.#children.delete(child);
    }

    get #journal(): string {
        return join(this.#folder.path, "run.journal");
    }

    /** How many records are on the disk. */
    get written(): number {
        return this.records.length;
    }
    get records(): JournalRecord[] {
        if (!existsSync(this.#journal)) return [];
        return readFileSync(this.#journal, "utf8").split("\n").slice(0, -1).flatMap((line) => (JSON.parse(line) as unknown[]).filter((record): record is JournalRecord => typeof record === "object"));
    }

    /** Resolves when the run's end is on the disk, too: on a slow one it is told before. */
    isWritten(): Promise<void> {
        return eventually(() => this.records.some(({ kind }) => kind === "end"), 60_000, () => JSON.stringify(this.records));
    }

    get told(): string[] {
        return this.hosts.flatMap((host) => host.commands.map(({ short }) => `${host.name}: ${short.replace(/^sudo -n /, "").replace(/^systemctl stop -- /, "stop ")}`));
    }

    async end(): Promise<void> {
        await Promise.all([...this.#children].map((child) => this.#end(child)));
        await Promise.all(this.hosts.map((host) => host.stop()));
        await this.#folder.remove();
    }
}

describe("kill -9 in the middle of a shutdown", function () {
    this.timeout(900_000);
    const user = generateKeyPair();

    /** Kills the first process when so many records are written, and looks at what the next ones make of it. */
    const survive = async (kept: number): Promise<void> => {
        const at = `at record ${kept}: `;
        const story = await Story.begin(user);
        try {
            const first = story.start(true);
            await eventually(() => story.written >= kept, 90_000, () => `${at}${story.written} records, ${story.told.join(", ")}`);
            await story.kill(first.child);
            const before = story.told;
            // The process was faster than the signal: its run has ended, and nothing is left to go on with.
            if (story.written > records) return;

            const second = story.start(false);
            const outcome = (): Word | undefined => second.words.find((word) => word.outcome !== undefined);
            await eventually(() => outcome() !== undefined, 90_000, () => `${at}${JSON.stringify(second.words)}`);
            assert.match(second.words[0]?.warning ?? "", /was interrupted .* continuing it/, at);
            const all = story.told;
            const times = (step: string): number => all.filter((told) => told === step).length;
            for (const step of steps) {
                // What must not be done twice is left out when nobody saw how it ended: before or after it reached its host.
                const risky = step.includes("flush");
                assert.ok(times(step) <= (risky ? 1 : 2), `${at}${step} was taken ${times(step)} times`);
                if (risky) assert.ok(times(step) === 1 || /whether it was done is not known/.test(outcome()?.text ?? ""), `${at}${step} is missing, and not a word of it: ${outcome()?.text}`);
                else assert.ok(times(step) >= 1, `${at}${step} is missing in ${all.join(", ")}`);
                if (step.includes("shutdown")) assert.ok(times(step) === 1 || before.includes(step), `${at}${step} was sent twice by one process`);
            }
            assert.ok(all.length - steps.length <= plan.hosts.length, `${at}only what was under way is repeated: ${all.join(", ")}`);
            const unknown = /whether it was done is not known/.test(outcome()?.text ?? "");
            assert.equal(outcome()?.outcome, unknown ? "incomplete" : "completed", `${at}${outcome()?.text}`);
            await story.isWritten();
            await story.kill(second.child);

            const third = story.start(true);
            await eventually(() => third.words.some((word) => word.act !== undefined), 90_000);
            assert.deepEqual(third.words.map((word) => word.act), ["ignore"], `${at}the outage has had its run`);
            assert.equal(story.told.length, all.length, at);
        } finally {
            await story.end();
        }
    };

    it(`at each of the ${records} records of a plan of ${steps.length} steps: the next start finishes it, no step that does harm is taken twice, and no second run begins`, async () => {
        const left = Array.from({ length: records }, (_, index) => index + 1);
        const failures: string[] = [];
        const work = async (): Promise<void> => {
            for (let kept = left.shift(); kept !== undefined; kept = left.shift()) await survive(kept).catch((error: unknown) => failures.push(String(error)));
        };
        await Promise.all(Array.from({ length: atOnce }, work));
        assert.deepEqual(failures, []);
    });

    it("while guests stop: the next start puts back also those that the first had stopped, and names all of them", async () => {
        const story = await Story.begin(user, { hosts: [{ name: "kvm", steps: [{ action: "stop-vms" }] }] });
        try {
            const [kvm] = story.hosts;
            const asked = (): string[] => story.hosts.flatMap(({ commands }) => commands.map(({ command }) => command)).filter((command) => command.includes("virsh"));
            kvm?.setBehaviour({ command: "hang", output: "did web\ndid db\n" }, "virsh");
            const first = story.start(true);
            await eventually(() => story.records.some((record) => record.kind === "did" && record.names.join() === "web,db"), 90_000, () => JSON.stringify(story.records));
            await story.kill(first.child);

            // They are off by now: the host speaks of the third alone.
            let heard = (): void => undefined;
            kvm?.setBehaviour({ until: new Promise<void>((resolve) => { heard = resolve; }), output: "did mail\n" }, "virsh");
            const second = story.start(false);
            await eventually(() => asked().length === 2, 90_000, () => JSON.stringify(second.words));
            second.child.stdin?.write("restored\n");
            await eventually(() => second.words.some(({ act }) => act !== undefined), 90_000, () => JSON.stringify(second.words));
            heard();
            await eventually(() => second.words.some(({ outcome }) => outcome !== undefined), 90_000, () => JSON.stringify(second.words));
            assert.match(asked()[2] ?? "", / web db mail$/);
            assert.match(second.words.find(({ outcome }) => outcome === "cancelled")?.text ?? JSON.stringify(second.words), /1 of 1 step put back/);
            await story.isWritten();
            assert.deepEqual(story.records.flatMap((record) => (record.kind === "result" ? [[record.step, record.note]] : [])), [["kvm/stop-vms", "web, db, mail"], ["kvm/stop-vms/undo", "web, db, mail"]]);
        } finally {
            await story.end();
        }
    });
});
