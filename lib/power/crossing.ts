/**
 * Whether a falling value has really passed below a limit. A single sample far below the one before may be a glitch
 * (nut#813, nut#2765): it needs the next one to say the same, while a value that comes down in small steps is believed at once.
 * @param step how far a value may fall between two samples and still be believed
 */
export function isBelow(limit: number, value: number, before: number | undefined, step: number): "below" | "unconfirmed" | "above" {
    if (value >= limit) return "above";
    if (before === undefined) return "unconfirmed";
    return before < limit || before - value <= step ? "below" : "unconfirmed";
}
