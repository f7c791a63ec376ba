import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { catalogue } from "../lib/shutdown/actions";
import type { CatalogueAction, Parameter } from "../lib/shutdown/catalogue";
import locale from "../locales/en-US/shutdown-plan.json";
import { exampleParameters } from "../test/support/example-parameters";

type Texts = Record<string, string> & { label: string; about: string };
const texts = locale["shutdown-plan"].action as Record<string, Texts>;

const kinds: Record<Parameter["kind"], string> = {
    name: "a name", names: "a list of names", path: "an absolute path", paths: "a list of absolute paths", seconds: "seconds", minutes: "minutes", flag: "on or off", choice: "", words: "a list of words",
};

function valueText({ kind, choices, required, fallback }: Parameter): string {
    const form = choices === undefined ? kinds[kind] : choices.map((choice) => `\`${choice}\``).join(", ");
    const absent = required ? "required" : fallback === undefined ? "none" : typeof fallback === "boolean" ? (fallback ? "on" : "off") : `\`${String(fallback)}\``;
    return `${form} | ${absent}`;
}

function section(action: CatalogueAction): string {
    const words = texts[action.verb];
    if (words === undefined) throw new Error(`locales/en-US/shutdown-plan.json says nothing about ${action.verb}`);
    const example = exampleParameters[action.verb] ?? {};
    const rows = action.parameters.map((parameter) => `| \`${parameter.name}\` | ${words[parameter.name] ?? fail(`${action.verb}.${parameter.name} has no label`)} | ${valueText(parameter)} |`);
    const undo = action.undo?.(example, { did: [], sinceS: 0 }, { root: false, timeoutS: 60 });
    const rules = action.privileged(example).map((rule) => (rule[0] === "-u" ? `${rule.slice(2).join(" ")}   (as ${rule[1]})` : rule.join(" ")));
    return [
        `### ${words.label}`, "", `\`${action.verb}\`: ${words.about}`, "",
        ...(rows.length === 0 ? [] : ["| parameter | | values | when empty |", "|---|---|---|---|", ...rows, ""]),
        `Way back: ${undo === undefined ? "none" : "yes"}. After an interruption: ${action.repeatable ? "repeated" : "not repeated, its outcome is told as unknown"}.${action.leastS === undefined ? "" : ` Least time limit in the example: ${action.leastS(example)} s.`}`, "",
        ...(rules.length === 0 ? ["Needs no right of root.", ""] : [`With \`${JSON.stringify(example)}\`, sudo must allow:`, "", "```", ...rules, "```", ""]),
    ].join("\n");
}

function fail(why: string): never {
    throw new Error(why);
}

/** docs/actions.md, out of the catalogue: what the page says is what the code does. */
export function actionsPage(): string {
    const [steps, ends] = [catalogue.filter(({ ends }) => !ends), catalogue.filter(({ ends }) => ends)];
    return `# What a plan can do to a host

<!-- Made by scripts/actions-page.ts from the catalogue; a test keeps it true. To change it: node --import tsx scripts/actions-page.ts -->

A host's steps are taken in order, each within its time limit; what comes last switches the host off. A message can start a plan, never say what it does.

* **Asked first, then made.** Whatever runs on a host (machines, containers, mounts) is asked to stop, gets its time, and is then made to. The time limit of the
  step must leave 15 s on top of that. All of it happens on the host, by the host's own clock: a broken connection stops nothing half-way.
* **Unknown is not stopped.** A step has succeeded when the host's own list no longer shows what was to stop. A list that fails or hangs is a failed step, and told.
* **The way back** starts exactly what this run has stopped, if power returns before the first host is switched off.
* **No text becomes a command.** Names and paths go to the host as arguments; blanks and everything that a shell could act on are refused. A guest whose name has
  blanks is stopped like any other; to name it in \`only\` or \`except\`, take its UUID or number.
* Containers with the restart policy \`unless-stopped\` stay down after the next boot when they were stopped one by one. Where that matters, stop the service
  \`docker\` instead: its containers come back with it.

An account that is root needs no sudo. Any other needs the lines below, which the plan's dialog makes for each host, together with a key that can do nothing
else. \`sudo\` is switched off for accounts that may do it themselves (groups \`docker\`, \`libvirt\`): such an account is as good as root, so the lines are the
narrower way. Names that only the host knows come in over \`xargs\`, each as one word behind the fixed ones.

## Steps

${steps.map(section).join("\n")}
## Switching off

${ends.map(section).join("\n").trimEnd()}
`;
}

if (require.main === module) writeFileSync(join(__dirname, "../docs/actions.md"), actionsPage());
