import { Trouble } from "../kit/trouble";

/**
 * The binary frame of Anker Solix devices, as MQTT carries it in base64. Facts: thomluther/anker-solix-api (MIT),
 * mqtttypes.py at 980d7c2.
 *
 *     ff 09 | length u16 LE, whole frame | 03 00 0f to the device, 03 01 0f from it | message type, 2 bytes |
 *     counter, optional | fields: name, length, [wire type], value | XOR of all bytes before
 */
export interface Frame {
    direction: "to-device" | "from-device";
    /** Message type, hex: "0405" is a power station's telemetry. */
    type: string;
    /** The byte after the type, which only some messages have. */
    counter?: number;
    fields: FrameField[];
    /**
     * The checksum as received, when it is wrong. A warning, not an error: public captures with exchanged serial numbers
     * fail it, and a frame within TLS does not get damaged on the way.
     */
    wrongChecksum?: number;
}

export interface FrameField {
    /** Hex: "a5". */
    name: string;
    /** How the value is written; a field without it is a bare value. See anker-values.ts. */
    wire?: number;
    value: Buffer;
    /** The length takes two bytes, as in JSON fields of more than 255 bytes. */
    wide?: true;
}

const directions = { "03000f": "to-device", "03010f": "from-device" } as const;
const headBytes = 9;
/** A first byte up to this is a wire type; above it is text. */
const highestWire = 0x31;
/** Only texts (00) and binary fields (04) grow beyond 255 bytes. */
const wideWires = [0x00, 0x04];

/** @throws Trouble of kind "garbage" for bytes that are no whole frame */
export function decodeFrame(bytes: Buffer): Frame {
    const bad = (what: string): Trouble => new Trouble("garbage", `Anker frame of ${bytes.length} bytes: ${what}`);
    if (bytes.length < headBytes + 1 || bytes.readUInt16BE(0) !== 0xff09) throw bad("does not begin as one");
    if (bytes.readUInt16LE(2) !== bytes.length) throw bad(`says that it has ${bytes.readUInt16LE(2)}`);
    const direction = (directions as Record<string, Frame["direction"]>)[bytes.toString("hex", 4, 7)];
    if (direction === undefined) throw bad("unknown direction");
    const end = bytes.length - 1;
    const first = bytes[headBytes] ?? 0;
    const counted = end > headBytes && (first < 0xa0 || first > 0xa9);
    const fields = cutFields(bytes, counted ? headBytes + 1 : headBytes, end);
    if (fields === undefined) throw bad("its fields do not fit into it");
    const checksum = bytes[end] ?? 0;
    return {
        direction,
        type: bytes.toString("hex", 7, headBytes),
        ...(counted && { counter: first }),
        fields,
        ...(checksum !== xorOf(bytes.subarray(0, end)) && { wrongChecksum: checksum }),
    };
}

/** The bytes of a frame: decodeFrame of them gives it back. A `wrongChecksum` is written as it was received. */
export function encodeFrame({ direction, type, counter, fields, wrongChecksum }: Frame): Buffer {
    const parts = fields.map(({ name, wire, value, wide }) => {
        const length = value.length + (wire === undefined ? 0 : 1);
        const head = [parseInt(name, 16), length & 0xff, ...(wide ? [length >> 8] : []), ...(wire === undefined ? [] : [wire])];
        return Buffer.concat([Buffer.from(head), value]);
    });
    const pattern = direction === "to-device" ? "03000f" : "03010f";
    const body = Buffer.concat([Buffer.from(`ff090000${pattern}${type}`, "hex"), Buffer.from(counter === undefined ? [] : [counter]), ...parts]);
    body.writeUInt16LE(body.length + 1, 2);
    return Buffer.concat([body, Buffer.from([wrongChecksum ?? xorOf(body)])]);
}

/**
 * Cuts the bytes into fields that fill them exactly. Whether a length takes one byte or two is not said in the frame, so
 * two bytes are taken only where one does not work out: `fits` tells, from the end backwards, where a rest works out.
 */
function cutFields(bytes: Buffer, start: number, end: number): FrameField[] | undefined {
    const fits = new Uint8Array(end + 1);
    fits[end] = 1;
    const next = (at: number): { next: number; wide: boolean } | undefined => {
        if ((bytes[at] ?? 0) < 0xa0 || at + 2 > end) return undefined;
        const short = at + 2 + (bytes[at + 1] ?? 0);
        if (short <= end && fits[short] === 1) return { next: short, wide: false };
        const high = bytes[at + 2] ?? 0;
        const long = at + 3 + bytes.readUInt16LE(at + 1);
        const wide = at + 4 <= end && high > 0 && wideWires.includes(bytes[at + 3] ?? -1) && long <= end && fits[long] === 1;
        return wide ? { next: long, wide } : undefined;
    };
    for (let at = end - 1; at >= start; at -= 1) if (next(at) !== undefined) fits[at] = 1;
    if (fits[start] !== 1) return undefined;
    const fields: FrameField[] = [];
    for (let at = start; at < end;) {
        const step = next(at);
        if (step === undefined) return undefined;
        const content = bytes.subarray(at + (step.wide ? 3 : 2), step.next);
        const typed = content.length > 1 && (content[0] ?? 0xff) <= highestWire;
        fields.push({
            name: (bytes[at] ?? 0).toString(16),
            ...(typed && { wire: content[0] ?? 0 }),
            value: Buffer.from(typed ? content.subarray(1) : content),
            ...(step.wide && { wide: true as const }),
        });
        at = step.next;
    }
    return fields;
}

function xorOf(bytes: Uint8Array): number {
    return bytes.reduce((sum, byte) => sum ^ byte, 0);
}

/** Whole seconds as the devices write a time: wire type 03, u32 LE. */
function seconds(value: number): FrameField["value"] {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(Math.max(0, Math.min(0xffffffff, Math.round(value))));
    return bytes;
}

/**
 * "Send telemetry every few seconds for a while": message 0057. Without it an F3800 sends next to nothing.
 * @param forSeconds 30 to 600; the vendor's app asks for 300
 * @param wallMs wall time for the frame's time stamp
 */
export function realtimeTrigger(forSeconds: number, wallMs: number): Buffer {
    return encodeFrame({
        direction: "to-device",
        type: "0057",
        fields: [
            { name: "a1", value: Buffer.from([0x22]) },
            { name: "a2", wire: 0x01, value: Buffer.from([1]) },
            { name: "a3", wire: 0x03, value: seconds(forSeconds) },
            { name: "fe", wire: 0x03, value: seconds(wallMs / 1000) },
        ],
    });
}
