import { createHash } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AnkerAccount } from "../../lib/devices/anker-account";
import { regionOf } from "../../lib/devices/anker-cloud";
import type { Credentials } from "../../lib/devices/anker-login";
import type { SessionStore } from "../../lib/devices/anker-session";
import { AnkerStream } from "../../lib/devices/anker-stream";
import { systemClock } from "../../lib/kit/clock";
import { LoginFiles } from "./login-files";

interface Shared {
    place: string;
    credentials: Credentials;
    files: LoginFiles;
    stream: AnkerStream;
    users: number;
}

/** Four times as long as a token lives, ms. */
const oldMs = 30 * 86_400_000;

const inUse = new Map<string, Shared>();

/** A node's part in a login. */
export interface Share {
    /** How errors name the account: by the node that was the first to have it. */
    place: string;
    stream: AnkerStream;
    /** @param removed the node is no more: when it was the last one, the login is forgotten */
    leave(removed: boolean): Promise<void>;
}

/** The name of the files of a login: it does not tell whose it is. */
export function loginName({ email, country }: Pick<Credentials, "email" | "country">): string {
    return createHash("sha256").update(`${regionOf(country)} ${email.toLowerCase()}`).digest("hex").slice(0, 32);
}

/**
 * The one login of an account in this Node-RED, however many nodes have it: a second login would put the first one out.
 * @param path of the login's files, without extension: `loginName` in the folder of the logins
 * @param former where an older version kept this node's login
 * @param place how errors name the account of this node
 * @returns undefined when nodes that do not agree with this one's password and country use it
 */
export function shareLogin({ path, former, place, credentials, warn }: { path: string; former: string; place: string; credentials: Credentials; warn: (text: string) => void }): Share | undefined {
    const shared = inUse.get(path) ?? begin(path, place, credentials, warn);
    if (shared.credentials.password !== credentials.password || shared.credentials.country !== credentials.country) return undefined;
    inUse.set(path, shared);
    shared.users += 1;
    let here = true;
    shared.files.takeOver(former);
    const { stream, files } = shared;
    return {
        place: shared.place,
        stream,
        async leave(removed) {
            if (!here) return;
            here = false;
            shared.users -= 1;
            if (shared.users > 0) return;
            inUse.delete(path);
            stream.close();
            if (removed) await files.remove();
            // A login that is under way is one of the few that Anker allows: its token is kept for the account's next start.
            else await stream.account.landed();
        },
    };
}

function begin(path: string, place: string, credentials: Credentials, warn: (text: string) => void): Shared {
    const files = new LoginFiles(path, warn);
    const store: SessionStore = {
        load: () => {
            void forgetOld(dirname(path)).catch(() => undefined);
            return files.load();
        },
        save: (session) => files.save(session),
    };
    return { place, credentials, files, stream: new AnkerStream(new AnkerAccount({ ...credentials, clock: systemClock, store })), users: 0 };
}

/** Removes logins that no node has any more, because its email was changed, and that have long ended. */
async function forgetOld(folder: string): Promise<void> {
    for (const name of (await readdir(folder)).filter((other) => /^[0-9a-f]{32}[.-]/.test(other))) {
        const path = join(folder, name);
        if (!inUse.has(path.slice(0, folder.length + 33)) && systemClock.wall() - (await stat(path)).mtimeMs > oldMs) await rm(path, { force: true });
    }
}
