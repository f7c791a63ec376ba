import type { NutServerOptions } from "../../lib/devices/nut-client";
import { joinWords } from "../../lib/devices/nut-line";
import { parseFingerprint, type NutTls } from "../../lib/devices/nut-tls";
import { errorText } from "../../lib/kit/trouble";
import { authority } from "../shared/authority";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

export interface NutServerCredentials {
    user?: string;
    password?: string;
}

export type NutServerConfig = Pick<NutServerOptions, "host" | "port" | "tls" | "login">;

/** The server's settings as the editor stored them. */
export function parseConfig(stored: StoredConfig, { user = "", password = "" }: NutServerCredentials = {}): { config: NutServerConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    // NUT's own tools want an IPv6 address in brackets.
    const host = settings.text("host", "127.0.0.1").replace(/^\[(.*)\]$/, "$1");
    if (/[\s/]|^-/.test(host)) settings.problem(`${JSON.stringify(host)} is not an address`);
    // One colon only: an IPv6 address has more.
    else if (/^[^:]*:[^:]*$/.test(host)) settings.problem(`${host}: the port has its own field`);
    const port = settings.number("port", { fallback: 3493, min: 1, max: 65_535, integer: true });
    const tls = tlsOf(settings);
    const login = user.trim() === "" ? undefined : { user: user.trim(), password };
    if (login === undefined && password !== "") settings.problem("a password, but no user");
    if (login !== undefined && password === "") settings.problem("a user, but no password");
    try {
        joinWords([user, password]);
    } catch (error) {
        settings.problem(errorText(error));
    }
    return { config: { host, port, tls, ...(login !== undefined && { login }) }, problems: settings.problems };
}

function tlsOf(settings: Settings): NutTls {
    if (settings.choice("tls", ["off", "required"], "off") === "off") return { mode: "off" };
    const typed = settings.text("pin");
    const pin = parseFingerprint(typed);
    if (pin !== undefined) return { mode: "required", pin };
    if (typed !== "") settings.problem("the pinned certificate is no SHA-256 fingerprint, 64 hex digits");
    const ca = authority(settings);
    return { mode: "required", ...(ca !== undefined && { ca }) };
}
