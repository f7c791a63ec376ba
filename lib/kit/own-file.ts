import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { errorCode, Trouble } from "./trouble";

/** Nothing of ours grows so long, bytes. */
export const mostOwnBytes = 32 << 20;

/** For opening a file of ours: what lies under its name must be the file itself. A link may lead anywhere, and a pipe hold us up for ever. */
export const notThroughLinks = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The text of a file that we wrote ourselves; undefined where there is none.
 * @throws Trouble of kind "garbage" for what we cannot have written: a link, a folder, or more than `mostOwnBytes`; else the system's error
 */
export async function readOwn(path: string): Promise<string | undefined> {
    try {
        const handle = await open(path, constants.O_RDONLY | notThroughLinks);
        try {
            const found = await handle.stat();
            if (!found.isFile()) throw new Trouble("garbage", `${path} is no file`);
            const { size } = found;
            if (size > mostOwnBytes) throw new Trouble("garbage", `${path} has ${Math.round(size / (1 << 20))} MB, which nobody of us has written`);
            return await handle.readFile("utf8");
        } finally {
            await handle.close();
        }
    } catch (error) {
        const code = errorCode(error);
        if (code === "ENOENT") return undefined;
        throw code === "ELOOP" ? new Trouble("garbage", `${path} is a link to something else`) : error;
    }
}

/**
 * A mark that another text hardly has: it shows that a disk, a crash or a careless hand has changed a file. Somebody who may
 * write our files can write flows as well, and nothing here is made against that.
 */
export function checksum(text: string): string {
    return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}
