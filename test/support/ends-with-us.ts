import type { ChildProcess } from "node:child_process";

const running = new Set<ChildProcess>();

/** Ends a test's server at the latest with the tests' process, where a test failed before it came to that: nothing may write into a folder that is gone. */
export function endsWithUs<Child extends ChildProcess>(child: Child): Child {
    // Before the folders are removed, which happens at the same end.
    if (running.size === 0) process.prependOnceListener("exit", endAll);
    running.add(child);
    child.once("exit", () => {
        running.delete(child);
        if (running.size === 0) process.off("exit", endAll);
    });
    return child;
}

function endAll(): void {
    for (const child of running) child.kill("SIGKILL");
}
