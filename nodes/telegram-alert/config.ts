import { severities, type Severity } from "../../lib/alerts/alert";
import { stepChoices, type StepChoice } from "../../lib/alerts/run-alerts";
import { officialBaseUrl, parseBaseUrl } from "../../lib/alerts/telegram";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

export interface TelegramAlertConfig {
    chatId: string;
    threadId?: number;
    baseUrl: string;
    /** What the watts are called in the messages. Empty: the device's name. */
    sourceLabel: string;
    /** Alerts below it are not told. */
    minimumSeverity: Severity;
    steps: StepChoice;
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
        sourceLabel: stored.sourceLabel === "" ? "" : settings.text("sourceLabel", "Solix output"),
        minimumSeverity: settings.choice("minimumSeverity", severities, "info"),
        steps: settings.choice("steps", stepChoices, "live"),
    };
    return { config, problems: settings.problems };
}
