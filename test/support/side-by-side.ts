/**
 * For tests that wait most of their time and share nothing: `it` as usual, but the next `most` - 1 of them already run
 * while it is the turn of one. Each is reported in its turn, and one that fails does so in its turn.
 */
export function sideBySide(most: number): (name: string, test: () => Promise<unknown>) => void {
    const tests: (() => Promise<unknown>)[] = [];
    // Also those whose turn never comes, where only some are wanted.
    after(() => Promise.allSettled(begun.values()));
    const begun = new Map<number, Promise<unknown>>();
    const begin = (index: number): Promise<unknown> => {
        const running = begun.get(index) ?? tests[index]?.() ?? Promise.resolve();
        begun.set(index, running);
        running.catch(() => undefined);
        return running;
    };
    return (name, test) => {
        const index = tests.push(test) - 1;
        it(name, async () => {
            for (let ahead = 1; ahead < most; ahead += 1) void begin(index + ahead);
            await begin(index);
        });
    };
}
