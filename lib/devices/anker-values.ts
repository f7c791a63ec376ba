import type { Frame, FrameField } from "./anker-frame";

export type FieldValue = number | string;

/** What a field, or a part of one, means. Names are those of anker-solix-api, as people know them from forums. */
export interface FieldRule {
    name: string;
    /** The number is multiplied by this, and rounded to its digits. */
    factor?: number;
    /** Overrides the sign of the wire type: bytes are unsigned, everything longer signed. */
    signed?: boolean;
    /** The digits of the number, or its bytes, are a version: 265 is "2.6.5". */
    version?: true;
    /** A 2-byte number that holds two letters. */
    letters?: true;
    /** A text that holds ms since the epoch; the value is in s. */
    milliseconds?: true;
}

/** A value within a binary field. */
export interface PartRule extends FieldRule {
    /** Its first byte. */
    at: number;
    kind: "byte" | "word" | "long" | "text" | "counted text";
    /** Bytes of a text. */
    length?: number;
}

/** Field name (hex) to its meaning. A field that is not in it is kept by the codec, and ignored here. */
export type FieldMap = Readonly<Record<string, FieldRule | readonly PartRule[]>>;

/** The wire types that occur. */
const wires = { text: 0x00, byte: 0x01, word: 0x02, long: 0x03, binary: 0x04, float: 0x05, mixed: 0x06 } as const;

/** The named values of a frame. How a value is written is said by the frame itself; the map only names and scales it. */
export function frameValues(frame: Frame, map: FieldMap): Record<string, FieldValue> {
    const values: Record<string, FieldValue> = {};
    for (const field of frame.fields) {
        const rule = map[field.name];
        if (rule === undefined) continue;
        const found = Array.isArray(rule) ? (rule as readonly PartRule[]).map((part) => [part.name, partValue(field.value, part)] as const) : [[(rule as FieldRule).name, fieldValue(field, rule as FieldRule)] as const];
        for (const [name, value] of found) if (value !== undefined) values[name] = value;
    }
    return values;
}

function fieldValue({ wire, value }: FrameField, rule: FieldRule): FieldValue | undefined {
    switch (wire) {
        case undefined:
        case wires.text:
            return text(value, rule);
        case wires.byte:
            return value.length === 1 ? scaled(value.readUIntLE(0, 1), value, rule) : undefined;
        case wires.word:
        case wires.long:
            if (rule.letters) return text(value, rule);
            return value.length >= 1 && value.length <= 4 ? scaled(value.readIntLE(0, value.length), value, rule) : undefined;
        case wires.float:
            return value.length === 4 && Number.isFinite(value.readFloatLE(0)) ? value.readFloatLE(0) * (rule.factor ?? 1) : undefined;
        default:
            return undefined;
    }
}

function partValue(value: Buffer, part: PartRule): FieldValue | undefined {
    const { at, kind } = part;
    if (kind === "text") return at < value.length ? text(value.subarray(at, at + (part.length ?? value.length)), part) : undefined;
    if (kind === "counted text") return at < value.length ? text(value.subarray(at + 1, at + 1 + (value[at] ?? 0)), part) : undefined;
    const length = { byte: 1, word: 2, long: 4 }[kind];
    if (at + length > value.length) return undefined;
    const bytes = value.subarray(at, at + length);
    return scaled(kind === "byte" ? bytes.readUIntLE(0, 1) : bytes.readIntLE(0, length), bytes, part);
}

/** @param usual the number by the sign that its wire type has */
function scaled(usual: number, bytes: Buffer, { factor = 1, signed, version }: FieldRule): FieldValue {
    const number = signed === undefined ? usual : signed ? bytes.readIntLE(0, bytes.length) : bytes.readUIntLE(0, bytes.length);
    if (version) return [...String(number)].join(".");
    const digits = Math.max(0, Math.ceil(-Math.log10(factor)));
    return factor === 1 ? number : Number((number * factor).toFixed(digits));
}

function text(bytes: Buffer, { milliseconds }: FieldRule): FieldValue | undefined {
    const shown = bytes.toString("utf8").replace(/[^\x20-\x7e\u00a0-\uffef]|\ufffd/g, "").trim();
    if (!milliseconds) return shown;
    return /^\d{1,15}$/.test(shown) ? Number(shown) / 1000 : undefined;
}
