import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { freePort } from "../support/free-port";
import { repository } from "../support/node-red";
import { eventually, temporaryFolder } from "../support/helper";

/** `npm start` without its set-up, as a newcomer sees it: what it prints, what answers, how it ends. */
describe("the demo", function () {
    this.timeout(180_000);
    let folder: ReturnType<typeof temporaryFolder>;
    let demo: ChildProcess | undefined;
    let printed = "";
    beforeEach(() => {
        folder = temporaryFolder();
        printed = "";
    });
    afterEach(async () => {
        if (demo !== undefined && demo.exitCode === null && demo.signalCode === null) {
            demo.kill("SIGKILL");
            await once(demo, "exit");
        }
        await folder.remove();
    });

    function start(port: number): ChildProcess {
        demo = spawn(process.execPath, ["--import", "tsx", "scripts/demo.ts"], { cwd: repository, env: { ...process.env, PORT: String(port), RIDETHROUGH_DEMO: folder.path }, stdio: ["pipe", "pipe", "pipe"] });
        for (const stream of [demo.stdout, demo.stderr]) stream?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
        return demo;
    }
    const says = (pattern: RegExp, withinMs: number): Promise<void> => eventually(() => pattern.test(printed) || demo?.exitCode !== null, withinMs, () => `${pattern} in:\n${printed}`);

    it("brings up flow, dashboard and phone, reads plug and UPS, does what is typed, starts again with the same flow, and ends on Ctrl-C", async () => {
        for (const round of ["first", "second"]) {
            printed = "";
            const port = await freePort();
            const running = start(port);
            await says(/Ctrl-C ends it/, 60_000);
            const phone = /the "phone"\s+(http:\/\/127\.0\.0\.1:\d+)/.exec(printed)?.[1] ?? "";
            for (const path of ["power", "ups", "shutdown"]) assert.equal((await fetch(`http://127.0.0.1:${port}/dashboard/${path}`)).status, 200, `${path}, ${round}`);
            running.stdin?.write("20\nob\n");
            await eventually(() => printed.includes("The plug now reports 20 W") && printed.includes("The UPS is on battery"), 10_000, () => printed);
            let page = "";
            const read = async (): Promise<void> => {
                page = await (await fetch(phone)).text();
                if (!page.includes("POWER CRITICAL") || !page.includes("ON BATTERY")) await new Promise((resolve) => setTimeout(resolve, 100)).then(read);
            };
            await read();
            assert.ok(page.includes("POWER CRITICAL") && page.includes("ON BATTERY"), "the plug's 20 W and the UPS's outage have reached the phone");
            assert.doesNotMatch(printed, /\[error\]|sudo -n/, "dry run: no host was told anything");
            if (round === "second") {
                const [beside] = (await once(start(await freePort()), "exit")) as [number | null];
                demo = running;
                assert.equal(beside, 1, "two of them would write the same files");
                assert.match(printed, new RegExp(`runs already, at http://127\\.0\\.0\\.1:${port}/.*Ctrl-C`));
            }
            running.kill("SIGINT");
            const [code] = (await once(running, "exit")) as [number | null];
            assert.equal(code, 0, `${round}: ${printed}`);
        }
    });

    it("says in one clear sentence that the port is busy, and which command helps", async () => {
        const server = createServer();
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        const { port } = server.address() as AddressInfo;
        try {
            const [code] = (await once(start(port), "exit")) as [number | null];
            assert.equal(code, 1);
            assert.match(printed, new RegExp(`Port ${port} is in use.*PORT=${port + 1} npm start`));
            assert.doesNotMatch(printed, /\n\s+at /, "no stack trace");
        } finally {
            server.close();
        }
    });
});
