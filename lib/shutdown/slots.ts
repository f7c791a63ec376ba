/** Lets at most `limit` pieces of work run at once; the others wait their turn, first come, first served. */
export function slots(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
    let free = limit;
    const queue: (() => void)[] = [];
    return async (work) => {
        if (free > 0) free -= 1;
        else await new Promise<void>((resolve) => queue.push(resolve));
        try {
            return await work();
        } finally {
            const next = queue.shift();
            if (next === undefined) free += 1;
            else next();
        }
    };
}
