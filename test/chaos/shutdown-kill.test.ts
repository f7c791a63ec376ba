import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { generateKeyPair, startSshHost, type SshHost } from "../simulators/ssh-host";
import { eventually } from "../support/eventually";
import { temporaryFolder } from "../support/temporary-folder";
import type { Orders } from "./sequencer-process";

interface Word {
    act?: string;
    outcome?: string;
    text?: string;
    warning?: string;
}

const plan: Orders["plan"] = { hosts: [{ name: "app", services: ["web", "cache"] }, { name: "nas", services: ["db", "nfs"], after: ["app"] }] };
const wholeRun = 6;

describe("kill -9 in the middle of a shutdown", function () {
    this.timeout(60_000);
    let hosts: SshHost[];
    let folder: ReturnType<typeof temporaryFolder>;
    const user = generateKeyPair();
    const children = new Set<ChildProcess>();

    const start = (shutdown: boolean): { child: ChildProcess; words: Word[] } => {
        const orders: Orders = { journal: join(folder.path, "run.journal"), privateKey: user.private, plan, shutdown, hosts: hosts.map(({ name, port, hostKey }) => ({ name, port, hostKey })) };
        const child = spawn(process.execPath, ["--import", "tsx", join(__dirname, "sequencer-process.ts"), JSON.stringify(orders)], { stdio: ["ignore", "pipe", "inherit"] });
        children.add(child);
        const words: Word[] = [];
        createInterface({ input: child.stdout }).on("line", (line) => words.push(JSON.parse(line) as Word));
        return { child, words };
    };
    const kill = async (child: ChildProcess): Promise<void> => {
        const gone = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGKILL");
        await gone;
        children.delete(child);
    };
    const told = (): string[] => hosts.flatMap((host) => host.commands.map((command) => `${host.name}: ${command.short.replace(/^sudo -n (systemctl stop -- )?/, "")}`));

    beforeEach(async () => {
        folder = temporaryFolder();
        hosts = await Promise.all(["app", "nas"].map((name) => startSshHost({ name, authorizedKey: user.public, behaviour: { delayMs: 120 } })));
    });
    afterEach(async () => {
        await Promise.all([...children].map(kill));
        await Promise.all(hosts.map((host) => host.stop()));
        folder.remove();
    });

    for (let after = 1; after <= wholeRun; after += 1) {
        it(`after command ${after} of ${wholeRun}: the next start finishes it, repeats only what was under way, and starts no second run`, async () => {
            const first = start(true);
            await eventually(() => told().length >= after, 20_000, () => `${after} commands, got ${told().join(", ")} and ${JSON.stringify(first.words)}`);
            await kill(first.child);
            const before = told().length;

            const second = start(false);
            await eventually(() => second.words.some((word) => word.outcome !== undefined), 20_000, () => JSON.stringify(second.words));
            assert.equal(second.words.find((word) => word.outcome !== undefined)?.outcome, "completed", JSON.stringify(second.words));
            assert.match(second.words[0]?.warning ?? "", /was interrupted .* continuing it/);
            await kill(second.child);

            const all = told();
            const once = ["app: web", "app: cache", "nas: db", "nas: nfs", "app: shutdown -h +2", "nas: shutdown -h +2"];
            for (const command of once) assert.ok(all.includes(command), `${command} missing in ${all.join(", ")}`);
            assert.ok(all.length <= wholeRun + 1, `only the command under way may be repeated: ${all.join(", ")}`);
            assert.ok(before >= after);

            const third = start(true);
            await eventually(() => third.words.some((word) => word.act !== undefined), 20_000);
            assert.deepEqual(third.words.map((word) => word.act), ["ignore"]);
            assert.equal(told().length, all.length);
        });
    }
});
