import type { Node } from "node-red";
import type { Trouble } from "../../lib/kit/trouble";
import { EmbeddedTimeline } from "../../lib/stores/timeline-embedded";
import type { TimelineEvent } from "../../lib/stores/timeline-event";
import { PostgresTimeline } from "../../lib/stores/timeline-postgres";
import type { QueueState } from "../../lib/stores/timeline-queue";
import type { TimelineQuery, TimelineSeries, TimelineStore } from "../../lib/stores/timeline-store";
import type { TimelineCredentials, TimelineStoreConfig } from "./config";

/** What the nodes that use a store see of it. */
export interface Timeline {
    /**
     * Takes rows. Never waits for the database, never rejects. Resolves when a crash of Node-RED loses none of them, since they are
     * in a file or the database; with a Trouble when that cannot be, or when the store refuses one of them.
     */
    accept(events: readonly TimelineEvent[]): Promise<Trouble | undefined>;
    /** @throws Trouble */
    query(query: TimelineQuery): Promise<TimelineSeries[]>;
    readonly state: QueueState;
}

export interface TimelineStoreNode extends Node<TimelineCredentials> {
    /** Undefined while the settings are wrong. */
    timeline?: Timeline;
    /** What is wrong with the settings. */
    problems: readonly string[];
    /** Where the deployed node connects to; the stored password goes nowhere else. */
    address: string;
}

/** The store of a place. @param folder where an embedded one lives */
export function openStore({ place, subject }: TimelineStoreConfig, folder: string, onNotes: (notes: readonly string[]) => void): TimelineStore {
    return place.kind === "embedded" ? new EmbeddedTimeline({ folder, retention: place.retention, subject }) : new PostgresTimeline({ ...place, onNotes });
}

/** One line for where a password goes. */
export function addressOf({ place }: TimelineStoreConfig): string {
    return place.kind === "embedded" ? "embedded" : JSON.stringify([place.host, place.port, place.tls, place.ca]);
}
