/** Whether a host is this machine. */
export function isLoopback(host: string): boolean {
    return /^(localhost|127(\.\d+){3}|\[?::1\]?)$/i.test(host);
}

/** Whether a secret may be sent to a URL: only https carries one over a network. */
export function isSafe({ protocol, hostname }: URL): boolean {
    return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}
