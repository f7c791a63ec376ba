import type { PostgresConnection } from "../../lib/stores/postgres-pool";
import type { TableName } from "../../lib/stores/postgres-schema";
import { dayMs, hourMs } from "../../lib/stores/timeline-files";
import type { Retention } from "../../lib/stores/timeline-upkeep";
import { authority } from "../shared/authority";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

export interface TimelineCredentials {
    user?: string;
    password?: string;
}

export interface TimelineStoreConfig {
    /** How messages name the store. */
    subject: string;
    /** Most bytes of rows that wait while the store is away. */
    spoolBytes: number;
    place: { kind: "embedded"; retention: Retention } | ({ kind: "postgres" } & PostgresConnection & TableName);
}

/** The store's settings as the editor stored them. */
export function parseConfig(stored: StoredConfig, { user = "", password = "" }: TimelineCredentials = {}): { config: TimelineStoreConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const kind = settings.choice("kind", ["embedded", "postgres"], "embedded");
    const name = settings.text("name");
    const spoolBytes = settings.number("spoolMegabytes", { fallback: 64, min: 4, max: 65_536 }) * 1e6;
    if (kind === "embedded") {
        const retention = {
            raw: settings.number("rawHours", { fallback: 24, min: 1, max: 24 * 366 }) * hourMs,
            five: settings.number("fiveMinuteDays", { fallback: 30, min: 2, max: 3660 }) * dayMs,
            hour: settings.number("hourlyYears", { fallback: 5, min: 0.1, max: 100 }) * 365 * dayMs,
        };
        if (retention.five < retention.raw || retention.hour < retention.five) settings.problem("each coarser history must be kept at least as long as the finer one");
        return { config: { subject: name || "timeline", spoolBytes, place: { kind, retention } }, problems: settings.problems };
    }
    const [host, database] = [settings.text("host"), settings.text("database")];
    if (host === "") settings.problem("no database server");
    if (database === "") settings.problem("no database");
    if (user === "") settings.problem("no user");
    // Node-RED leaves a variable that is not set as it stands.
    for (const value of [host, database, user]) {
        const [, unset] = /^\$\{([^}]+)\}$/.exec(value) ?? [];
        if (unset !== undefined) settings.problem(`the environment variable ${unset} is not set`);
    }
    const tls = settings.choice("tls", ["off", "verify"], "off");
    const ca = tls === "verify" ? authority(settings) : undefined;
    const place = {
        kind, host, database, user: user.trim(), password, tls, ...(ca !== undefined && { ca }),
        port: settings.number("port", { fallback: 5432, min: 1, max: 65_535, integer: true }),
        schema: settings.text("schema"),
        table: settings.text("table", "unified_timeline"),
        deadlineMs: settings.number("deadline", { fallback: 10, min: 0.1, max: 120 }) * 1000,
        subject: name || `timeline at ${host}`,
    };
    return { config: { subject: place.subject, spoolBytes, place }, problems: settings.problems };
}
