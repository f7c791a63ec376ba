/**
 * `npm start`: the whole monitor on one machine, without hardware. Node-RED with the complete monitor, a UPS, drills and
 * the dashboard, and on loopback a plug that speaks the real Kasa protocol, a server that speaks the real NUT protocol, a stand-in for the
 * Telegram Bot API and three SSH hosts that only log what they are told. Everything it writes is in .demo/ (`npm start -- --fresh` begins anew).
 */
import { createInterface } from "node:readline";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { demoFlow, demoCredentials } from "./demo-flow";
import { headerTitle, startNodeRed } from "./demo-node-red";
import { startDemoDevices, type DemoDevices } from "./demo-devices";

const port = Number(process.env.PORT || 1880);
const folder = process.env.RIDETHROUGH_DEMO ?? join(__dirname, "..", ".demo");
/** Holds where the demo of this folder was started last. */
const addressFile = join(folder, "address");

async function main(): Promise<void> {
    if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error(`PORT=${process.env.PORT} is not a port: choose a number from 1 to 65535`);
    const other = await runningAt();
    if (other !== undefined) throw new Error(`The demo runs already, at ${other}. End it first (Ctrl-C where it was started): two of them would write the same files.`);
    if (process.argv.includes("--fresh")) rmSync(folder, { recursive: true, force: true });
    const devices = await startDemoDevices(join(folder, "keys"));
    // The flow names its devices by these variables, so that it can be kept while the ports change from start to start.
    Object.assign(process.env, devices.environment);
    const nodeRed = await startNodeRed({ folder, port, flow: demoFlow(), credentials: demoCredentials(devices) });
    writeFileSync(addressFile, nodeRed.url);

    console.log(`
  Ridethrough is running: fake devices, dry run on, nothing of yours is touched.

    the flow        ${nodeRed.url}
    the dashboard   ${nodeRed.url}dashboard/power
                    ${nodeRed.url}dashboard/ups
                    ${nodeRed.url}dashboard/shutdown
    the "phone"     ${devices.telegramUrl}      (what Telegram would show)

  Try:
    1. On the dashboard, press "Slow drain": watch the state fall to CRITICAL, the alerts go out and the shutdown
       be rehearsed, host by host.
    2. On its page UPS, play a tape: which of these outages should shut machines down, and by which rule?
    3. In the flow, press the button of the inject node "25 W".
    4. Here, type and press Enter: a number of watts (say 20) that the simulated plug really reports, or
       ob (the UPS loses mains; its battery is small, so a minute will do) and ol (mains is back).
    5. On the page Shutdown, press "Drill all": the hosts are asked whether they could be shut down, and prove it.
       Then mean it (these hosts only say what they are told): in the flow "Complete monitor" open "Shutdown", turn Dry run
       off and Shutdown enabled on, and say that you know of root and of the missing password; open "Power state" and tick
       "The load on this source is constant"; deploy; type 20 here. Hold it, cancel it. Type 420 to be ready for the next.

  Ctrl-C ends it.
`);
    const input = createInterface({ input: process.stdin });
    input.on("line", (line) => console.log(`  ${told(devices, line.trim().toLowerCase())}`));

    let ending = false;
    const end = (): void => {
        if (ending) return;
        ending = true;
        input.close();
        nodeRed.stop()
            .then(() => devices.stop())
            .then(() => process.exit(0), (error: unknown) => {
                console.error(error);
                process.exit(1);
            });
    };
    process.on("SIGINT", end);
    process.on("SIGTERM", end);
}

/** Where a demo of this folder still answers, whatever port it was given. */
async function runningAt(): Promise<string | undefined> {
    if (!existsSync(addressFile)) return undefined;
    const url = readFileSync(addressFile, "utf8");
    const theme = await fetch(`${url}theme`, { signal: AbortSignal.timeout(2000) }).then((reply) => reply.text(), () => "");
    return theme.includes(headerTitle) ? url : undefined;
}

/** Does what was typed, and says what it did. */
function told({ setWatts, ups }: DemoDevices, word: string): string {
    if (word === "ob" || word === "ol") {
        ups.setMains(word === "ol");
        return word === "ol" ? "The UPS is on mains (read every second until then, every 5 s after)." : "The UPS is on battery (read every 5 s until then, every second after).";
    }
    const watts = Number(word);
    if (word === "" || !Number.isFinite(watts) || watts < 0) return "A number of watts, please (420, 25, 0 ...), or ob, or ol";
    setWatts(watts);
    return `The plug now reports ${watts} W (read every 2 s).`;
}

main().catch((error: unknown) => {
    console.error(`\n  ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
});
