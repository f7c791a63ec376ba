import type { Place } from "../catalogue";

/** The command as the account may run it: root runs it as it is, since small systems have no sudo. */
export function asRoot(argv: readonly string[], { root }: Pick<Place, "root">): string[] {
    return root ? [...argv] : ["sudo", "-n", ...argv];
}
