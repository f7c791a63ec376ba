/** Variables of a UPS by name. An empty text is a variable without a value. */
export type RigVariables = Readonly<Record<string, string>>;

/**
 * A NUT server under a test's control: the mock in test/simulators/nut-server.ts, or Debian's upsd with dummy-ups in
 * test/support/nut.ts. Every method resolves when the server serves what was asked for, so that no test sleeps.
 */
export interface NutRig {
    readonly kind: "mock" | "real";
    readonly port: number;
    /** Users whose password is theirs: `admin` may set, `mon` is a primary, `sec` a secondary. */
    readonly users: Readonly<Record<"admin" | "mon" | "sec", string>>;
    /** Serves these values from now on; `ups.status` is changed last. Only variables that the UPS began with. */
    apply(ups: string, values: RigVariables): Promise<void>;
    /** The driver hangs: the server answers ERR DATA-STALE. */
    stale(ups: string): Promise<void>;
    /** The driver is gone: the server answers ERR DRIVER-NOT-CONNECTED. */
    driverDown(ups: string): Promise<void>;
    /** Ends `stale` and `driverDown`, with the values as they were. */
    driverUp(ups: string): Promise<void>;
    /** A primary declares the forced shutdown: `FSD` stands in front of the status until `restart`. */
    fsd(ups: string): Promise<void>;
    /** Nothing listens any more; open connections end. */
    down(): Promise<void>;
    /** Listens again on the same port, with the values as they were, without FSD. */
    up(): Promise<void>;
    /** `down`, then `up`. */
    restart(): Promise<void>;
    /** Ends the server for good and removes what it left. */
    stop(): Promise<void>;
}

export interface RigOptions {
    /** The UPSes by name; what they don't name is as in `standardVariables`. Default: one, "ups1". */
    upses?: Readonly<Record<string, RigVariables>>;
    /** A certificate for 127.0.0.1 and localhost, so that STARTTLS works. Default: not configured. */
    tls?: boolean;
}

/** A UPS of 1500 VA on mains, with every variable that tests change. */
export const standardVariables: RigVariables = {
    "device.type": "ups", "device.mfr": "Dummy", "device.model": "SU1500", "ups.mfr": "Dummy", "ups.model": "SU1500", "ups.serial": "D0001",
    "ups.status": "OL", "ups.alarm": "", "ups.load": "30", "ups.realpower": "270", "ups.realpower.nominal": "900", "ups.temperature": "25.0", "ups.test.result": "Done and passed",
    "battery.charge": "100", "battery.charge.low": "20", "battery.runtime": "3600", "battery.runtime.low": "120", "battery.voltage": "27.2", "battery.temperature": "25.0",
    "input.voltage": "230.0", "input.voltage.nominal": "230", "input.frequency": "50.0", "input.transfer.low": "180", "input.transfer.high": "260",
    "output.voltage": "230.0", "output.current": "1.20", "output.frequency": "50.0",
};
