/** Texts that would do something in some shell, to a tool or to a terminal. */
export const hostileTexts: readonly string[] = [
    " ", "a b", "a;reboot", "a&&reboot", "a|reboot", "a&", "$(reboot)", "`reboot`", "${IFS}", "$HOME", "a>b", "a<b", "a\nreboot", "a\rreboot", "a\0b", "a\tb", "a'b", "a\"b", "a\\b", "*", "?", "[a]", "{a,b}",
    "(a)", "~", "~root", "#a", "!a", "^a", "%n", "-H evil", "--host=evil", "-o", "../x", "/mnt/../etc", "/mnt/./x", "/mnt/a b", "/mnt/$(id)", "/mnt/a;b", "//x", "é", "a\u202eb", "\u001b[2J", "a".repeat(2000), "",
];

/** Texts that would do something where people read them, in a header, in a database or in a file's name. */
export const hostileWords: readonly string[] = [
    "<b>x</b><script>alert(1)</script>", "</b><a href=\"https://evil.example\">x</a>", "&lt;b&gt; &amp; <", "@everyone @here <@1> <@&2> <#3>", "[x](https://evil.example) ||x|| ```x``` # x",
    "x\r\nBcc: evil@evil.example\r\n\r\n<html>", "x\u2028Bcc: evil@evil.example", "'; DROP TABLE timeline; --", "\" OR \"\"=\"", "../../../../etc/passwd", "..\\..\\x", "/etc/shadow", "x\0.jsonl", "CON", "a\tb\nc\td",
    "${SECRET}", "{{payload}}", "%s%n", "\u001b]0;x\u0007", "\ud800", "__proto__", "constructor", "toString", "hasOwnProperty",
];

/** Keys that would reach for what all objects share, as only JSON can bring them. */
export const pollution = (): Record<string, unknown> => JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"prototype":{"polluted":true}}') as Record<string, unknown>;

/** Fails when something has got into what all objects share. */
export function assertUnpolluted(): void {
    for (const [name, proto] of Object.entries({ Object: Object.prototype, Array: Array.prototype, Function: Function.prototype })) {
        if ("polluted" in proto || Object.keys(proto).length > 0) throw new Error(`${name}.prototype has got ${Object.keys(proto).join(", ") || "polluted"}`);
    }
}

/** The document with one leaf or branch after the other replaced by each of `values`, and with keys of `pollution` put in. */
export function* mutated(document: Record<string, unknown>, values: readonly unknown[]): Generator<Record<string, unknown>> {
    for (const path of pathsIn(document)) {
        for (const value of values) yield replaced(document, path, value) as Record<string, unknown>;
    }
    for (const path of [[], ...pathsIn(document)]) {
        const branch = path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], document);
        if (typeof branch !== "object" || branch === null || Array.isArray(branch)) continue;
        // Parsed, so that "__proto__" is a key of its own.
        yield replaced(document, path, JSON.parse(`${JSON.stringify(branch).slice(0, -1)}${Object.keys(branch).length > 0 ? "," : ""}${JSON.stringify(pollution()).slice(1)}`)) as Record<string, unknown>;
    }
}

function pathsIn(value: unknown): string[][] {
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) => [[key], ...pathsIn(inner).map((path) => [key, ...path])]);
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
    if (key === undefined) return by;
    const changed: unknown = replaced((value as Record<string, unknown>)[key], rest, by);
    return Array.isArray(value) ? (value as unknown[]).map((inner, place) => (String(place) === key ? changed : inner)) : { ...(value as object), [key]: changed };
}
