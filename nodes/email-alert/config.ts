import { isMailAddress, mailSecurities, type MailSecurity } from "../../lib/alerts/email";
import { isLoopback } from "../../lib/alerts/safe-address";
import { alertChoices, type AlertChoices } from "../shared/alert-settings";
import { authority } from "../shared/authority";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [
    // Until then a mail, too, could be told when to make a sound: no mail can.
    { to: 2, up: ({ loudFrom: _, ...stored }) => stored },
];

export interface EmailAlertConfig extends AlertChoices {
    host: string;
    port: number;
    security: MailSecurity;
    from: string;
    to: string[];
    /** PEM of the only authorities to believe. */
    ca?: string;
}

const usualPorts: Record<MailSecurity, number> = { starttls: 587, tls: 465, none: 25 };

/** More would be a mailing list, which a server takes for spam. */
const mostRecipients = 20;

/** The node's settings as the editor stored them. User and password are credentials and not among them. */
export function parseConfig(stored: StoredConfig): { config: EmailAlertConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const host = settings.text("host");
    if (host === "") settings.problem("no mail server");
    else if (!/^[\w.:[\]-]+$/.test(host)) settings.problem("the mail server must be a name or an address");
    const security = settings.choice("security", mailSecurities, "starttls");
    if (security === "none" && !isLoopback(host)) settings.problem("without encryption only to a mail server on this machine (localhost)");
    const from = settings.text("from");
    if (from === "") settings.problem("no sender");
    else if (!isMailAddress(from)) settings.problem("the sender is not a plain mail address");
    const to = settings.text("to").split(/[,;\s]+/).filter((address) => address !== "");
    if (to.length === 0) settings.problem("no recipient");
    if (to.length > mostRecipients) settings.problem(`more than ${mostRecipients} recipients`);
    if (!to.every(isMailAddress)) settings.problem("a recipient is not a plain mail address");
    const ca = authority(settings);
    const config: EmailAlertConfig = {
        host, port: settings.number("port", { fallback: usualPorts[security], min: 1, max: 65_535, integer: true }), security, from, to,
        ...(ca !== undefined && { ca }),
        ...alertChoices(settings),
    };
    return { config, problems: settings.problems };
}
