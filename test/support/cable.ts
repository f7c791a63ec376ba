import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** A cable between a client and a TCP server on loopback, which a test can cut, or make lose what the server answers. */
export class Cable {
    #server: Server | undefined;
    readonly #ends = new Set<Socket>();
    port = 0;
    /** The next answer of the server to something that matches gets lost, and the connection with it. */
    loseAnswerTo: RegExp | undefined;
    /** Answers that were lost. */
    lost = 0;
    /** A black hole: everything is taken, nothing arrives, and nobody hangs up. */
    swallows = false;

    constructor(readonly to: () => number) {}

    async lay(): Promise<this> {
        this.#server = createServer((client) => this.#join(client));
        await new Promise<void>((resolve) => this.#server?.listen(0, "127.0.0.1", resolve));
        this.port = (this.#server.address() as AddressInfo).port;
        return this;
    }

    /** Ends every connection; new ones are taken. */
    cut(): void {
        for (const end of this.#ends) end.destroy();
    }

    async remove(): Promise<void> {
        this.cut();
        await new Promise((resolve) => (this.#server === undefined ? resolve(undefined) : this.#server.close(resolve)));
    }

    #join(client: Socket): void {
        const server = connect(this.to(), "127.0.0.1");
        let losing = false;
        for (const [end, other] of [[client, server], [server, client]] as const) {
            this.#ends.add(end);
            end.on("error", () => undefined).on("close", () => {
                this.#ends.delete(end);
                other.destroy();
            });
        }
        client.on("data", (chunk) => {
            if (this.swallows) return;
            if (this.loseAnswerTo?.test(chunk.toString("latin1"))) {
                this.loseAnswerTo = undefined;
                losing = true;
            }
            server.write(chunk);
        });
        server.on("data", (chunk) => {
            if (this.swallows) return;
            if (!losing) return void client.write(chunk);
            // "C" + length + "SELECT 1": the statement is done, and committed with it.
            if (!chunk.includes("SELECT 1\0")) return;
            this.lost += 1;
            client.destroy();
        });
    }
}
