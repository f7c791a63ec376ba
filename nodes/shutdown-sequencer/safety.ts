import type { NodeAPI } from "node-red";

/** What a person has said to know of, in the dialog. */
export interface Acknowledged {
    rootKnown: boolean;
    openKnown: boolean;
}

/** What this Node-RED is, as far as others could use it. */
export interface Surroundings {
    /** It runs as root. */
    root: boolean;
    /** Whoever reaches its editor can change flows, and so run programs here and on every host that we can log in to. */
    open: boolean;
}

export function surroundings(RED: NodeAPI): Surroundings {
    const { adminAuth, httpAdminRoot } = RED.settings as { adminAuth?: unknown; httpAdminRoot?: unknown };
    // Without its root there is no editor, and nothing to protect.
    return { root: process.getuid?.() === 0, open: (adminAuth === undefined || adminAuth === null || adminAuth === false) && httpAdminRoot !== false };
}

/** Why nothing real may be done by a Node-RED that is run like this, as long as nobody has said that they know. */
export function unsafe({ root, open }: Surroundings, { rootKnown, openKnown }: Acknowledged = { rootKnown: false, openKnown: false }): string[] {
    return [
        ...(root && !rootKnown ? ["Node-RED runs as root: run it as an account of its own, or say in the sequencer's dialog that you know"] : []),
        ...(open && !openKnown ? ["the editor has no password: set adminAuth in settings.js, or say in the sequencer's dialog that you know"] : []),
    ];
}
