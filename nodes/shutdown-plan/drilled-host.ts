/** A host of a deployed plan, as the plan's dialog shows it. Shared with the editor: without an import. */
export interface DrilledHost {
    host: string;
    standing: "proven" | "undrilled" | "changed" | "expired" | "failed";
    /** Age of the last drill, for people. */
    age?: string;
    /** How long it took, ms. */
    ms?: number;
    /** What failed, with cause and cure. */
    problems?: readonly string[];
    /** Fingerprint of the key by which the host has proved itself. */
    hostKey?: string;
    /** Our key can run nothing but what the host lists for it. */
    confined?: boolean;
}
