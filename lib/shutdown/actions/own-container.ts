import { readFileSync } from "node:fs";

/**
 * The id of the container that this process runs in, out of what the kernel says of a process: the files that Docker and
 * podman (whose folder is named after its storage: "overlay-containers", "zfs-containers") mount into a container lie in a
 * folder named after it; control groups of the first version bear its name.
 * @param mountinfo /proc/self/mountinfo @param cgroup /proc/self/cgroup
 */
export function containerIn(mountinfo: string, cgroup: string): string | undefined {
    const mounted = /\/(?:[a-z0-9]+-)?containers\/([0-9a-f]{64})\/\S*\s(?:\/etc\/host(?:name|s)|\/etc\/resolv\.conf|\/run\/\.containerenv)\s/.exec(mountinfo);
    return mounted?.[1] ?? /(?:docker[/-]|libpod-)([0-9a-f]{64})/.exec(cgroup)?.[1];
}

let known: { id: string | undefined } | undefined;

/** The id of the container that Node-RED runs in; undefined when it runs in none. */
export function ownContainer(): string | undefined {
    return (known ??= { id: containerIn(textOf("/proc/self/mountinfo"), textOf("/proc/self/cgroup")) }).id;
}

/**
 * That id as a word for scripts. It is another one after each upgrade of Node-RED, so a host's forced command takes any id
 * behind this mark.
 */
export function ownWord(): string {
    return `${ownMark}${ownContainer() ?? ""}`;
}
export const ownMark = "own:";

function textOf(path: string): string {
    try {
        return readFileSync(path, "utf8");
    } catch {
        return "";
    }
}
