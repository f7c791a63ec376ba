/**
 * The cipher and framing of TP-Link Kasa's local protocol on port 9999: every byte is XORed with the ciphertext byte
 * before it, the first one with 171; over TCP a 4-byte big-endian length goes in front.
 * Source: softScheck, "Reverse Engineering the TP-Link HS110".
 */
const firstKey = 171;

/** The longest answer in bytes that is believed; a strip of six outlets sends about 3 kB. */
export const longestReply = 64 * 1024;

/** A request as it goes over TCP. */
export function frame(text: string): Buffer {
    const plain = Buffer.from(text, "utf8");
    const framed = Buffer.allocUnsafe(4 + plain.length);
    framed.writeUInt32BE(plain.length);
    let key = firstKey;
    plain.forEach((byte, index) => {
        key ^= byte;
        framed[4 + index] = key;
    });
    return framed;
}

/** The text of an answer without its length. */
export function decipher(data: Buffer): string {
    const plain = Buffer.allocUnsafe(data.length);
    let key = firstKey;
    data.forEach((byte, index) => {
        plain[index] = byte ^ key;
        key = byte;
    });
    return plain.toString("utf8");
}
