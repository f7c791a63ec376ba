import type { NodeAPI, NodeDef } from "node-red";
import { TimelineQueue } from "../../lib/stores/timeline-queue";
import { Spool } from "../../lib/stores/timeline-spool";
import type { StoredConfig } from "../shared/settings";
import { dataPath } from "../shared/storage";
import { heardByUsers, started } from "../shared/telling";
import { every, onClose } from "../shared/wire";
import { parseConfig, type TimelineCredentials } from "./config";
import { addDialogRoutes } from "./dialog-routes";
import { StoreReports } from "./reports";
import { addressOf, openStore, type TimelineStoreNode } from "./timeline";

const upkeepMs = 5 * 60_000;
/** Rows that the disk refuses, or that an embedded store can't take, wait in so much memory. */
const memoryBytes = 16e6;

export = (RED: NodeAPI): void => {
    function TimelineStore(this: TimelineStoreNode, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig, this.credentials);
        this.problems = problems;
        this.address = addressOf(config);
        if (problems.length > 0) return;

        const folder = dataPath(RED, this, ".timeline");
        const store = openStore(config, folder, (notes) => notes.forEach((note) => this.log(note)));
        // The embedded store is a disk itself: nothing is gained by writing its rows to that disk twice.
        const spoolFolder = config.place.kind === "embedded" ? {} : { folder: dataPath(RED, this, ".spool") };
        const reports = new StoreReports(this, config.subject, async (event, count) => {
            if ((await queue.accept([event])) === undefined) await queue.toldDropped(count);
        });
        heardByUsers(RED, this);
        const ready = started(RED);
        const spool = new Spool({ ...spoolFolder, maxBytes: config.spoolBytes, maxMemoryBytes: memoryBytes, onUnreadable: (path, trouble) => void ready.then(() => reports.unreadable(path, trouble)) });
        const queue = new TimelineQueue({ spool, store, subject: config.subject, onChange: (state) => reports.changed(state), onRefused: (piece, trouble) => reports.refused(piece, trouble) });
        this.timeline = { accept: (events) => queue.accept(events), query: (query) => store.query(query), get state() { return queue.state; } };
        queue.start();
        const { maintain } = store;
        if (maintain !== undefined) every(this, upkeepMs, () => maintain.call(store));

        onClose(this, async (removed) => {
            await queue.close();
            const { waiting } = queue.state;
            // History is not thrown away because a node is: undo may bring it back.
            if (removed) this.log(`removed; ${config.place.kind === "embedded" ? `its history stays in ${folder}` : `${waiting} rows that were not stored stay in ${spoolFolder.folder ?? ""}`}`);
        });
    }
    RED.nodes.registerType<TimelineStoreNode, NodeDef, object, TimelineCredentials>("timeline-store", TimelineStore as never, { credentials: { user: { type: "text" }, password: { type: "password" } } });
    addDialogRoutes(RED);
};
