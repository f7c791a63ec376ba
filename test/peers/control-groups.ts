import { existsSync, mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";

/** The folders of a control group in every hierarchy: without its own, the systemds of two hosts would share theirs. */
function cgroupFolders(name: string): string[] {
    const top = "/sys/fs/cgroup";
    const roots = existsSync(join(top, "cgroup.procs")) ? [top] : readdirSync(top).map((entry) => join(top, entry)).filter((folder) => existsSync(join(folder, "cgroup.procs")));
    return roots.map((folder) => join(folder, name));
}

/** Makes it in every hierarchy that lets us. @returns its folders */
export function makeCgroups(name: string): string[] {
    return cgroupFolders(name).filter((folder) => {
        try {
            mkdirSync(folder, { recursive: true });
            return true;
        } catch {
            return false;
        }
    });
}

/** Control groups are removed from the leaves up; their files go by themselves. */
export function removeCgroups(name: string): void {
    for (const folder of cgroupFolders(name).filter((path) => existsSync(path))) {
        const inner = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
        for (const path of [folder, ...inner].sort((a, b) => b.length - a.length)) {
            try {
                rmdirSync(path);
            } catch {
                // Busy for a moment longer, or a hierarchy that we may not write: not worth a failed test.
            }
        }
    }
}
