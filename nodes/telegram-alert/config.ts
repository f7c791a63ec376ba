import { officialBaseUrl, parseBaseUrl } from "../../lib/alerts/telegram";
import { alertChoices, soundChoice, type AlertChoices, type SoundChoice } from "../shared/alert-settings";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

export interface TelegramAlertConfig extends AlertChoices, SoundChoice {
    chatId: string;
    threadId?: number;
    baseUrl: string;
}

/** The node's settings as the editor stored them. The bot token is a credential and not among them. */
export function parseConfig(stored: StoredConfig): { config: TelegramAlertConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const chatId = settings.text("chatId");
    if (chatId === "") settings.problem("no chat id");
    else if (!/^(-?\d+|@\w+)$/.test(chatId)) settings.problem("the chat id must be a number, or @ and a channel's name");
    const threadId = settings.number("threadId", { fallback: 0, min: 0, integer: true });
    const server = parseBaseUrl(settings.text("baseUrl"));
    if ("problem" in server) settings.problem(server.problem);
    const config: TelegramAlertConfig = {
        chatId,
        ...(threadId > 0 && { threadId }),
        baseUrl: "baseUrl" in server ? server.baseUrl : officialBaseUrl,
        ...alertChoices(settings, "Solix output"),
        ...soundChoice(settings),
    };
    return { config, problems: settings.problems };
}
