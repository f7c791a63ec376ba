/** A text without a secret, whatever brought it in. @param name what stands in its place: "token" */
export function redact(text: string, secret: string, name = "token"): string {
    if (secret === "") return text;
    return text.replaceAll(secret, `<${name}>`).replaceAll(encodeURIComponent(secret), `<${name}>`);
}
