import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { parsePinnedKey } from "../../../lib/shutdown/host-key";
import { RemoteRunner } from "../../../lib/shutdown/remote-runner";
import { SshTransport } from "../../../lib/shutdown/ssh";
import type { HostAccess } from "../../../lib/shutdown/transport";
import type { Trouble } from "../../../lib/kit/trouble";
import { generateKeyPair, startSshHost, type SshHost } from "../../simulators/ssh-host";
import { VirtualClock } from "../../support/virtual-clock";

describe("a tool on another host", () => {
    const user = generateKeyPair();
    const never = new AbortController().signal;
    let host: SshHost;
    let runner: RemoteRunner;
    let clock: VirtualClock;

    const access = (): HostAccess => ({
        root: false,
        open: () => new SshTransport({ name: "rack", host: "127.0.0.1", port: host.port, user: "gpu", auth: { kind: "key", privateKey: user.private }, pin: parsePinnedKey(host.hostKey) ?? { fingerprint: "" } }, 2000),
    });
    const run = (argv: string[], deadlineMs = 3000, signal = never): ReturnType<RemoteRunner["run"]> => runner.run(argv, { deadlineMs, signal });

    beforeEach(async () => {
        host = await startSshHost({ name: "rack", authorizedKey: user.public });
        clock = new VirtualClock();
        const one = access();
        runner = new RemoteRunner("rack", () => one, clock);
    });
    afterEach(async () => {
        runner.close();
        await host.stop();
    });

    it("brings back both outputs and the status, over one connection", async () => {
        host.setBehaviour({ output: "0, 69.62\n", errorText: "warning", exitCode: 3 });
        deepEqual(await run(["nvidia-smi", "-L"]), { code: 3, stdout: "0, 69.62\n", stderr: "warning\n" });
        await Promise.all([run(["nvidia-smi"]), run(["ipmitool"])]);
        equal(host.logins, 1);
    });

    it("waits for output that comes behind the exit status", async () => {
        host.setBehaviour({ output: "0, 69.62\n", outputLate: true });
        equal((await run(["nvidia-smi"])).stdout, "0, 69.62\n");
    });

    it("is found beside the usual folders too, and ended there when it hangs", async () => {
        await run(["nvidia-smi", "-L"], 2500);
        match(host.commands[0]?.command ?? "", / env PATH=\S*:\/opt\/rocm\/bin:\S* LC_ALL=C timeout -s KILL 3 nvidia-smi -L$/);
    });

    it("runs plainly where there is no timeout(1), and remembers that", async () => {
        host.setBehaviour({ exitCode: 127, errorText: "env: 'timeout': No such file or directory" }, "timeout");
        host.setBehaviour({ output: "ok\n" });
        equal((await run(["nvidia-smi"])).stdout, "ok\n");
        equal((await run(["nvidia-smi"])).stdout, "ok\n");
        equal(host.commands.filter(({ command }) => command.includes("timeout")).length, 1);
    });

    it("is absent there: 127", async () => {
        host.setBehaviour({ exitCode: 127, errorText: "timeout: failed to run command 'nvidia-smi': No such file or directory" });
        equal((await run(["nvidia-smi"])).code, 127);
        equal(host.commands.length, 1);
    });

    it("that hangs is given up in time, and named", async () => {
        host.setBehaviour({ command: "hang" });
        await rejects(run(["nvidia-smi"], 200), (error: Trouble) => error.kind === "timeout" && /^host rack: no answer within 0.2 s from nvidia-smi: .*dmesg/.test(error.message));
        host.setBehaviour({ output: "well\n" });
        equal((await run(["nvidia-smi"])).stdout, "well\n");
    });

    it("with more output than is wanted is garbage", async () => {
        host.setBehaviour({ outputBytes: 2 << 20 });
        await rejects(run(["nvidia-smi"]), (error: Trouble) => error.kind === "garbage" && /nvidia-smi wrote more than/.test(error.message));
        host.setBehaviour({ output: "well\n" });
        equal((await run(["nvidia-smi"])).stdout, "well\n");
        equal(host.logins, 1);
    });

    it("is lost with its connection, and there again on the next one", async () => {
        host.setBehaviour({ command: "vanish" });
        await rejects(run(["nvidia-smi"]), (error: Trouble) => error.kind === "closed");
        host.setBehaviour({ output: "well\n" });
        equal((await run(["nvidia-smi"])).stdout, "well\n");
        equal(host.logins, 2);
    });

    it("does not knock at every poll when the host refuses our key", async () => {
        host.setBehaviour({ auth: "refuse" });
        for (let poll = 0; poll < 5; poll += 1) await rejects(run(["nvidia-smi"]), (error: Trouble) => error.kind === "auth");
        equal(host.connections, 1);
        await clock.pass(61_000);
        host.setBehaviour({ output: "well\n" });
        equal((await run(["nvidia-smi"])).stdout, "well\n");
    });

    it("is reached the new way after the host was set up anew", async () => {
        let one = access();
        runner = new RemoteRunner("rack", () => one, clock);
        await run(["nvidia-smi"]);
        one = access();
        await run(["nvidia-smi"]);
        equal(host.logins, 2);
    });

    it("stops at once", async () => {
        host.setBehaviour({ command: "hang" });
        const stop = new AbortController();
        const hanging = run(["nvidia-smi"], 60_000, stop.signal);
        const started = performance.now();
        stop.abort();
        await rejects(hanging, (error: Trouble) => error.kind === "stopped");
        ok(performance.now() - started < 10_000);
    });
});
