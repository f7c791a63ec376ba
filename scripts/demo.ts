/**
 * `npm start`: the whole monitor on one machine, without hardware. Node-RED with the complete monitor and the dashboard,
 * and on loopback a plug that speaks the real Kasa protocol, a stand-in for the Telegram Bot API and three SSH hosts that
 * only log what they are told. Everything it writes is in .demo/ (`npm start -- --fresh` begins anew).
 */
import { createInterface } from "node:readline";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { demoFlow, demoCredentials } from "./demo-flow";
import { startNodeRed } from "./demo-node-red";
import { startDemoDevices } from "./demo-devices";

const port = Number(process.env.PORT ?? 1880);
const folder = process.env.RIDETHROUGH_DEMO ?? join(__dirname, "..", ".demo");

async function main(): Promise<void> {
    if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error(`PORT=${process.env.PORT} is not a port: choose a number from 1 to 65535`);
    if (process.argv.includes("--fresh")) rmSync(folder, { recursive: true, force: true });
    const devices = await startDemoDevices(join(folder, "keys"));
    // The flow names its devices by these variables, so that it can be kept while the ports change from start to start.
    Object.assign(process.env, devices.environment);
    const nodeRed = await startNodeRed({ folder, port, flow: demoFlow(), credentials: demoCredentials(devices) });

    console.log(`
  Ridethrough is running: fake devices, dry run on, nothing of yours is touched.

    the flow        ${nodeRed.url}
    the dashboard   ${nodeRed.url}dashboard/power
    the "phone"     ${devices.telegramUrl}      (what Telegram would show)

  Try:
    1. On the dashboard, press "Slow drain": watch the state fall to CRITICAL, the alerts go out and the shutdown
       be rehearsed, host by host.
    2. In the flow, press the button of the inject node "25 W".
    3. Here, type a number of watts and Enter (say 20) to change what the simulated plug really reports.

  Ctrl-C ends it.
`);
    const input = createInterface({ input: process.stdin });
    input.on("line", (line) => {
        const watts = Number(line.trim());
        if (line.trim() === "" || !Number.isFinite(watts) || watts < 0) return console.log("  A number of watts, please: 420, 25, 0 ...");
        devices.setWatts(watts);
        console.log(`  The plug now reports ${watts} W (read every 2 s).`);
    });

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

main().catch((error: unknown) => {
    console.error(`\n  ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
});
