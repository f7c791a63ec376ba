/** A text as every service and database takes it: without NUL, and with a sign in place of half a character (of an emoji that was cut in two). */
export function wellFormed(text: string): string {
    return text.replaceAll("\0", "").replace(/\p{Cs}/gu, "\ufffd");
}

/** A text without the byte order mark that Windows' editors put before it. */
export function withoutMark(text: string): string {
    return text.replace(/^\ufeff/, "");
}
