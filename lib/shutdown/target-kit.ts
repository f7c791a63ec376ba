import { ownMark } from "./actions/own-container";
import { quoted, remoteCommand, wordsOf } from "./commands";
import { inAnyContainer, kitRefusal, mayRun, textsOf } from "./kit-question";
import type { PlanHost, PlanStep } from "./plan";
import { sudoersOf } from "./target-kit-sudoers";

/** The account that a plan logs in with. */
export interface KitAccount {
    user: string;
    /** It is root: no sudo, and no sudoers. */
    root: boolean;
    /** "ssh-ed25519 AAAA...", when it is known. */
    publicKey?: string;
}

/** What a host needs to let a plan do its steps there, and nothing else. Texts of files, to be put there by its owner. */
export interface TargetKit {
    /** For /etc/sudoers.d/ridethrough; undefined where no command needs root, or the account is root. */
    sudoers: string | undefined;
    /** The program that every login with the key ends in, and where it belongs. */
    forcedCommand: { path: string; text: string };
    /** The key's line in the account's authorized_keys. */
    authorizedKeys: string;
}

const forcedPath = "/usr/local/sbin/ridethrough-allowed";

/**
 * The kit of one host of a plan.
 * @param also commands besides those of the plan that the key may run, word by word
 */
export function targetKit(host: PlanHost, account: KitAccount, also: readonly (readonly string[])[] = []): TargetKit {
    const steps = [...host.steps, ...(host.final === undefined ? [] : [host.final])];
    const rules = account.root ? [] : steps.flatMap(({ action, params }) => action.privileged(params));
    return {
        sudoers: rules.length === 0 ? undefined : sudoersOf(host.name, account.user, rules),
        forcedCommand: { path: forcedPath, text: forcedCommand(host.name, [...steps.flatMap((step) => allowedBy(step, account.root)), ...[["true"], ...also].map((words): Allowed => ({ what: words.join(" "), command: remoteCommand(words) }))]) },
        authorizedKeys: `restrict,command="${forcedPath}" ${account.publicKey ?? "PUT-THE-PUBLIC-KEY-HERE"} ridethrough\n`,
    };
}

/** A command that the key may run. `more`: words may follow that only the run knows. */
interface Allowed {
    what: string;
    command: string;
    more?: true;
    /** A drill may ask whether it is allowed. */
    asked?: true;
}

/** The exact texts that a run and a drill send for a step. */
function allowedBy(step: PlanStep, root: boolean): Allowed[] {
    const { action, params, timeoutMs } = step;
    const label = action.label(params);
    const { program, undo, insist } = textsOf(step, root);
    return [
        { what: label, command: program, asked: true },
        ...(insist === undefined ? [] : [{ what: `${label}, where a lock holds it up`, command: insist, asked: true as const }]),
        ...(undo === undefined ? [] : [{ what: `undo: ${label}`, command: undo.text, asked: true as const, ...(undo.more && { more: true as const }) }]),
        { what: `drill: ${label}`, command: inAnyContainer(remoteCommand(wordsOf(action.probe(params, { root, timeoutS: timeoutMs / 1000 })))) },
    ];
}

function forcedCommand(host: string, allowed: readonly Allowed[]): string {
    const unique = allowed.filter(({ command, more }, index) => allowed.findIndex((other) => other.command === command && other.more === more) === index);
    return `#!/bin/sh
# Ridethrough, host ${host}: what its key may run here. Everything else is refused.
# Belongs to ${forcedPath}, owner root, mode 755; the key's line in authorized_keys begins with
#     restrict,command="${forcedPath}"
# Made from the plan: a change of the host's steps or of their time limits needs a new one.
LC_ALL=C
export LC_ALL
command=\${SSH_ORIGINAL_COMMAND-} asked=\${SSH_ORIGINAL_COMMAND-}
# The container that Node-RED runs in has another id after each upgrade: any id does.
case $command in
    *" ${ownMark}"*)
        rest=\${command#*" ${ownMark}"}
        id=\${rest%%[!0-9a-f]*}
        asked="\${command%%" ${ownMark}"*} ${ownMark}\${rest#"$id"}";;
esac
allow() {
    [ "$asked" != "$1" ] || exec /bin/sh -c "$command"
}
# The same, with words behind it that no shell could take for anything else.
allow_more() {
    case $asked in
        "$1") ;;
        "$1 "*) case \${asked#"$1 "} in *[!A-Za-z0-9_.:@+/\\ -]*) return;; esac;;
        *) return;;
    esac
    exec /bin/sh -c "$command"
}
# A drill asks by a mark whether a command would be allowed: nothing is carried out.
known() {
    [ "$command" != "$1" ] || exit 0
}
${unique.map(({ what, command, more, asked }) => `# ${what}\nallow${more ? "_more" : ""} ${quoted(command)}${asked ? `\nknown ${quoted(remoteCommand(mayRun(command)))}` : ""}`).join("\n")}
echo "${kitRefusal}" >&2
exit 126
`;
}
