import type { NodeAPI } from "node-red";
import { DrillBook } from "../../lib/shutdown/drill-book";
import { parseBook, storedBook } from "../../lib/shutdown/evidence";
import { StateKeeper } from "../shared/state-keeper";
import { loadState, nodeState } from "../shared/storage";
import { heardByUsers } from "../shared/telling";
import { every, onClose } from "../shared/wire";
import type { ShutdownPlanNode } from "./resolve";

/** Said on Node-RED's own events, with the plan's id, when a drill has shown something. */
export const drilledEvent = "ridethrough:drilled";

/** A plan that knows what has been proven of its hosts. */
export interface DrilledPlanNode extends ShutdownPlanNode {
    drills: DrillBook;
}

/** What it means that the state is lost. */
const forgotten = "its hosts count as not drilled: drill them in the plan's dialog. Until then a sequencer that leaves undrilled hosts alone shuts none of them down";

const dayMs = 24 * 3_600_000;

/** The drills of a plan's node, which lie next to its state. @param lastsMs for how long a drill counts, ms */
export function openDrills(RED: NodeAPI, node: ShutdownPlanNode, lastsMs: number): DrillBook {
    heardByUsers(RED, node);
    const keeper = new StateKeeper<unknown>(node, nodeState<unknown>(RED, node, (value) => (parseBook(value) === undefined ? undefined : value)));
    const drills = new DrillBook({
        target: () => node.resolve(),
        lastsMs,
        load: async () => parseBook(await loadState(RED, node, keeper.file, { loss: forgotten })),
        save: (book) => keeper.save(storedBook(book)),
        changed: () => void RED.events.emit(drilledEvent, node.id),
    });
    // So that the time for which Node-RED ran counts, whatever becomes of it and of the wall clock.
    every(node, dayMs, () => drills.save(), { firstMs: dayMs });
    onClose(node, async (removed) => {
        drills.close();
        if (removed) await keeper.file.remove();
        else await drills.save();
    });
    return drills;
}
