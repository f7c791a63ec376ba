import type { EditorRED } from "node-red";

interface LinkNode {
    id: string;
    type: string;
    links?: unknown;
    changed?: boolean;
    dirty?: boolean;
}

/**
 * Lets both ends of a link know of it. The editor does so for link nodes that are imported into the open tab, but not
 * for those that bring a tab of their own: the dashboard, imported beside the complete monitor, would stay dark.
 */
export function keepLinksMutual(RED: EditorRED): void {
    const join = (id: string): void => {
        const links = (RED.nodes.node(id) as unknown as LinkNode | null)?.links;
        if (!Array.isArray(links)) return;
        for (const end of links as unknown[]) {
            const other = (typeof end === "string" ? RED.nodes.node(end) : null) as LinkNode | null;
            if (other === null || !Array.isArray(other.links) || other.links.includes(id)) continue;
            other.links.push(id);
            other.changed = true;
            other.dirty = true;
        }
    };
    RED.events.on("nodes:add", (added: unknown) => {
        const { id, type } = added as LinkNode;
        // Which links a node has is known when all that came with it are there.
        if (type === "link in" || type === "link out") setTimeout(() => join(id), 0);
    });
}
