import { defaultQuorum, memberName, quorumProblems, type GroupMember, type QuorumConfig } from "../../lib/power/quorum";
import { slug } from "../../lib/power/reading";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

/** The group's settings as the editor stored them. */
export function parseConfig(stored: StoredConfig): { config: QuorumConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const stale = settings.number("stale", { fallback: 0, min: 0, max: 86_400 });
    const seconds = (key: string, fallback: number): number => settings.number(key, { fallback, min: 0, max: 86_400 });
    const config: QuorumConfig = {
        group: slug(settings.text("group") || "redundancy group"),
        members: membersOf(settings),
        minHealthy: settings.number("minHealthy", { fallback: defaultQuorum.minHealthy, min: 1, integer: true }),
        degradedCountsAs: settings.choice("degradedCountsAs", ["healthy", "critical"], defaultQuorum.degradedCountsAs),
        unknownCountsAs: settings.choice("unknownCountsAs", ["healthy", "degraded", "critical"], defaultQuorum.unknownCountsAs),
        dataLossAlone: settings.boolean("dataLossAlone", defaultQuorum.dataLossAlone),
        graceSeconds: seconds("grace", defaultQuorum.graceSeconds),
        dwellSeconds: seconds("dwell", defaultQuorum.dwellSeconds),
        restoreSeconds: seconds("restore", defaultQuorum.restoreSeconds),
        coldStartSeconds: seconds("coldStart", defaultQuorum.coldStartSeconds),
        ...(stale > 0 && { staleSeconds: stale }),
    };
    return { config, problems: [...settings.problems, ...quorumProblems(config)] };
}

function membersOf(settings: Settings): GroupMember[] {
    return settings.list("members").flatMap((stored, index): GroupMember[] => {
        const row = new Settings(typeof stored === "object" && stored !== null ? (stored as StoredConfig) : {});
        const member: GroupMember = { name: memberName(row.text("name")), role: row.choice("role", ["counts", "advisory"], "counts") };
        if (member.name === "") row.problem("has no name");
        for (const problem of row.problems) settings.problem(`member ${index + 1}: ${problem}`);
        return member.name === "" ? [] : [member];
    });
}
