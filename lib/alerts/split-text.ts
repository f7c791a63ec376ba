/** Cuts a text into parts of at most `longest` characters, at line ends where there are any, never inside a character. */
export function splitText(text: string, longest: number): string[] {
    const parts: string[] = [];
    let rest = text;
    while (rest.length > longest) {
        const line = rest.lastIndexOf("\n", longest);
        let end = line > 0 ? line : longest;
        // The first half of a surrogate pair must not end a part.
        if (line <= 0 && /[\uD800-\uDBFF]/.test(rest[end - 1] ?? "")) end -= 1;
        parts.push(rest.slice(0, end));
        rest = rest.slice(line > 0 ? end + 1 : end);
    }
    return [...parts, rest];
}
