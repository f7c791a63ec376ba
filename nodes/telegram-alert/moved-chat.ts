import type { Node, NodeAPI } from "node-red";
import type { Channel, Outgoing } from "../../lib/alerts/channel";
import { telegramChannel, type TelegramTarget } from "../../lib/alerts/telegram";
import { errorText } from "../../lib/kit/trouble";
import type { StateFile } from "../../lib/stores/state-file";
import { loadState, nodeState } from "../shared/storage";

interface Move {
    from: string;
    to: string;
}

/** The Telegram channel of a node: when its group becomes a supergroup with another id, that is remembered over restarts. */
export class MovedChat implements Channel {
    readonly #file: StateFile<Move>;
    readonly #channel: Promise<Channel>;

    constructor(RED: NodeAPI, node: Node, target: TelegramTarget) {
        this.#file = nodeState(RED, node, parseMove);
        const from = target.chatId;
        const onMoved = (to: string): void => {
            node.warn(`the group is a supergroup now, its chat id is ${to}: alerts go there, please put it into the node`);
            this.#file.save({ from, to }).catch((error: unknown) => node.warn(`the new chat id could not be saved: ${errorText(error)}`));
        };
        this.#channel = loadState(RED, node, this.#file, { loss: "alerts go to the chat of the node's settings again" }).then((move) => telegramChannel(move?.from === from ? { ...target, chatId: move.to } : target, { onMoved }));
    }

    async send(message: Outgoing, signal: AbortSignal): Promise<void> {
        await (await this.#channel).send(message, signal);
    }

    forget(): Promise<void> {
        return this.#file.remove();
    }
}

function parseMove(value: unknown): Move | undefined {
    const { from, to } = (value ?? {}) as Partial<Move>;
    return typeof from === "string" && typeof to === "string" ? { from, to } : undefined;
}
