import { parseLogins, parseSaved, type Saved } from "../../lib/devices/anker-saved";
import { subject, type SessionStore } from "../../lib/devices/anker-session";
import { withDeadline } from "../../lib/kit/deadline";
import { Trouble } from "../../lib/kit/trouble";
import { StateFile } from "../../lib/stores/state-file";

/** A disk that hangs must not hold those who ask for ever, ms. */
const patienceMs = 5000;

/** The files in which a login lies, readable by their owner alone: the session, and apart from it when logins were made. */
export class LoginFiles implements SessionStore {
    readonly #session: StateFile<unknown>;
    readonly #count: StateFile<unknown>;
    /** Where older versions kept the login: a file for each node. */
    readonly #former = new Map<string, StateFile<unknown>>();
    #damaged = false;
    #counted: string | undefined;
    #gone = false;

    /** @param path without its extension */
    constructor(path: string, readonly warn: (text: string) => void) {
        this.#session = new StateFile(`${path}.json`, (value) => value);
        this.#count = new StateFile(`${path}-logins.json`, (value) => value);
    }

    /** Takes over what an older version kept there, when it loads for the first time. */
    takeOver(path: string): void {
        if (!this.#former.has(path)) this.#former.set(path, new StateFile(path, (value) => value));
    }

    async load(): Promise<{ session?: unknown; logins?: unknown; damaged: boolean }> {
        try {
            return await withDeadline({ ms: patienceMs, subject: "the disk" }, () => this.#load());
        } catch (error) {
            throw new Trouble("disk", `${subject}: its saved login could not be read, so none is made`, "look after Node-RED's folder", { cause: error });
        }
    }

    async save(session: Saved): Promise<void> {
        // It does not outlive the account: what is still under way then leaves no secret behind.
        if (this.#gone) throw new Trouble("stopped", "the account was removed");
        const count = JSON.stringify(session.logins);
        const counting = count === this.#counted ? undefined : this.#count.save({ logins: session.logins }).then(() => (this.#counted = count));
        await Promise.all([this.#session.save(session), counting]);
    }

    async remove(): Promise<void> {
        this.#gone = true;
        await Promise.all([this.#session, this.#count, ...this.#former.values()].map((file) => file.remove()));
    }

    async #load(): Promise<{ session?: unknown; logins?: unknown; damaged: boolean }> {
        const [session, count] = await Promise.all([this.#read(this.#session), this.#read(this.#count)]);
        const former = (await Promise.all([...this.#former.values()].map((file) => this.#read(file)))).map(parseSaved).filter((saved) => saved !== undefined);
        const logins = parseLogins((count as { logins?: unknown } | undefined)?.logins);
        if (former.length === 0) return { session, logins, damaged: this.#damaged };
        // Of several the last one to log in has put the others out.
        const loggedIn = ({ token, logins: at }: Saved): number => (token === undefined ? 0 : Math.max(0, ...at));
        const newest = former.sort((one, other) => loggedIn(other) - loggedIn(one))[0];
        const taken = parseSaved(session) ?? newest;
        const all = [...new Set([...logins ?? [], ...former.flatMap((saved) => saved.logins)])];
        if (taken !== undefined) await this.save({ ...taken, logins: all });
        for (const file of this.#former.values()) await file.remove();
        return { session: taken, logins: all, damaged: this.#damaged };
    }

    async #read(file: StateFile<unknown>): Promise<unknown> {
        const loaded = await file.load();
        if (loaded.kind === "set-aside") {
            this.#damaged = true;
            this.warn(`the saved login was damaged and set aside as ${loaded.movedTo}`);
        }
        return loaded.kind === "loaded" ? loaded.value : undefined;
    }
}
