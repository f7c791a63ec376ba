import type { Credentials } from "../../lib/devices/anker-login";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

export interface AnkerCredentials {
    email?: string;
    password?: string;
}

/** The account's settings as the editor stored them. */
export function parseConfig(stored: StoredConfig, { email = "", password = "" }: AnkerCredentials = {}): { config: Credentials; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const country = settings.text("country").toUpperCase();
    if (!/^[A-Z]{2}$/.test(country)) settings.problem("the country must be two letters, such as US or DE");
    const address = email.trim();
    if (address === "") settings.problem("no email");
    if (password === "") settings.problem("no password");
    return { config: { email: address, password, country }, problems: settings.problems };
}
