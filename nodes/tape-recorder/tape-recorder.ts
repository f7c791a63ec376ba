import { readFile } from "node:fs/promises";
import type { Node, NodeAPI, NodeDef } from "node-red";
import { systemClock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import { tapeLimits } from "../../lib/stores/tape-file";
import { findTape } from "../../lib/stores/tape-library";
import { tapeLines } from "../../lib/stores/tape-line";
import { TapeWriter } from "../../lib/stores/tape-writer";
import { adminPost } from "../shared/admin";
import type { StoredConfig } from "../shared/settings";
import { StatusLight } from "../shared/status";
import { listed, tapesFolder } from "../shared/tapes";
import { every, onClose, onInput } from "../shared/wire";
import { parseConfig } from "./config";

/** How often lines go to the disk, in ms: what kill -9 costs at most. */
const flushMs = 1000;
const megabyte = 1 << 20;
/** A tape is begun anew at this size, so that old ones can go one by one. */
const tapeBytes = 5 * megabyte;

export = (RED: NodeAPI): void => {
    function TapeRecorder(this: Node, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        const light = new StatusLight(this);
        if (problems.length > 0) {
            light.show("error", problems.join("; "));
            onInput(this, (msg, send) => {
                // What stands behind the recorder must not miss an outage over it.
                send(msg);
                throw new Trouble("config", `nothing recorded: ${problems.join("; ")}`);
            });
            return;
        }

        const totalBytes = config.megabytes * megabyte;
        const writer = new TapeWriter({
            folder: tapesFolder(RED),
            name: config.tape,
            about: `recorded by ${this.name || "tape-recorder"}`,
            tapeBytes: Math.min(tapeBytes, totalBytes / 4),
            totalBytes,
            maxAgeMs: config.days * 86_400_000,
        });
        let last: number | undefined;
        let told = false;
        light.show("off", "nothing yet");

        onInput(this, (msg, send) => {
            send(msg);
            const lines = tapeLines(msg as unknown as Record<string, unknown>, { last: last ?? systemClock.now(), verdicts: config.verdicts });
            for (const { at } of lines) last = Math.max(last ?? at, at);
            writer.add(lines);
        });

        /** The disk's trouble is told once, then not again until it is over. */
        const show = (): void => {
            const { file, bytes, disk, lost } = writer.state;
            if (disk !== undefined) {
                if (!told) this.warn(`the tape can't be written: ${disk}. Messages pass on; what memory can't hold is lost`);
                light.show("warning", lost > 0 ? `disk refuses, ${lost} lines lost` : "disk refuses");
            } else {
                if (told) this.log("the tape can be written again");
                if (file !== undefined) light.show("ok", `recording, ${(bytes / megabyte).toFixed(1)} MB`);
            }
            told = disk !== undefined;
        };
        every(this, flushMs, async () => {
            await writer.flush();
            show();
        }, { firstMs: flushMs });
        onClose(this, () => writer.close());
    }
    RED.nodes.registerType("tape-recorder", TapeRecorder);

    adminPost(RED, "tape-recorder/tapes", "tape-recorder.read", async () => ({ ok: true, tapes: await listed(tapesFolder(RED)) }));
    adminPost(RED, "tape-recorder/tapes/:name", "tape-recorder.read", async (_body, { name }) => {
        // Looked up in the list: a name never becomes a path.
        const { path, bytes } = await findTape(String(name), [tapesFolder(RED)]);
        if (bytes > tapeLimits.bytes) return { ok: false, error: "this tape is too large to hand out: copy the file" };
        return { ok: true, text: await readFile(path, "utf8") };
    });
};
