/** Escapes the signs that mean something in a text of HTML. Everything else (host_names_too) is literal. */
export function escapeHtml(text: string): string {
    return text.replace(/[&<>]/g, (sign) => (sign === "&" ? "&amp;" : sign === "<" ? "&lt;" : "&gt;"));
}
