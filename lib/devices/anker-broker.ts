import { X509Certificate } from "node:crypto";
import { valueAt } from "./channels";

/** How to reach the MQTT broker, in the cloud's own words, so that it can be remembered as it came. */
export interface Broker {
    user_id: string;
    app_name: string;
    /** The client id begins with it. */
    thing_name: string;
    certificate_id: string;
    certificate_pem: string;
    private_key: string;
    endpoint_addr: string;
    aws_root_ca1_pem: string;
}

const keys = ["user_id", "app_name", "thing_name", "certificate_id", "certificate_pem", "private_key", "endpoint_addr", "aws_root_ca1_pem"] as const;

/** The broker in an answer of the cloud; undefined when a part is missing. */
export function parseBroker(data: unknown): Broker | undefined {
    const found: Partial<Broker> = {};
    for (const key of keys) {
        const value = valueAt(data, key);
        if (typeof value !== "string" || value === "") return undefined;
        found[key] = value;
    }
    return found as Broker;
}

/** Whether the client certificate has ended, or ends within a day, by our clock. */
export function isEnding({ certificate_pem }: Broker, wallMs: number): boolean {
    try {
        return Date.parse(new X509Certificate(certificate_pem).validTo) < wallMs + 86_400_000;
    } catch {
        return true;
    }
}
