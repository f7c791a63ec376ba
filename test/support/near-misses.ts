/** Commands that are nearly `words`: what a rule for exactly these words must not let through. */
export function nearMisses(words: readonly string[]): string[][] {
    const [program = "", ...args] = words;
    const last = words.at(-1) ?? "";
    const shorter = words.slice(0, -1);
    return [
        [...words, "x"], [...words, last], [...shorter, `${last}x`], [...shorter, last.slice(0, -1)], [...shorter, "*"],
        ...(args.length > 0 ? [shorter, [program], [program, "-x", ...args], [program, ...args.slice(1)], [program, args.join(" ")], [program, ...args.toReversed()]] : []),
        [`/tmp/${program.split("/").at(-1)}`, ...args], [`${program}x`, ...args],
    ].filter((near) => near.join("\n") !== words.join("\n"));
}
