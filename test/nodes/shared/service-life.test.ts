import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Node, NodeAPI } from "node-red";
import { alertText } from "../../../lib/alerts/alert";
import { ServiceLife } from "../../../nodes/shared/service-life";
import { temporaryFolder } from "../../support/temporary-folder";
import { settle, VirtualClock } from "../../support/virtual-clock";

describe("the life of the service, as a node knows it", () => {
    const now = 1_770_000_000_000;
    let folder: ReturnType<typeof temporaryFolder>;
    let clock: VirtualClock;
    let node: EventEmitter & { warnings: string[] };
    let path: string;
    const events = new EventEmitter();
    beforeEach(() => {
        folder = temporaryFolder();
        clock = new VirtualClock(now);
        const warnings: string[] = [];
        node = Object.assign(new EventEmitter(), { id: "n1", type: "telegram-alert", warnings, warn: (text: string) => void warnings.push(text), log: () => undefined, error: (text: string) => void warnings.push(text) });
        path = join(folder.path, "ridethrough", "telegram-alert", "n1.life");
    });
    afterEach(async () => {
        node.emit("close");
        // What a life saves at its begin is waited for by its end alone.
        await Promise.all(lives.splice(0).map((life) => life.end(false)));
        await folder.remove();
    });
    const lives: ServiceLife[] = [];
    const lifeOf = (): ServiceLife => {
        const life = new ServiceLife({ settings: { userDir: folder.path }, events } as unknown as NodeAPI, node as unknown as Node, clock);
        lives.push(life);
        return life;
    };
    const told = async (): Promise<string | undefined> => {
        const alert = await lifeOf().begin();
        return alert && alertText(alert);
    };
    /** What another process has left behind. */
    const left = (record: object, seenAt = now): void => {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, JSON.stringify({ process: "another", version: "0.1.0", ...record }));
        utimesSync(path, seenAt / 1000, seenAt / 1000);
    };

    it("tells nothing of a node that is new", async () => assert.equal(await told(), undefined));
    it("tells of a restart", async () => {
        left({ stoppedAt: now - 5000 });
        assert.equal(await told(), "ℹ️ Ridethrough — restarted after 5 s");
    });
    it("tells of an end that was none, by the last heartbeat", async () => {
        left({}, now - 50_000);
        assert.equal(await told(), "⚠️ Ridethrough — started after a crash, a kill or a power cut, last seen 50 s ago");
    });
    it("tells of an upgrade", async () => {
        left({ stoppedAt: now - 5000, version: "0.0.1" });
        assert.match(await told() ?? "", /upgraded 0\.0\.1 -> \d+\.\d+\.\d+/);
    });
    it("tells once a process: nothing at a deploy, also not at a second", async () => {
        left({ stoppedAt: now - 5000 });
        for (const wanted of [true, false, false]) {
            const life = lifeOf();
            assert.equal(await life.begin() !== undefined, wanted);
            await life.end(false);
        }
    });
    it("writes when it ended, and takes that back when it lives on after a deploy", async () => {
        const life = lifeOf();
        await life.begin();
        await life.end(false);
        assert.equal((JSON.parse(readFileSync(path, "utf8")) as { stoppedAt?: number }).stoppedAt, now);
        const next = lifeOf();
        await next.begin();
        await next.end(false); // waits for what begin saves
        assert.equal((JSON.parse(readFileSync(path, "utf8")) as { stoppedAt?: number }).stoppedAt, now);
    });
    it("says once a minute that it lives, by the time of its file alone", async () => {
        const life = lifeOf();
        await life.begin();
        await life.end(false);
        const text = readFileSync(path, "utf8");
        await clock.pass(60_000);
        for (const limit = Date.now() + 10_000; statSync(path).mtimeMs !== now + 60_000 && Date.now() < limit;) await new Promise((resolve) => setImmediate(resolve));
        assert.equal(statSync(path).mtimeMs, now + 60_000);
        assert.equal(readFileSync(path, "utf8"), text);
    });
    it("leaves nothing of a node that is removed", async () => {
        const life = lifeOf();
        await life.begin();
        await life.end(true);
        assert.ok(!existsSync(path));
    });
    it("forgets when nobody wants to know", async () => {
        left({});
        await lifeOf().forget();
        assert.ok(!existsSync(path));
    });
    it("is not stopped by a damaged file", async () => {
        left({ process: 5 });
        assert.equal(await told(), undefined);
        events.emit("flows:started");
        await settle();
        assert.match(node.warnings.join(), /damaged and set aside as .*n1\.life\.bad-\d+; starting without it: nobody is told of this restart/);
    });
});
