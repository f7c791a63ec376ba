import { alertChoices, soundChoice, type AlertChoices, type SoundChoice } from "../shared/alert-settings";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

export type DiscordAlertConfig = AlertChoices & SoundChoice;

/** The node's settings as the editor stored them. The webhook's address is a credential and not among them. */
export function parseConfig(stored: StoredConfig): { config: DiscordAlertConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    return { config: { ...alertChoices(settings), ...soundChoice(settings) }, problems: settings.problems };
}
