/** A simulated F3800 Plus: what it says, written byte by byte and not with our own codec. */
export interface StationState {
    charge: number;
    /** W */
    acInput: number;
    acOutput: number;
    solar: number;
    hours: number;
    temperature: number;
    timeoutMinutes: number;
}

export const restingStation: StationState = { charge: 82, acInput: 1200, acOutput: 310, solar: 0, hours: 1.5, temperature: 31, timeoutMinutes: 0 };

const byte = (value: number): Buffer => Buffer.from([1, value & 0xff]);
const word = (value: number): Buffer => Buffer.from([2, value & 0xff, (value >> 8) & 0xff]);
const time = (seconds: number): Buffer => {
    const bytes = Buffer.alloc(5, 3);
    bytes.writeUInt32LE(seconds >>> 0, 1);
    return bytes;
};
const field = (name: number, content: Buffer): Buffer => Buffer.concat([Buffer.from([name, content.length]), content]);

function frame(type: string, fields: Buffer[], damaged: boolean): Buffer {
    const body = Buffer.concat([Buffer.from(`ff09000003010f${type}`, "hex"), field(0xa1, Buffer.from([0x34])), ...fields]);
    body.writeUInt16LE(body.length + 1, 2);
    const sum = body.reduce((all, one) => all ^ one, 0);
    return Buffer.concat([body, Buffer.from([damaged ? sum ^ 0x55 : sum])]);
}

/** Message 0405. @param seconds the device's own clock */
export function stateFrame(state: StationState, seconds: number, damaged = false): Buffer {
    const { charge, acInput, acOutput, solar, hours, temperature, timeoutMinutes } = state;
    const charging = acInput > 0 || solar > acOutput;
    return frame("0405", [
        field(0xa4, word(Math.round(hours * 10))), field(0xa5, word(acInput)), field(0xa6, word(acOutput)),
        field(0xad, word(charge)), field(0xae, word(solar)), field(0xb1, word(charging ? Math.max(0, acInput + solar - acOutput) : 0)), field(0xb2, word(acOutput)),
        field(0xb4, word(charging ? 0 : acOutput + 20)), field(0xbd, byte(acInput > 0 ? 2 : 0)), field(0xbe, byte(temperature)), field(0xc0, byte(charge)),
        field(0xcc, Buffer.concat([Buffer.from([0]), Buffer.from("TESTA1790P000001")])), field(0xce, word(timeoutMinutes)), field(0xfe, time(seconds)),
    ], damaged);
}

/** A message in which everything is 0, as devices send now and then. */
export function blankFrame(seconds: number): Buffer {
    return frame("0405", [...[0xa5, 0xa6, 0xad, 0xae, 0xb2].map((name) => field(name, word(0))), field(0xbe, byte(0)), field(0xfe, time(seconds))], false);
}

/** How long a received command asks for telemetry, s; undefined for another command. */
export function askedSeconds(command: Buffer): number | undefined {
    if (command.toString("hex", 0, 2) !== "ff09" || command.toString("hex", 4, 9) !== "03000f0057") return undefined;
    if (command.readUInt16LE(2) !== command.length || command.reduce((all, one) => all ^ one, 0) !== 0) return undefined;
    const at = command.indexOf(Buffer.from("a30503", "hex"));
    return at < 0 ? undefined : command.readUInt32LE(at + 3);
}
