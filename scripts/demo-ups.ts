import { NutServerSimulator } from "../test/simulators/nut-server";

/** The demo's battery: for so many s at full charge, so that an outage is serious within a minute; full again in three. */
const runtimeSeconds = 660;
const chargeSeconds = 180;
const name = "ups1";

/** A small UPS behind a server that speaks the real NUT protocol. It drains and charges in real time. */
export interface DemoUps {
    port: number;
    /** Takes mains away, or gives it back. */
    setMains(present: boolean): void;
    stop(): Promise<void>;
}

export async function startDemoUps(): Promise<DemoUps> {
    const server = await new NutServerSimulator({ upses: { [name]: { "ups.mfr": "Ridethrough", "ups.model": "Demo 1500" } } }).start();
    let mains = true;
    let charge = 100;
    const serve = (): void => {
        const status = mains ? (charge < 100 ? "OL CHRG" : "OL") : `OB DISCHRG${charge < 20 ? " LB" : ""}`;
        void server.apply(name, {
            "ups.status": status, "battery.charge": String(Math.round(charge)), "battery.runtime": String(Math.round(charge / 100 * runtimeSeconds)),
            "battery.voltage": (24 + charge / 100 * 3.2).toFixed(1), "input.voltage": mains ? (229 + Math.random() * 2).toFixed(1) : "0.0",
        });
    };
    const timer = setInterval(() => {
        charge = Math.min(100, Math.max(0, charge + (mains ? 100 / chargeSeconds : -100 / runtimeSeconds)));
        serve();
    }, 1000);
    serve();
    return {
        port: server.port,
        setMains(present) {
            mains = present;
            serve();
        },
        async stop() {
            clearInterval(timer);
            await server.stop();
        },
    };
}
