import type { Node, NodeAPI } from "node-red";

/** A node of a flow as it is stored. */
export interface StoredNode {
    id: string;
    type: string;
    name?: unknown;
    /** Disabled. */
    d?: unknown;
    wires?: unknown;
    /** Of a link node: where it leads. */
    links?: unknown;
    confirmations?: unknown;
}

/** What stands between a classifier and the sequencer decides by evidence of its own. */
const deciders: ReadonlySet<string> = new Set(["shutdown-trigger", "redundancy-group", "shutdown-sequencer"]);

/**
 * The power classifiers whose word comes to a node with no other decider in between, and which take a single reading for
 * enough: a plug that has just started again, or one wrong answer, then begins a shutdown. A number of confirmations that an
 * environment variable holds is not judged.
 */
export function hastyClassifiers(id: string, nodes: readonly StoredNode[]): StoredNode[] {
    const before = new Map<string, StoredNode[]>();
    for (const node of nodes) {
        if (node.d === true) continue;
        for (const target of targetsOf(node)) before.set(target, [...(before.get(target) ?? []), node]);
    }
    const seen = new Set([id]);
    const found: StoredNode[] = [];
    for (const place of seen) {
        for (const node of before.get(place) ?? []) {
            if (seen.has(node.id) || deciders.has(node.type)) continue;
            if (node.type === "power-classifier") {
                if (Number(node.confirmations || 1) < 2 && !found.includes(node)) found.push(node);
            } else seen.add(node.id);
        }
    }
    return found;
}

function targetsOf({ type, wires, links }: StoredNode): string[] {
    const listed = [wires, type === "link out" || type === "link call" ? links : []];
    return listed.flat(2).filter((target): target is string => typeof target === "string");
}

/** What to call the first of them in the running flows, for people: 'the power classifier "Plug"'. */
export function classifierBefore(RED: NodeAPI, node: Node): string | undefined {
    const nodes: StoredNode[] = [];
    RED.nodes.eachNode((each) => void nodes.push(each as StoredNode));
    // Within a subflow a node runs under a number of its own; the wires know the one of the subflow's template.
    const [first] = hastyClassifiers((node as { _alias?: string })._alias ?? node.id, nodes);
    return first && calledOf(first);
}

/** "the power classifier" and its name where it has one. */
export function calledOf({ name }: StoredNode): string {
    return typeof name === "string" && name !== "" ? `the power classifier "${name}"` : "the power classifier";
}
