import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually";
import { at } from "../support/armed-flow";
import { finalCommand, Rig, stopCommand, type RigHost } from "../support/armed-monitor";

const plan: RigHost[] = [{ name: "apps", services: ["web-frontend"] }, { name: "nas", services: ["postgresql"], after: ["apps"] }];

describe("a disk that takes nothing more", function () {
    this.timeout(300_000);
    let rig: Rig;
    before(function () {
        if (process.getuid?.() !== 0) {
            console.log("skipped: mounting a small disk needs root");
            this.skip();
        }
    });
    beforeEach(async () => (rig = await Rig.start(plan)));
    afterEach(() => rig.stop());

    const folder = (): string => join(rig.userDir, "ridethrough");
    /** The data folder as Node-RED sees it, in its own mount namespace. */
    const seen = (): string => join(`/proc/${rig.red.child.pid}/root`, folder());
    /** Starts Node-RED with 256 KB for its data, in a mount namespace that ends with it. */
    const onSmallDisk = async (): Promise<void> => {
        mkdirSync(folder(), { recursive: true });
        await rig.switchOn({ prefix: ["unshare", "--mount", "--propagation", "private", "sh", "-c", `mount -t tmpfs -o size=256k,mode=700 small "${folder()}" && exec "$@"`, "sh"] });
        await rig.deploy();
        await rig.state("HEALTHY");
    };
    const fill = (): void => {
        for (const size of [4096, 1]) {
            try {
                for (;;) appendFileSync(join(seen(), "filler"), Buffer.alloc(size));
            } catch (error) {
                assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
            }
        }
    };
    /** The kernel refuses while a file happens to be open for writing, as it is for a moment at each save. */
    const remount = async (how: string): Promise<void> => {
        let answer = "";
        await eventually(() => {
            const { status, stderr } = spawnSync("nsenter", ["-t", String(rig.red.child.pid), "-m", "--", "mount", "-o", `remount,${how}`, folder()], { encoding: "utf8" });
            answer = stderr;
            return status === 0;
        }, 60_000, () => `remount,${how}: ${answer}`);
    };
    const files = (extension: string): string[] => readdirSync(seen(), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(extension)).map((name) => join(seen(), name));

    const faults: [string, () => void | Promise<void>, () => void | Promise<void>][] = [
        ["full (ENOSPC)", () => fill(), () => rmSync(join(seen(), "filler"))],
        ["read-only (EROFS)", () => remount("ro"), () => remount("rw")],
    ];
    for (const [what, break_, mend] of faults) {
        it(`${what}: the shutdown goes on, alerts go out, Node-RED lives and says so; it is written again when the disk is back`, async () => {
            await onSmallDisk();
            await break_();
            rig.plug.setWatts(25);
            const result = await rig.result();
            assert.equal(result.outcome, "completed", JSON.stringify(result, null, 1));
            for (const { name, services } of plan) assert.deepEqual(rig.told(name), [...services.map(stopCommand), finalCommand]);
            await rig.red.eventually(() => rig.telegram.messages.some(({ text }) => /CRITICAL/.test(text)), 60_000, () => "the alert");
            const problems = (): string => rig.red.received(at.problems).map(({ payload }) => String(payload)).join("\n");
            await rig.red.eventually(() => /ENOSPC|EROFS|no space|storage failed/i.test(problems()), 60_000, () => `the trouble on Catch: ${problems()}`);
            assert.equal(rig.red.ended, false);

            await mend();
            rig.plug.setWatts(420);
            await rig.state("HEALTHY");
            rig.red.forget();
            rig.plug.setWatts(3);
            assert.equal((await rig.result()).outcome, "completed");
            const journal = files(".journal").map((path) => readFileSync(path, "utf8")).join("");
            assert.match(journal, /"kind":"end"/);
            for (const path of files(".json")) assert.doesNotThrow(() => JSON.parse(readFileSync(path, "utf8")) as unknown, `${path} (${statSync(path).size} bytes)`);
        });
    }
    it("full before Node-RED even starts: it watches and shuts down all the same", async () => {
        mkdirSync(folder(), { recursive: true });
        await rig.switchOn({ prefix: ["unshare", "--mount", "--propagation", "private", "sh", "-c", `mount -t tmpfs -o size=4k,mode=700 small "${folder()}" && head -c 4096 /dev/zero > "${folder()}/filler"; exec "$@"`, "sh"] });
        await rig.deploy();
        await rig.state("HEALTHY");
        rig.plug.setWatts(25);
        assert.equal((await rig.result()).outcome, "completed");
        assert.equal(rig.red.received(at.result).length, 1);
    });
});
