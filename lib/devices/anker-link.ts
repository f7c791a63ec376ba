import { randomInt } from "node:crypto";
import type { IClientOptions } from "mqtt";
import type { Clock } from "../kit/clock";
import { withDeadline } from "../kit/deadline";
import { errorText, toTrouble, Trouble } from "../kit/trouble";
import type { Broker } from "./anker-broker";

/** A connection to the broker. It does not come back by itself. */
export interface Link {
    /** @throws Trouble; of kind "auth" when the broker refuses the topic */
    subscribe(topic: string, signal: AbortSignal): Promise<void>;
    publish(topic: string, text: string, signal: AbortSignal): Promise<void>;
    /** Resolves when the connection has ended, with the reason. */
    ended: Promise<Trouble>;
    close(): void;
}

export interface LinkOptions {
    broker: Broker;
    port: number;
    clock: Clock;
    signal: AbortSignal;
    onMessage(topic: string, text: string): void;
}

const subject = "Anker broker";
const connectMs = 15_000;
const requestMs = 10_000;

/**
 * Connects with the account's certificate. mqtt's own retries are off: when to come back is decided with what the cloud
 * says about the account.
 * @throws Trouble; of kind "auth" when one side does not accept the other's certificate
 */
export async function openLink({ broker, port, clock, signal, onMessage }: LinkOptions): Promise<Link> {
    const { connect } = await import("mqtt");
    signal.throwIfAborted();
    const options: IClientOptions = {
        protocol: "mqtts", host: broker.endpoint_addr, port, protocolVersion: 4, clean: true, keepalive: 60, connectTimeout: connectMs,
        // Unique for each connection: of two with one id the broker drops the older.
        clientId: `${broker.thing_name}_${String(randomInt(100_000)).padStart(5, "0")}`,
        ca: broker.aws_root_ca1_pem, cert: broker.certificate_pem, key: broker.private_key, rejectUnauthorized: true,
        reconnectPeriod: 0, resubscribe: false, queueQoSZero: false,
    };
    const client = connect(options);
    let reason: Trouble | undefined;
    const ended = new Promise<Trouble>((resolve) => {
        client.on("error", (error) => (reason ??= linkTrouble(error)));
        client.on("close", () => resolve(reason ?? new Trouble("closed", `${subject}: connection closed`)));
    });
    const closed = ended.then((trouble): never => {
        throw trouble;
    });
    closed.catch(() => undefined);
    // What the broker has kept since who knows when is no news: it would pass for measured now.
    client.on("message", (topic, payload, { retain }) => void (retain || onMessage(topic, payload.toString("utf8"))));
    const close = (): void => {
        client.end(true);
    };
    const request = <T>(work: () => Promise<T>, ms: number, until: AbortSignal): Promise<T> => withDeadline({ ms, subject, clock, signal: until }, () => Promise.race([work(), closed]));
    try {
        await request(() => new Promise<void>((resolve) => void client.once("connect", () => resolve())), connectMs, signal);
    } catch (error) {
        close();
        throw error;
    }
    return {
        ended,
        close,
        subscribe: (topic, until) => request(async () => {
            const granted = await client.subscribeAsync(topic, { qos: 0 }).catch((error: unknown) => {
                throw refused(error);
            });
            if (granted.some(({ qos }) => (qos as number) >= 128)) throw refused(undefined);
        }, requestMs, until),
        publish: (topic, text, until) => request(async () => {
            await client.publishAsync(topic, text, { qos: 0 });
        }, requestMs, until),
    };
}

/** Only the owner's account may listen to a device (ha-anker-solix, README). */
function refused(error: unknown): Trouble {
    return new Trouble("auth", `${subject}: this account may not listen to the device`, "log in with the account that owns it; a device that is only shared sends nothing", { cause: error });
}

/** TLS says why in many ways; all that concern a certificate may be cured by a new one from the cloud. */
function linkTrouble(error: unknown): Trouble {
    const text = errorText(error);
    const code = String((error as { code?: unknown } | undefined)?.code ?? "");
    const certificate = /certificate|CERT_|alert|handshake|not authorized|UNABLE_TO_|SELF_SIGNED|ERR_TLS|ERR_SSL|ERR_OSSL/i.test(`${text} ${code}`);
    return certificate ? new Trouble("auth", `${subject}: certificate not accepted (${text.slice(0, 120)})`, undefined, { cause: error }) : toTrouble(error, subject);
}
