import { backOffMs } from "../kit/back-off";
import { sleep } from "../kit/clock";
import { toTrouble, Trouble } from "../kit/trouble";
import type { AnkerAccount } from "./anker-account";
import type { Broker } from "./anker-broker";
import { cloudInUse } from "./anker-cloud";
import type { AnkerDevice } from "./anker-device";
import { commandEnvelope, openEnvelope, topics } from "./anker-envelope";
import type { Frame } from "./anker-frame";
import { openLink, type Link } from "./anker-link";

/** Who listens to a device. Nothing of it may throw. */
export interface Listener {
    /** The account's serial number of the device; empty: its only one. */
    serial: string;
    /** The device can be heard from now on. */
    up(device: AnkerDevice): void;
    frame(frame: Frame): void;
    /** It can't be heard. */
    trouble(trouble: Trouble): void;
    /** It said something that is not understood; the next message may be. */
    doubt(text: string): void;
}

/** A place at the stream. */
export interface Seat {
    /** Sends a frame to the device. @throws Trouble of kind "closed" while there is no connection */
    command(frame: Buffer, signal: AbortSignal): Promise<void>;
    leave(): void;
}

interface Place {
    listener: Listener;
    device?: AnkerDevice;
}

const backOff = { minMs: 4000, maxMs: 300_000 };
/** A connection that held for so long was a good one: the next break begins with a short wait again. */
const steadyMs = 60_000;

/** The one connection of an account to the broker, open while somebody listens; it comes back after every break. */
export class AnkerStream {
    readonly #places = new Set<Place>();
    #stop: AbortController | undefined;
    #link: { link: Link; broker: Broker } | undefined;
    #wake: AbortController | undefined;

    constructor(readonly account: AnkerAccount, readonly waits = backOff) {}

    listen(listener: Listener): Seat {
        const place: Place = { listener };
        this.#places.add(place);
        if (this.#stop === undefined) void this.#run((this.#stop = new AbortController()).signal);
        else if (this.#link !== undefined) void this.#join(place, this.#link, this.#stop.signal);
        return {
            command: async (frame, signal) => {
                if (this.#link === undefined || place.device === undefined) throw new Trouble("closed", "Anker broker: not connected");
                const { link, broker } = this.#link;
                const { serial, model } = place.device;
                await link.publish(topics.command(broker, model, serial), commandEnvelope(broker, place.device, frame, this.account.clock.wall()), signal);
            },
            leave: () => {
                this.#places.delete(place);
                if (this.#places.size === 0) this.close();
            },
        };
    }

    /** Tries at once rather than when the wait is over. */
    hurry(): void {
        this.#wake?.abort();
    }

    close(): void {
        this.#stop?.abort();
        this.#stop = undefined;
        this.#link?.link.close();
        this.#link = undefined;
    }

    /** Never rejects. */
    async #run(signal: AbortSignal): Promise<void> {
        const { clock } = this.account;
        let anew = false;
        for (let failures = 0; !signal.aborted; failures += 1) {
            const began = clock.monotonic();
            try {
                const link = await this.#open(signal, anew);
                anew = false;
                for (const place of this.#places) void this.#join(place, link, signal);
                throw await link.link.ended;
            } catch (error) {
                if (signal.aborted) return;
                this.#link?.link.close();
                this.#link = undefined;
                if (clock.monotonic() - began > steadyMs) failures = 0;
                const trouble = toTrouble(error, "Anker cloud");
                // A certificate that the broker no longer takes is replaced, at once the first time. Not every broker says
                // that this is why it hangs up.
                const suspect = trouble.kind === "auth" || (trouble.kind === "closed" && failures > 0);
                const replace = suspect && !anew;
                anew = suspect;
                for (const place of this.#places) {
                    delete place.device;
                    place.listener.trouble(trouble);
                }
                this.#wake = new AbortController();
                await sleep(replace ? this.waits.minMs / 4 : backOffMs(failures, this.waits), clock, AbortSignal.any([signal, this.#wake.signal]));
            }
        }
    }

    async #open(signal: AbortSignal, anew: boolean): Promise<{ link: Link; broker: Broker }> {
        const broker = await this.account.broker(signal, { anew });
        const link = await openLink({
            broker, port: cloudInUse().mqttPort, clock: this.account.clock, signal,
            onMessage: (topic, text) => this.#deliver(topic, text),
        });
        if (signal.aborted) {
            link.close();
            throw new Trouble("stopped", "Anker broker: stopped");
        }
        return (this.#link = { link, broker });
    }

    /** Never rejects: a device that can't be heard is tried again, and does not keep the others from being heard. */
    async #join(place: Place, link: { link: Link; broker: Broker }, signal: AbortSignal): Promise<void> {
        const present = (): boolean => !signal.aborted && this.#link === link && this.#places.has(place);
        for (let failures = 2; present(); failures += 1) {
            try {
                const device = await this.account.device(place.listener.serial, signal);
                await link.link.subscribe(topics.listen(link.broker, device.model, device.serial), signal);
                if (!present()) return;
                place.device = device;
                return place.listener.up(device);
            } catch (error) {
                if (!present()) return;
                place.listener.trouble(toTrouble(error, "Anker cloud"));
                await sleep(backOffMs(failures, this.waits), this.account.clock, signal);
            }
        }
    }

    #deliver(topic: string, text: string): void {
        const serial = topic.split("/")[3];
        const here = [...this.#places].filter(({ device }) => device?.serial === serial);
        try {
            const { frame } = openEnvelope(topic, text);
            for (const { listener } of here) listener.frame(frame);
        } catch (error) {
            for (const { listener } of here) listener.doubt(toTrouble(error, "Anker message").message);
        }
    }
}
