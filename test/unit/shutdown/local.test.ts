import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Trouble } from "../../../lib/kit/trouble";
import { LocalTransport } from "../../../lib/shutdown/local";
import { eventually } from "../../support/eventually";
import { temporaryFolder } from "../../support/temporary-folder";

// Every program here is a stand-in in a folder of its own: nothing of the machine itself is called.
describe("this machine", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let local: LocalTransport;

    const program = async (name: string, script: string): Promise<void> => {
        const path = join(folder.path, name);
        await writeFile(path, `#!/bin/sh\n${script}\n`);
        await chmod(path, 0o755);
    };

    beforeEach(() => {
        folder = temporaryFolder();
        local = new LocalTransport("me", folder.path);
    });
    afterEach(async () => {
        local.close();
        await folder.remove();
    });

    it("runs a program without a shell: arguments arrive as they are", async () => {
        await program("sudo", `for word; do echo "[$word]"; done > ${folder.path}/said`);
        assert.deepEqual(await local.run(["sudo", "-n", "systemctl", "stop", "--", "a;b $(c) 'd'"], 5000), { end: "exit", code: 0, output: "" });
        assert.equal(await readFile(join(folder.path, "said"), "utf8"), "[-n]\n[systemctl]\n[stop]\n[--]\n[a;b $(c) 'd']\n");
    });

    it("hands over the whole output to one who wants it, until that one has enough", async () => {
        await program("tool", "printf 'one\\ntwo\\n'; echo three >&2");
        const said = { stdout: "", stderr: "" };
        const tap = { stdout: (chunk: Buffer) => Boolean(said.stdout += chunk), stderr: (chunk: Buffer) => Boolean(said.stderr += chunk) };
        assert.equal((await local.run(["tool"], 5000, tap)).end, "exit");
        assert.deepEqual(said, { stdout: "one\ntwo\n", stderr: "three\n" });
        await program("tool", "while echo more; do :; done");
        await assert.rejects(local.run(["tool"], 5000, { ...tap, stdout: () => false }), (error: Trouble) => error.kind === "garbage");
    });

    it("hands none of our environment on", async () => {
        await program("env-of", `echo "$SSH_AUTH_SOCK$HOME$RIDETHROUGH_SECRET"; exit 3`);
        process.env.RIDETHROUGH_SECRET = "secret";
        try {
            assert.deepEqual(await local.run(["env-of"], 5000), { end: "exit", code: 3, output: "" });
        } finally {
            delete process.env.RIDETHROUGH_SECRET;
        }
    });

    it("tells the exit status and the last line of a program that failed", async () => {
        await program("sudo", "echo one; echo 'Unit web.service not loaded.' >&2; exit 5");
        assert.deepEqual(await local.run(["sudo"], 5000), { end: "exit", code: 5, output: "Unit web.service not loaded." });
    });

    it("tells the signal that ended a program", async () => {
        await program("sudo", "kill -9 $$");
        assert.deepEqual(await local.run(["sudo"], 5000), { end: "signal", signal: "SIGKILL", output: "" });
    });

    it("does not wait for a grandchild that holds the pipes", async () => {
        await program("sudo", `/bin/sleep 60 & echo $! > ${folder.path}/pid; exit 0`);
        assert.equal((await local.run(["sudo"], 5000)).end, "exit");
        process.kill(Number(await readFile(join(folder.path, "pid"), "utf8")), "SIGKILL");
    });

    it("kills a program with all it started at the deadline", async () => {
        await program("sudo", `/bin/sleep 60 & echo $! > ${folder.path}/pid; wait`);
        await assert.rejects(local.run(["sudo"], 300), (error) => error instanceof Trouble && error.kind === "timeout");
        const pid = Number(await readFile(join(folder.path, "pid"), "utf8"));
        await eventually(() => !isRunning(pid));
    });

    it("says that there is no such program", async () => {
        await assert.rejects(local.run(["nothing-here"], 5000), /host me: there is no program nothing-here in/);
    });

    it("lets go at once when it is closed", async () => {
        await program("sudo", "exec /bin/sleep 60");
        const running = local.run(["sudo"], 60_000);
        await new Promise((resolve) => setImmediate(resolve));
        local.close();
        await assert.rejects(running, (error) => error instanceof Trouble && error.kind === "stopped");
        await assert.rejects(local.run(["sudo"], 1000), (error) => error instanceof Trouble && error.kind === "stopped");
    });
});

/** A killed process stays listed until its parent asks for it. */
function isRunning(pid: number): boolean {
    try {
        return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
        return false;
    }
}
