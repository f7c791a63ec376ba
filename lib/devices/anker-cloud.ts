import { Trouble } from "../kit/trouble";

/** Where Anker's cloud is, and how it proves itself. */
export interface AnkerCloud {
    /** Base of the REST interface for an account's country: "https://host". */
    baseUrl(country: string): string;
    /** Whether we speak to a host that the cloud itself names. */
    allows(host: string): boolean;
    /** P-256, uncompressed, hex: passwords are encrypted for it. */
    serverPublicKey: string;
    mqttPort: number;
    /** PEM of the authority of the REST interface; default: those of Node. */
    ca?: string;
}

/** Countries whose accounts live on the world's servers; all others on Europe's. A login works on both, but finds no devices. */
const worldCountries = new Set("DZ LB SY EG LY TN MA JO PS AR AU BR HK IN MX NG NZ RU SG ZA KR TW US CA".split(" "));

/** Whose servers an account of that country lives on. */
export function regionOf(country: string): "world" | "europe" {
    return worldCountries.has(country) ? "world" : "europe";
}

/** Facts: thomluther/anker-solix-api (MIT), apitypes.py and session.py at 980d7c2. */
export const ankerCloud: AnkerCloud = {
    baseUrl: (country) => (regionOf(country) === "world" ? "https://ankerpower-api.anker.com" : "https://ankerpower-api-eu.anker.com"),
    allows: (host) => /^[a-z0-9-]+(\.[a-z0-9-]+)*\.anker\.com$/.test(host.toLowerCase()),
    serverPublicKey: "04c5c00c4f8d1197cc7c3167c52bf7acb054d722f0ef08dcd7e0883236e0d72a3868d9750cb47fa4619248f3d83f0f662671dadc6e2d31c2f41db0161651c7c076",
    mqttPort: 8883,
};

let inUse = ankerCloud;

/** The cloud that accounts speak to. */
export function cloudInUse(): AnkerCloud {
    return inUse;
}

/**
 * Sends all accounts to another cloud: for tests and demonstrations, in code only, so that no setting and no message can
 * make us show a password to a foreign host.
 * @returns puts the former one back
 */
export function useCloud(other: AnkerCloud): () => void {
    const before = inUse;
    inUse = other;
    return () => {
        inUse = before;
    };
}

/** @throws Trouble of kind "auth" for a host that is not Anker's */
export function checkHost(cloud: AnkerCloud, host: string): string {
    if (cloud.allows(host)) return host;
    throw new Trouble("auth", `Anker cloud: it names the server ${host.slice(0, 80)}, which is not Anker's`, "not connected; is something between here and the cloud?");
}
