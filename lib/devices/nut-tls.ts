import { isIP, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { errorCode, errorText } from "../kit/trouble";
import { NutTrouble } from "./nut-trouble";

/** Either no TLS, or nothing without it. `ca`: PEM of the authorities, default the public ones. `pin`: SHA-256 of the one certificate that is accepted, whoever signed it. */
export type NutTls = { mode: "off" } | { mode: "required"; ca?: string; pin?: string };

/** A SHA-256 fingerprint as openssl and browsers write it, in one form; undefined for what is none. */
export function parseFingerprint(text: string): string | undefined {
    const digits = text.trim().replace(/^sha-?256(?: fingerprint)?\s*[:=]\s*/i, "").replaceAll(":", "").toUpperCase();
    return /^[0-9A-F]{64}$/.test(digits) ? (digits.match(/../g) ?? []).join(":") : undefined;
}

/**
 * TLS on a connection whose server has just said OK to STARTTLS. Waits for ever on a silent server: the caller has the deadline,
 * and destroys the socket.
 * @throws NutTrouble of state "tls", with the server's fingerprint where its certificate is not accepted
 */
export function startTls(socket: Socket, host: string, { ca, pin }: Extract<NutTls, { mode: "required" }>, subject: string): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
        // Never to be refused by Node itself: only then can we say whose certificate it is. Nothing is sent before the check.
        const secure = connect({ socket, host, ...(isIP(host) === 0 && { servername: host }), ...(ca !== undefined && { ca }), rejectUnauthorized: false });
        const fail = (message: string, cure?: string, cause?: unknown): void => {
            secure.destroy();
            reject(new NutTrouble("tls", "auth", `${subject}: ${message}`, cure, { cause }));
        };
        secure.on("error", (error) => fail(`TLS handshake failed (${errorText(error).slice(0, 120)})`, "nothing was sent in the clear; look at upsd's log, and at its TLS versions", error));
        secure.once("close", () => fail("hung up in the TLS handshake", "nothing was sent in the clear; look at upsd's log"));
        secure.once("secureConnect", () => {
            const { fingerprint256 } = secure.getPeerCertificate();
            const shown = `its SHA-256 fingerprint is ${fingerprint256}`;
            if (pin !== undefined && fingerprint256 !== pin) return fail("another certificate than the pinned one", `${shown}; if it was renewed, put that in`);
            if (pin === undefined && !secure.authorized) {
                const why = errorCode(secure.authorizationError) ?? errorText(secure.authorizationError);
                return fail(`certificate not accepted (${why})`, `name its authority's file, or pin it: ${shown}`);
            }
            secure.removeAllListeners("close");
            resolve(secure);
        });
    });
}
