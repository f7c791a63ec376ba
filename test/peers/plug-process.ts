import { startKasaPlug } from "../simulators/kasa-plug";

// A simulated plug as a process of its own, so that it can live in another network. Tells its port over IPC, takes watts.
void startKasaPlug({ watts: 420 }).then((plug) => {
    process.on("message", ({ watts }: { watts: number }) => plug.setWatts(watts));
    process.on("disconnect", () => process.exit(0));
    process.send?.({ port: plug.port });
});
