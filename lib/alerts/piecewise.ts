/** Sends the pieces of one message after the other. */
export type SendPieces<Piece> = (id: number, pieces: () => Piece[], sendOne: (piece: Piece) => Promise<void>) => Promise<void>;

/** A sender of messages in pieces. When a piece fails, the next call with the same id goes on behind those that went out. */
export function piecewise<Piece>(): SendPieces<Piece> {
    let unfinished: { id: number; left: Piece[] } | undefined;
    return async (id, pieces, sendOne) => {
        const left = unfinished?.id === id ? unfinished.left : pieces();
        while (left[0] !== undefined) {
            await sendOne(left[0]);
            left.shift();
            unfinished = left.length > 0 ? { id, left } : undefined;
        }
    };
}
