/** A text as every service and database takes it: without NUL, and with a sign in place of half a character (of an emoji that was cut in two). */
export function wellFormed(text: string): string {
    return text.replaceAll("\0", "").replace(/\p{Cs}/gu, "\ufffd");
}
