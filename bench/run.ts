import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeRedFolder } from "../test/support/node-red";
import { measureChain } from "./chain";
import { figureLine, machineText, type Figure } from "./figure";
import { measureHeap } from "./heap";
import { measureHosts } from "./hosts";
import { measurePlugs } from "./plugs";
import { measureSsh } from "./ssh";
import { measureStartUp } from "./start-up";
import { measureTimeline } from "./timeline";
import { measureUps } from "./ups";

/*
 * npm run bench                 everything, one measurement after the other, each in a process of its own
 * npm run bench -- plugs heap   some of it
 */
const measurements: Record<string, () => Promise<Figure[]>> = {
    chain: measureChain,
    plugs: measurePlugs,
    hosts: measureHosts,
    ssh: measureSsh,
    "start-up": measureStartUp,
    heap: measureHeap,
    timeline: measureTimeline,
    ups: measureUps,
};

/** A process that measures tells its figures and ends; a crash is an exit code. */
async function measureApart(name: string): Promise<{ figures: Figure[]; code: number }> {
    const child = fork(__filename, ["--only", name], { execArgv: ["--expose-gc", "--import", "tsx"], env: { ...process.env, NODE_ENV: "production" } });
    let figures: Figure[] = [];
    child.on("message", (told) => { figures = told as Figure[]; });
    const code = await new Promise<number>((resolve) => child.once("exit", (status) => resolve(status ?? 1)));
    return { figures, code };
}

async function main(names: string[]): Promise<number> {
    const unknown = names.filter((name) => !(name in measurements));
    if (unknown.length > 0) {
        console.error(`There is no measurement ${unknown.join(", ")}; there are ${Object.keys(measurements).join(", ")}.`);
        return 1;
    }
    const { version } = JSON.parse(readFileSync(join(nodeRedFolder, "package.json"), "utf8")) as { version: string };
    console.log(machineText(version));
    const all: Figure[] = [];
    let crashed = 0;
    for (const name of names) {
        const began = performance.now();
        const { figures, code } = await measureApart(name);
        console.log(`\n${name} (${((performance.now() - began) / 1000).toFixed(0)} s)`);
        for (const figure of figures) console.log(figureLine(figure));
        if (code !== 0) {
            crashed += 1;
            console.log(`CRASH ${name} ended with ${code}`);
        }
        all.push(...figures);
    }
    const judged = all.filter(({ target }) => target !== undefined);
    console.log(`\n${judged.filter(({ target }) => target?.met).length} of ${judged.length} targets met${crashed === 0 ? "" : `, ${crashed} crashed`}; ${machineText(version)}`);
    return crashed === 0 ? 0 : 1;
}

const [flag, only = ""] = process.argv.slice(2);
if (flag === "--only") {
    // Whoever ends without figures has crashed, even if only because nothing was left to wait for.
    process.exitCode = 1;
    void measurements[only]?.().then((figures) => process.send?.(figures, () => process.exit(0)));
} else {
    const names = process.argv.slice(2);
    void main(names.length > 0 ? names : Object.keys(measurements)).then((code) => { process.exitCode = code; });
}
