import { createPrivateKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";

/** Certificates for a cloud on loopback, written out in DER by hand, since Node only reads them. */
export interface Identity {
    certificate: string;
    key: string;
}

export interface Authority extends Identity {
    issue(name: string, validity: { from: number; to: number }): Identity;
}

const tlv = (tag: number, ...content: Buffer[]): Buffer => {
    const body = Buffer.concat(content);
    const length = body.length < 0x80 ? [body.length] : body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff];
    return Buffer.concat([Buffer.from([tag, ...length]), body]);
};
const sequence = (...content: Buffer[]): Buffer => tlv(0x30, ...content);
const oid = (hex: string): Buffer => tlv(0x06, Buffer.from(hex, "hex"));
const utf8 = (text: string): Buffer => tlv(0x0c, Buffer.from(text));
const time = (ms: number): Buffer => tlv(0x18, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`));
const nameOf = (common: string): Buffer => sequence(tlv(0x31, sequence(oid("550403"), utf8(common))));
const ecdsaSha256 = sequence(oid("2a8648ce3d040302"));
const extension = (id: string, critical: boolean, value: Buffer): Buffer => sequence(oid(id), ...(critical ? [tlv(0x01, Buffer.from([0xff]))] : []), tlv(0x04, value));

function certificate(subject: { name: string; key: KeyObject }, issuer: { name: string; key: KeyObject }, { from, to }: { from: number; to: number }, authority: boolean): string {
    const names = sequence(tlv(0x82, Buffer.from("localhost")), tlv(0x87, Buffer.from([127, 0, 0, 1])));
    const extensions = authority ? [extension("551d13", true, sequence(tlv(0x01, Buffer.from([0xff]))))] : [extension("551d13", true, sequence()), extension("551d11", false, names)];
    const body = sequence(
        tlv(0xa0, tlv(0x02, Buffer.from([2]))),
        tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
        ecdsaSha256,
        nameOf(issuer.name),
        sequence(time(from), time(to)),
        nameOf(subject.name),
        subject.key.export({ type: "spki", format: "der" }),
        tlv(0xa3, sequence(...extensions)),
    );
    const der = sequence(body, ecdsaSha256, tlv(0x03, Buffer.from([0]), sign("sha256", body, issuer.key)));
    return `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replace(/.{64}/g, "$&\n").trim()}\n-----END CERTIFICATE-----\n`;
}

const newKey = (): { publicKey: KeyObject; privateKey: KeyObject } => generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const pem = (key: KeyObject): string => createPrivateKey(key.export({ type: "pkcs8", format: "pem" })).export({ type: "sec1", format: "pem" }).toString();
const dayMs = 86_400_000;

/** An authority that lives as long as a test. Certificates of it are for localhost, and for clients. */
export function newAuthority(name = "Ridethrough test authority"): Authority {
    const own = newKey();
    const validity = { from: Date.now() - 400 * dayMs, to: Date.now() + 400 * dayMs };
    return {
        certificate: certificate({ name, key: own.publicKey }, { name, key: own.privateKey }, validity, true),
        key: pem(own.privateKey),
        issue: (subject, period) => {
            const keys = newKey();
            return { certificate: certificate({ name: subject, key: keys.publicKey }, { name, key: own.privateKey }, period, false), key: pem(keys.privateKey) };
        },
    };
}
