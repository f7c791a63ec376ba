import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, temporaryFolder } from "../../support/helper";
import { startTelegram, type TelegramSimulator } from "../../simulators/telegram";

const token = "123456:kill-test";
const wanted = Array.from({ length: 100 }, (_, number) => `n${number}`);

describe("an outbox whose process is killed", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let api: TelegramSimulator;
    const children: ChildProcess[] = [];
    const queue = (): string => join(folder.path, "queue");
    beforeEach(async () => {
        folder = temporaryFolder();
        api = await startTelegram({ token });
    });
    afterEach(async () => {
        for (const child of children.splice(0)) child.kill("SIGKILL");
        await api.stop();
        await folder.remove();
    });

    /** Starts a process that posts `count` alerts; `accepted` are those that it has promised to deliver. */
    const start = (count: number): { child: ChildProcess; accepted: () => number } => {
        const child = spawn(process.execPath, ["--import", "tsx", join(__dirname, "outbox-child.ts"), queue(), api.url, token, String(count)]);
        children.push(child);
        let output = "";
        child.stdout.on("data", (data: Buffer) => (output += data.toString()));
        return { child, accepted: () => output.match(/accepted \d+\n/g)?.length ?? 0 };
    };
    const kill = async (child: ChildProcess): Promise<void> => {
        child.kill("SIGKILL");
        await once(child, "exit");
    };
    const onDisk = (): number => (existsSync(queue()) ? readFileSync(queue(), "utf8").split("\n").filter((line) => line.includes('"add"')).length : 0);
    const unique = (): string[] => [...new Set(api.messages.map(({ text }) => text.replace(/^\[delayed [^\]]*\] /, "")))];

    it("delivers the rest of a queue of 100 after a restart: in order, nothing lost, one sent twice at most", async () => {
        await api.down();
        const { child } = start(100);
        await eventually(() => onDisk() >= 100, 40_000, () => `100 on the disk, got ${onDisk()}`);
        api.always({ kind: "slow", ms: 5 });
        await api.up();
        await eventually(() => api.messages.length >= 40, 15_000, () => "40 messages");
        await kill(child);
        const before = api.messages.length;
        assert.ok(before < 100, "was killed in the middle");
        start(0);
        await eventually(() => unique().length >= 100, 40_000, () => `100 messages, got ${unique().length}`);
        assert.deepEqual(unique(), wanted);
        assert.ok(api.messages.length <= 101, `${api.messages.length} messages for 100 alerts`);
    }).timeout(90_000);

    it("has every alert that it accepted when it is killed while they come in", async () => {
        await api.down();
        const { child, accepted } = start(100);
        await eventually(() => accepted() >= 30, 15_000, () => "30 accepted");
        await kill(child);
        const promised = accepted();
        await api.up();
        start(0);
        await eventually(() => unique().length >= promised, 40_000, () => `${promised} messages`);
        assert.deepEqual(unique().slice(0, promised), wanted.slice(0, promised));
    }).timeout(90_000);
});
