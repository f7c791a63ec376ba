/** A power station or UPS with a constant load, as far as a rehearsal needs it. */
export interface Battery {
    /** Usable Wh when full. */
    capacityWh: number;
    /** % of the stored energy that reaches the output. */
    efficiency: number;
    /** What the load draws while it gets all it wants, W. */
    loadWatts: number;
    /**
     * % of charge below which the output gives way: it then follows the square root of the charge, which falls to
     * nothing in finite time, and evenly in watts. 0: full output to the last.
     */
    derateBelow: number;
}

/** %/h that mains puts back: full in two hours. */
const rechargePerHour = 50;

/** W at the output of a battery that carries the load alone at this charge. */
export function outputWatts({ loadWatts, derateBelow }: Battery, charge: number): number {
    if (charge <= 0) return 0;
    return charge >= derateBelow ? loadWatts : loadWatts * Math.sqrt(charge / derateBelow);
}

/** The charge in % after `seconds` of carrying the load. Exact: many short steps give what one long step gives. */
export function discharge(battery: Battery, charge: number, seconds: number): number {
    const { derateBelow } = battery;
    const perSecond = fullDrain(battery);
    const atFullOutput = Math.min(seconds, Math.max(0, charge - derateBelow) / perSecond);
    const left = charge - perSecond * atFullOutput;
    const derated = seconds - atFullOutput;
    if (derated <= 0) return Math.max(0, left);
    if (derateBelow === 0) return 0;
    // c' = -r * sqrt(c / d) has the solution sqrt(c / d) = sqrt(c0 / d) - r * t / (2 * d).
    const root = Math.sqrt(Math.min(left, derateBelow) / derateBelow) - (perSecond * derated) / (2 * derateBelow);
    return root <= 0 ? 0 : Math.min(charge, derateBelow * root * root);
}

/** s until the battery is empty. */
export function secondsToEmpty(battery: Battery, charge: number): number {
    const { derateBelow } = battery;
    const perSecond = fullDrain(battery);
    const derated = derateBelow === 0 ? 0 : (2 * derateBelow * Math.sqrt(Math.min(charge, derateBelow) / derateBelow)) / perSecond;
    return Math.max(0, charge - derateBelow) / perSecond + derated;
}

/** The charge in % after `seconds` on mains. */
export function recharge(charge: number, seconds: number): number {
    return Math.min(100, charge + (rechargePerHour * seconds) / 3600);
}

/** s until mains has filled the battery. */
export function secondsToFull(charge: number): number {
    return ((100 - charge) / rechargePerHour) * 3600;
}

/** s that the charge lasts at `watts`, as a device reckons its runtime. */
export function runtimeAt({ capacityWh, efficiency }: Battery, charge: number, watts: number): number {
    return watts > 0 ? ((charge / 100) * capacityWh * (efficiency / 100) * 3600) / watts : 0;
}

/** %/s at full output. */
function fullDrain({ capacityWh, efficiency, loadWatts }: Battery): number {
    return (loadWatts / (capacityWh * (efficiency / 100)) / 3600) * 100;
}
