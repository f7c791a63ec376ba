import type { Node, NodeAPI, NodeDef } from "node-red";
import { systemClock, type Cancel } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import { playTape, type Played } from "../../lib/stores/tape-deck";
import { readTape } from "../../lib/stores/tape-file";
import { findTape, shippedFolder } from "../../lib/stores/tape-library";
import { adminPost } from "../shared/admin";
import type { StoredConfig } from "../shared/settings";
import { StatusLight } from "../shared/status";
import { listed, tapesFolder } from "../shared/tapes";
import { every, onClose, onInput } from "../shared/wire";
import { Audience } from "./audience";
import { parseCommand, type Command } from "./command";
import { parseConfig } from "./config";
import { wordsOf, type Replay } from "./replay";

/** What the button under the node calls. */
interface PlayerNode extends Node {
    press(): Promise<void>;
}

/** How often a play says how far it is, in ms. */
const progressMs = 1000;
/** The next verdict may take so long to come back, in ms of a process that is not busy; and so long where none has come at all. */
const patience = { ms: 2000, withoutAnyMs: 300, stepMs: 10 };

/** The newest event time that was played: a tape's time may run ahead of the clock, and never goes back with the next one. */
let newest = 0;

/** A play under way, or over and waiting for its last verdicts. */
interface Play {
    audience: Audience;
    replay: Omit<Replay, "text">;
    cancel: Cancel;
}

export = (RED: NodeAPI): void => {
    function TapePlayer(this: PlayerNode, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        const light = new StatusLight(this);
        if (problems.length > 0) {
            const refuse = (): never => {
                throw new Trouble("config", `nothing played: ${problems.join("; ")}`);
            };
            light.show("error", problems.join("; "));
            this.press = () => Promise.resolve().then(refuse);
            onInput(this, refuse);
            return;
        }

        let play: Play | undefined;
        /** Counts what was asked for: a tape that is still being read when the next command comes is not played. */
        let asked = 0;
        light.show("off", "idle");

        const tell = (replay: Omit<Replay, "text">): void => {
            const { text, mood, status } = wordsOf(replay);
            light.show(mood, status);
            this.send([null, { topic: replay.tape, payload: text, replay: { ...replay, text } }]);
        };
        const stop = (): void => {
            asked += 1;
            if (play === undefined) return;
            play.cancel();
            tell({ ...play.replay, state: "stopped" });
            play = undefined;
        };
        /** Gives the last verdicts time to come back: so many looks, since a busy machine judges a fast tape later than it is played, and looks less often. */
        const settle = (mine: Play): void => {
            let looks = 0;
            let { heard } = mine.audience;
            const look = (): void => {
                if (mine.audience.heard > heard) {
                    heard = mine.audience.heard;
                    looks = 0;
                }
                const enough = mine.audience.check() === undefined ? patience.withoutAnyMs : patience.ms;
                if (!mine.audience.hasHeardAll && looks * patience.stepMs < enough) {
                    looks += 1;
                    mine.cancel = systemClock.after(patience.stepMs, look);
                    return;
                }
                play = undefined;
                const check = mine.audience.check();
                tell({ ...mine.replay, state: "ended", ...(check && { check }) });
            };
            look();
        };
        const start = async ({ tape: name, speed }: Command & { do: "play" }): Promise<void> => {
            stop();
            const mine = asked;
            const { path, name: file } = await findTape(name, [tapesFolder(RED), shippedFolder]);
            const tape = await readTape(path);
            if (mine !== asked) return;
            if (tape.bad > 0) this.warn(`tape ${file}: ${tape.bad} lines could not be understood and are left out`);
            const base = Math.max(Math.ceil(systemClock.now()), newest + 1);
            const current: Play = {
                audience: new Audience(tape, base),
                replay: { tape: file, state: "playing", speed, at: 0, readings: 0, of: tape.readings.length },
                cancel: () => undefined,
            };
            play = current;
            tell(current.replay);
            const emit = ({ reading, power }: Played, place: number): void => {
                newest = Math.max(newest, reading.at);
                current.replay = { ...current.replay, at: reading.at - base, readings: place + 1 };
                this.send([{ topic: reading.device, payload: reading.watts ?? reading.charge ?? null, reading, ...(power && { power }) }, null]);
            };
            current.cancel = playTape(tape, { speed, base, clock: systemClock, emit, ended: () => settle(current) });
        };

        onInput(this, async (msg) => {
            const { verdict, payload } = msg as { verdict?: unknown; payload?: unknown };
            if (verdict !== undefined && verdict !== null) return play?.audience.hear(verdict);
            const command = parseCommand(payload, config);
            if (command.do === "stop") return stop();
            await start(command);
        });
        this.press = async () => (play === undefined ? start({ do: "play", ...config }) : stop());

        let told = 0;
        every(this, progressMs, () => {
            if (play === undefined || play.replay.readings === told) return;
            told = play.replay.readings;
            tell(play.replay);
        });
        onClose(this, () => {
            asked += 1;
            play?.cancel();
        });
    }
    RED.nodes.registerType("tape-player", TapePlayer);

    adminPost(RED, "tape-player/tapes", "tape-player.read", async () => ({ ok: true, recorded: await listed(tapesFolder(RED)), shipped: await listed(shippedFolder) }));
    adminPost(RED, "tape-player/:id", "tape-player.write", async (_body, { id }) => {
        const node = RED.nodes.getNode(String(id));
        if (node?.type !== "tape-player") return { ok: false, error: "this player is not deployed" };
        await (node as PlayerNode).press();
        return { ok: true };
    });
};
