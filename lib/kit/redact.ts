/** A text without a secret, whatever brought it in. @param name what stands in its place: "token" */
export function redact(text: string, secret: string, name = "token"): string {
    if (secret === "") return text;
    const plain = text.replaceAll(secret, `<${name}>`).replaceAll(encodeURIComponent(secret), `<${name}>`);
    // As logins wrap it (SMTP's AUTH PLAIN, HTTP's Basic): servers may say it back.
    return plain.replace(/[A-Za-z0-9+/_-]{8,}={0,2}/g, (word) => (Buffer.from(word, "base64").includes(secret) ? `<${name}>` : word));
}
