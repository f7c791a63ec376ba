import { errorCode, errorText, toTrouble, Trouble } from "../kit/trouble";

/**
 * What ssh2 says, in our words. Its errors carry the stage in `level`: client-socket, client-timeout, handshake,
 * client-authentication, agent, protocol.
 * What is wrong with a host key is said by whoever judged it.
 */
export function sshTrouble(error: unknown, name: string): Trouble {
    const subject = `host ${name}`;
    const level = typeof error === "object" && error !== null && "level" in error ? String(error.level) : "";
    const text = errorText(error);
    const trouble = (kind: Trouble["kind"], what: string, cure?: string): Trouble => new Trouble(kind, `${subject}: ${what}`, cure, { cause: error });
    if (/Cannot parse privateKey|does not contain a \(valid\) private key/.test(text)) {
        return trouble("config", "the private key cannot be used", /passphrase|decrypt|integrity/i.test(text) ? "check its passphrase" : "paste the whole private key, in OpenSSH or PEM format");
    }
    switch (level) {
        case "client-timeout":
            return trouble("timeout", "no answer in time");
        case "client-authentication":
            return trouble("auth", "does not accept our key", "check the user, and add the public key to its ~/.ssh/authorized_keys there");
        case "agent":
            return trouble("config", "the SSH agent gives no key", "check SSH_AUTH_SOCK and ssh-add -l");
        case "client-socket":
            return toTrouble(error, subject);
        case "handshake":
            return trouble("garbage", `the key exchange failed (${text.slice(0, 100)})`);
        case "protocol":
            return /Connection lost/.test(text) ? trouble("closed", "hung up during the login") : trouble("garbage", "the answer is not SSH", "check address and port");
        default:
            if (/Keepalive timeout/.test(text)) return trouble("timeout", "does not answer any more");
            if (/Not connected|No response from server/.test(text)) return trouble("closed", "the connection was lost");
            if (/^\(SSH\)|^Unable to/.test(text)) return trouble("failed", `does not run the command (${text.slice(0, 100)})`);
            // A reason number of SSH_MSG_DISCONNECT, with the host's words for it.
            if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "number") return trouble("closed", `hung up (${text.slice(0, 100)})`);
            return errorCode(error) === undefined ? trouble("garbage", `the answer is not SSH (${text.slice(0, 100)})`, "check address and port") : toTrouble(error, subject);
    }
}
