import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram, type ProgramOptions } from "../../../lib/kit/child-process";
import type { Trouble } from "../../../lib/kit/trouble";
import { fakeTool } from "../../simulators/gpu-tools";
import { eventually } from "../../support/eventually";
import { temporaryFolder } from "../../support/temporary-folder";

describe("running a program", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    beforeEach(() => { folder = temporaryFolder(); });
    afterEach(() => folder.remove());

    const run = (script: string, options: Partial<ProgramOptions> = {}, ...rest: string[]): ReturnType<typeof runProgram> =>
        runProgram([fakeTool(folder.path, "tool", script), ...rest], { deadlineMs: 15_000, subject: "tool here", path: "/usr/bin:/bin", ...options });
    /** Whether a process is there; a zombie that nobody has collected yet is not. */
    const lives = (pid: number): boolean => existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
    const pidIn = (name: string): number => Number(readFileSync(join(folder.path, name), "utf8"));
    const told = (name: string): boolean => existsSync(join(folder.path, name)) && pidIn(name) > 0;

    it("brings back both outputs and the status", async () => {
        deepEqual(await run("echo out; echo err >&2; exit 9"), { code: 9, stdout: "out\n", stderr: "err\n" });
    });

    it("passes arguments as they are: no shell reads them", async () => {
        equal((await run('printf "%s|" "$@"', {}, "a b", "$(id)", ";", "'")).stdout, "a b|$(id)|;|'|");
    });

    it("says 127 for a program that is not there, as a shell does", async () => {
        equal((await runProgram(["no-such-tool"], { deadlineMs: 1000, subject: "here", path: folder.path })).code, 127);
    });

    it("says null for a program that a signal ended", async () => {
        equal((await run("kill -TERM $$")).code, null);
    });

    it("hides our environment from it", async () => {
        process.env.RIDETHROUGH_TEST_SECRET = "hush";
        const { stdout } = await run("env");
        delete process.env.RIDETHROUGH_TEST_SECRET;
        ok(!stdout.includes("hush"));
        match(stdout, /^PATH=\/usr\/bin:\/bin$/m);
    });

    it("kills the whole process group at the deadline", async () => {
        const hang = run(`echo $$ > ${folder.path}/leader; sleep 60 & echo $! > ${folder.path}/grandchild; wait`, { deadlineMs: 1500 });
        await rejects(hang, (error: Trouble) => error.kind === "timeout" && /tool here/.test(error.message));
        await eventually(() => !lives(pidIn("leader")) && !lives(pidIn("grandchild")), 10_000, () => "both gone");
    });

    it("settles on the program's exit though a grandchild holds the pipe, and ends the grandchild", async () => {
        const output = await run(`sleep 60 & echo $! > ${folder.path}/grandchild; echo done`);
        equal(output.stdout, "done\n");
        await eventually(() => told("grandchild") && !lives(pidIn("grandchild")), 10_000, () => "grandchild gone");
    });

    it("ends it when it says more than is wanted", async () => {
        await rejects(run("yes", { maxBytes: 100_000 }), (error: Trouble) => error.kind === "garbage" && /100000 bytes/.test(error.message));
    });

    it("ends it when we stop", async () => {
        const stop = new AbortController();
        const hang = run(`echo $$ > ${folder.path}/leader; exec sleep 60`, { signal: stop.signal });
        await eventually(() => told("leader"));
        stop.abort();
        await rejects(hang, (error: Trouble) => error.kind === "stopped");
        await eventually(() => !lives(pidIn("leader")), 10_000, () => "leader gone");
    });

    it("does not start it again while the last one hangs in the kernel, and does once that is gone", async () => {
        const script = `echo $$ > ${folder.path}/leader; exec sleep 60`;
        await rejects(run(script, { deadlineMs: 300, kill: () => undefined }), (error: Trouble) => error.kind === "timeout");
        await eventually(() => told("leader"));
        await rejects(run(script), (error: Trouble) => error.kind === "busy" && /hangs in the kernel/.test(error.message));
        process.kill(pidIn("leader"), "SIGKILL");
        await eventually(() => !lives(pidIn("leader")), 10_000, () => "leader gone");
        equal((await run("echo well")).stdout, "well\n");
    });
});
