import { Trouble } from "../kit/trouble";
import type { Broker } from "./anker-broker";
import { decodeFrame, type Frame } from "./anker-frame";
import { valueAt } from "./channels";

/** What the broker delivers: the device that speaks, and its frame. */
export interface DeviceMessage {
    model: string;
    serial: string;
    frame: Frame;
}

/** Longest message in characters; a power station's has 900. */
const longest = 64 * 1024;

/** Topics of a device: what it says, and where it listens. Facts: anker-solix-api (MIT), mqtt.py at 980d7c2. */
export const topics = {
    listen: ({ app_name }: Broker, model: string, serial: string): string => `dt/${app_name}/${model}/${serial}/#`,
    command: ({ app_name }: Broker, model: string, serial: string): string => `cmd/${app_name}/${model}/${serial}/req`,
};

/** @throws Trouble of kind "garbage" for a message that is none */
export function openEnvelope(topic: string, text: string): DeviceMessage {
    const bad = (what: string): Trouble => new Trouble("garbage", `Anker message on ${topic.split("/").slice(0, 3).join("/")}: ${what}`);
    if (text.length > longest) throw bad(`${text.length} characters long`);
    const payload = valueAt(json(text, bad), "payload");
    if (typeof payload !== "string") throw bad("no payload");
    const inner = json(payload, bad);
    // Panels and home systems write "trans" for "data".
    const data = valueAt(inner, "data") ?? valueAt(inner, "trans");
    if (typeof data !== "string") throw bad("no data");
    const [, , model = "", serial = ""] = topic.split("/");
    return { model, serial, frame: decodeFrame(Buffer.from(data, "base64")) };
}

/** A command to a device, as the vendor's app writes it. */
export function commandEnvelope({ user_id, certificate_id, app_name }: Broker, { model, serial, owner }: { model: string; serial: string; owner?: string }, frame: Buffer, wallMs: number): string {
    return JSON.stringify({
        head: {
            version: "1.0.0.1", client_id: `android-${app_name}-${user_id}-${certificate_id}`, sess_id: "1234-5678", msg_seq: 1, seed: 1,
            timestamp: Math.floor(wallMs / 1000), cmd_status: 2, cmd: 17, sign_code: 1, device_pn: model, device_sn: serial,
        },
        payload: JSON.stringify({ device_sn: serial, account_id: owner ?? user_id, data: frame.toString("base64") }),
    });
}

function json(text: string, bad: (what: string) => Trouble): unknown {
    try {
        return JSON.parse(text);
    } catch {
        throw bad("no JSON");
    }
}
