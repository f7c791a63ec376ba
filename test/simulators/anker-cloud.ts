import { createDecipheriv, createECDH, createHash, randomBytes, X509Certificate } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import tls from "node:tls";
import { Aedes, type Client } from "aedes";
import type { AnkerCloud } from "../../lib/devices/anker-cloud";
import { newAuthority, type Identity } from "./anker-cloud-certificates";
import { askedSeconds, blankFrame, restingStation, stateFrame, type StationState } from "./anker-cloud-station";

/** What the simulated cloud answers instead of the usual. */
export type Fault =
    | { code: number; msg?: string }
    | { status: number; text?: string }
    | { data: unknown }
    /** The usual, so many ms later. */
    | { slowMs: number }
    | "hang" | "hang up" | "garbage";

export interface CloudOptions {
    email?: string;
    password?: string;
    /** The region that knows the account's devices. */
    country?: string;
    /** The device belongs to another account: the broker refuses it. */
    shared?: boolean;
    /** ms between two messages of a triggered device. */
    frameMs?: number;
    /** How long a trigger of N seconds lasts, ms for a second: makes time pass faster. */
    secondMs?: number;
    /** Life of the client certificates, from now. */
    certificateMs?: number;
}

interface Login {
    token: string;
    userId: string;
}

export const stationSerial = "TESTA1790P000001";
const userId = "1541fc0a3db5a23e3c4ee27c6ed0616444e1ab8c";
const serverKey = createECDH("prime256v1");
serverKey.generateKeys();

/**
 * Anker's cloud on loopback: REST over HTTPS, and an MQTT broker that wants client certificates, with one F3800 Plus behind
 * it. It decrypts the password, knows one token at a time, and can be told to misbehave. Shapes: research on
 * thomluther/anker-solix-api (MIT).
 */
export class AnkerCloudSimulator {
    readonly requests: { endpoint: string; country: string | undefined; loggedIn: boolean }[] = [];
    readonly triggers: number[] = [];
    readonly clientIds: string[] = [];
    station: StationState = { ...restingStation };
    /** s added to the device's clock. */
    skewSeconds = 0;
    silent = false;
    damaged = false;
    /** What the devices list holds besides. */
    country: string;
    shared: boolean;
    #login: Login | undefined;
    #faults = new Map<string, Fault[]>();
    #authority = newAuthority();
    #rest: https.Server | undefined;
    #mqtt: tls.Server | undefined;
    #broker: Aedes | undefined;
    #sockets = new Set<Socket>();
    #refusedCertificates = new Set<string>();
    #sending: { timer: NodeJS.Timeout; until: number } | undefined;

    constructor(readonly options: CloudOptions = {}) {
        this.country = options.country ?? "US";
        this.shared = options.shared ?? false;
    }

    /** Log-ins that the cloud has seen, refused ones too. */
    get logins(): number {
        return this.requests.filter(({ endpoint }) => endpoint === "passport/login").length;
    }

    async start(): Promise<this> {
        const server = this.#authority.issue("localhost", { from: Date.now() - 86_400_000, to: Date.now() + 86_400_000 });
        this.#rest = https.createServer({ cert: server.certificate, key: server.key }, (request, reply) => void this.#answer(request, reply));
        this.#broker = await this.#newBroker();
        this.#mqtt = tls.createServer({ cert: server.certificate, key: server.key, ca: this.#authority.certificate, requestCert: true, rejectUnauthorized: true }, (socket) => {
            if (this.#refusedCertificates.has(new X509Certificate(socket.getPeerCertificate(true).raw).serialNumber)) return void socket.destroy();
            this.#broker?.handle(socket);
        });
        for (const server of [this.#rest, this.#mqtt]) {
            server.on("connection", (socket: Socket) => {
                this.#sockets.add(socket);
                socket.on("close", () => this.#sockets.delete(socket));
                socket.on("error", () => undefined);
            });
            server.on("tlsClientError", () => undefined);
            await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        }
        return this;
    }

    /** How to reach it, for `useCloud`. */
    cloud(): AnkerCloud {
        const port = (this.#rest?.address() as AddressInfo).port;
        return {
            baseUrl: (country) => `https://localhost:${port}/${country}`,
            allows: (host) => host === "localhost",
            serverPublicKey: serverKey.getPublicKey("hex"),
            mqttPort: (this.#mqtt?.address() as AddressInfo).port,
            ca: this.#authority.certificate,
        };
    }

    async stop(): Promise<void> {
        this.#stopSending();
        for (const socket of this.#sockets) socket.destroy();
        await new Promise<void>((resolve) => (this.#broker === undefined ? resolve() : this.#broker.close(() => resolve())));
        await Promise.all([this.#rest, this.#mqtt].map((server) => new Promise<void>((resolve) => (server?.listening ? server.close(() => resolve()) : resolve()))));
    }

    /** The next answers of an endpoint ("passport/login"), one after the other. */
    failNext(endpoint: string, ...faults: Fault[]): void {
        this.#faults.set(endpoint, [...(this.#faults.get(endpoint) ?? []), ...faults]);
    }

    /** The token has ended, as after its week or after a login elsewhere. */
    endToken(): void {
        this.#login = undefined;
    }

    /** Cuts every connection to the broker. */
    dropBroker(): void {
        this.#stopSending();
        for (const client of Object.values((this.#broker as unknown as { clients: Record<string, Client> }).clients)) client.conn.destroy();
    }

    /** How many connections to the broker are open. */
    get connections(): number {
        return this.#broker?.connectedClients ?? 0;
    }

    /** The broker no longer takes the certificates given out so far. */
    refuseOldCertificates(): void {
        for (const certificate of this.#issued) this.#refusedCertificates.add(new X509Certificate(certificate).serialNumber);
        this.dropBroker();
    }
    #issued: string[] = [];

    /** One message of the device now, whether it was asked or not. */
    say(frame = stateFrame(this.station, this.#deviceSeconds(), this.damaged), retain = false): void {
        const payload = JSON.stringify({
            head: { version: "1.0.0.1", client_id: stationSerial, sess_id: "6071-1009", msg_seq: 727, cmd: 16, cmd_status: 1, sign_code: 0, seed: "null", timestamp: Math.floor(Date.now() / 1000) },
            payload: JSON.stringify({ data: frame.toString("base64"), sn: stationSerial, pn: "A1790P" }),
        });
        this.sayText(payload, retain);
    }

    sayBlank(): void {
        this.say(blankFrame(this.#deviceSeconds()));
    }

    /** @param retain the broker keeps it for whoever listens later */
    sayText(payload: string, retain = false): void {
        this.#broker?.publish({ cmd: "publish", topic: `dt/anker_power/A1790P/${stationSerial}/param_info`, payload: Buffer.from(payload), qos: 0, dup: false, retain }, () => undefined);
    }

    #deviceSeconds(): number {
        return Math.floor(Date.now() / 1000) + this.skewSeconds;
    }

    async #newBroker(): Promise<Aedes> {
        const broker = await Aedes.createBroker({
            preConnect: (_client, packet, done) => {
                this.clientIds.push(packet.clientId);
                done(null, true);
            },
            authorizeSubscribe: (_client, subscription, done) => done(null, this.shared || !subscription.topic.startsWith(`dt/anker_power/A1790P/${stationSerial}/`) ? null : subscription),
            authorizePublish: (_client, packet, done) => done(packet.topic === `cmd/anker_power/A1790P/${stationSerial}/req` ? null : new Error("not yours")),
        });
        broker.on("publish", (packet, client) => {
            if (client !== null && packet.topic.startsWith("cmd/")) this.#command(packet.payload.toString());
        });
        broker.on("clientError", () => undefined);
        broker.on("connectionError", () => undefined);
        return broker;
    }

    #command(text: string): void {
        const { head, payload } = JSON.parse(text) as { head: { cmd: number; device_sn: string; client_id: string }; payload: string };
        const { device_sn, account_id, data } = JSON.parse(payload) as Record<string, string>;
        if (head.cmd !== 17 || head.device_sn !== stationSerial || device_sn !== stationSerial || account_id !== userId || !head.client_id.startsWith(`android-anker_power-${userId}-`)) return;
        const seconds = askedSeconds(Buffer.from(data ?? "", "base64"));
        if (seconds === undefined || seconds < 30 || seconds > 600) return;
        this.triggers.push(seconds);
        const until = Date.now() + seconds * (this.options.secondMs ?? 1000);
        if (this.#sending !== undefined) return void (this.#sending.until = until);
        const timer = setInterval(() => {
            if (this.#sending === undefined || Date.now() > this.#sending.until) return this.#stopSending();
            if (!this.silent) this.say();
        }, this.options.frameMs ?? 50);
        this.#sending = { timer, until };
    }

    #stopSending(): void {
        clearInterval(this.#sending?.timer);
        this.#sending = undefined;
    }

    async #answer(request: IncomingMessage, reply: ServerResponse): Promise<void> {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const [, base, ...path] = (request.url ?? "").split("/");
        const endpoint = path.join("/");
        const loggedIn = this.#login !== undefined && request.headers["x-auth-token"] === this.#login.token && request.headers.gtoken === createHash("md5").update(userId).digest("hex");
        this.requests.push({ endpoint, country: base, loggedIn });
        const send = (status: number, text: string): void => {
            reply.writeHead(status, { "content-type": "application/json" });
            reply.end(text);
        };
        const ok = (data: unknown): void => send(200, JSON.stringify({ code: 0, msg: "success!", data, trace_id: "0" }));
        const refuse = (code: number, msg: string): void => send(200, JSON.stringify({ code, msg, trace_id: "0" }));
        const next = this.#faults.get(endpoint)?.shift();
        const slowMs = typeof next === "object" && "slowMs" in next ? next.slowMs : 0;
        if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs));
        const fault = typeof next === "object" && "slowMs" in next ? undefined : next;
        if (fault === "hang") return;
        if (fault === "hang up") return void request.socket.destroy();
        if (fault === "garbage") return send(200, "<html>maintenance</html>");
        if (fault !== undefined && "code" in fault) return refuse(fault.code, fault.msg ?? "Failed to request.");
        if (fault !== undefined && "status" in fault) return send(fault.status, fault.text ?? "");
        if (fault !== undefined) return ok(fault.data);

        const body = JSON.parse(Buffer.concat(chunks).toString() || "{}") as Record<string, unknown>;
        if (endpoint === "passport/login") return this.#answerLogin(body, request, ok, refuse);
        if (!loggedIn) return this.#login === undefined ? send(401, JSON.stringify({ code: 401, msg: "Unauthorized" })) : refuse(26084, "token does not exist, kicked out");
        if (endpoint === "power_service/v1/app/get_relate_and_bind_devices") {
            return ok({ data: base === this.country ? [{ device_sn: stationSerial, product_code: "A1790P", device_name: "SOLIX F3800 Plus", alias_name: "Cellar", wifi_online: !this.silent, owner_user_id: userId, charge: false, bws_surplus: 0 }] : [] });
        }
        if (endpoint === "app/devicemanage/get_user_mqtt_info") {
            const { certificate, key } = this.#newCertificate();
            return ok({
                user_id: userId, app_name: "anker_power", thing_name: `${userId}-anker_power`, certificate_id: "36167916173028037311485710012973829433",
                certificate_pem: certificate, private_key: key, public_key: "", endpoint_addr: "localhost", aws_root_ca1_pem: this.#authority.certificate, origin: "", pkcs12: "",
            });
        }
        return refuse(10004, "not found");
    }

    #newCertificate(): Identity {
        const lifeMs = this.options.certificateMs ?? 365 * 86_400_000;
        const identity = this.#authority.issue("AWS IoT Certificate", { from: Date.now() - 3_600_000, to: Date.now() + lifeMs });
        this.#issued.push(identity.certificate);
        return identity;
    }

    #answerLogin(body: Record<string, unknown>, request: IncomingMessage, ok: (data: unknown) => void, refuse: (code: number, msg: string) => void): void {
        const client = (body.client_secret_info as { public_key: string }).public_key;
        const secret = serverKey.computeSecret(Buffer.from(client, "hex"));
        const decipher = createDecipheriv("aes-256-cbc", secret, secret.subarray(0, 16));
        const password = decipher.update(String(body.password), "base64", "utf8") + decipher.final("utf8");
        const { email = "user@example.com", password: wanted = "correct horse battery" } = this.options;
        if (body.enc !== 0 || typeof body.time_zone !== "number" || typeof body.transaction !== "string" || !/^GMT[+-]\d\d:\d\d$/.test(String(request.headers.timezone))) return refuse(10003, "Failed to request.");
        if (body.email !== email || password !== wanted) return refuse(26108, "Incorrect account or password");
        this.#login = { token: randomBytes(24).toString("hex"), userId };
        ok({
            user_id: userId, email, nick_name: "tes***", auth_token: this.#login.token, token_expires_at: Math.floor(Date.now() / 1000) + 604_800, ab_code: body.ab, geo_key: "",
            token_id: 46480989, server_secret_info: { public_key: serverKey.getPublicKey("hex") }, fa_info: { step: 0, info: "" },
        });
    }
}
