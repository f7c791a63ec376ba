import type { ShutdownPlan } from "./plan";
import type { StepView } from "./progress";
import type { RunHead } from "./run-view";

const done = { connect: () => "logged in", "stop-service": (name: string) => `stopped ${name}`, act: (what: string) => `${what}: done`, "power-off": (command: string) => `took ${command}`, prove: () => "is down", undo: (what: string) => `${what}: done` } as const;
const doing = { connect: () => "logging in", "stop-service": (name: string) => `stopping ${name}`, act: (what: string) => `${what} ...`, "power-off": (command: string) => `sending ${command}`, prove: () => "going down?", undo: (what: string) => `${what} ...` } as const;

/** What has just happened to a step, for people: "nas: stopped postgresql". */
export function stepText({ host, kind, label, state, error, note, proof }: StepView): string {
    if (kind === "prove" && proof !== undefined) return `${host}: ${proofWords[proof]} (${note ?? error ?? "no more is known"})`;
    const object = kind === "act" || kind === "undo" ? label : label.replace(/^stop /, "");
    switch (state) {
        case "planned":
            return `${host}: ${label} is next`;
        case "running":
            return `${host}: ${doing[kind](object)}`;
        case "done":
            return `${host}: ${done[kind](object)}${note === undefined ? "" : ` (${note})`}`;
        case "failed":
            return `${host}: ${label} failed: ${error ?? "unknown error"}`;
        case "skipped":
            return `${host}: ${label} left out: ${error ?? note ?? "not needed"}`;
        case "would-do":
            return `${host}: would ${kind === "power-off" ? `run ${label}` : label}`;
    }
}

/** What a host reports to have stopped: "web, db". Long ids are cut as their tools cut them. */
export function namesText(names: readonly string[]): string {
    const shown = names.slice(0, mostNames).map((name) => (/^[0-9a-f]{64}$/.test(name) ? name.slice(0, 12) : name));
    return `${shown.join(", ")}${names.length > mostNames ? ` and ${names.length - mostNames} more` : ""}`;
}

const mostNames = 20;

const proofWords = { watts: "is down, by its watts", network: "is down, by the network", sent: "not seen going down", failed: "IS STILL UP" } as const;

/** "3 hosts", "1 service". */
export function count(number: number, what: string): string {
    return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** What a plan comes to: "3 hosts, 6 services, then shutdown -h +2; web stays, fed by ups2". */
export function planText({ hosts }: ShutdownPlan, { fed = [] }: Pick<RunHead, "fed"> = {}): string {
    const steps = hosts.flatMap((host) => host.steps);
    const services = steps.filter(({ action }) => action.verb === "stop-service").length;
    const others = steps.length - services;
    const finals = [...new Set(hosts.flatMap(({ final }) => (final === undefined ? [] : [final.action.label(final.params)])))];
    return `${count(hosts.length, "host")}, ${count(services, "service")}${others === 0 ? "" : `, ${count(others, "other step")}`}, ${finals.length === 0 ? "no final command" : `then ${finals.join(" or ")}`}${fed.length === 0 ? "" : `; ${fedText(fed)}`}`;
}

/** Hosts that stay up, and why: "web, nas stay, fed by ups2". */
export function fedText(fed: NonNullable<RunHead["fed"]>): string {
    return [...new Set(fed.map(({ by }) => by))].map((feed) => {
        const names = fed.filter(({ by }) => by === feed).map(({ host }) => host);
        return `${staysText(names)}, fed by ${feed}`;
    }).join("; ");
}

/** How a run goes on after an interruption. @param waitMs how long it waits first */
export function againText(reason: string, waitMs: number): string {
    return `continuing the shutdown that was interrupted${waitMs > 0 ? ` in ${waitMs / 1000} s, unless power is back` : ""}: ${reason}`;
}

/** S0's word between the services and the final commands. */
export function servicesText(plan: ShutdownPlan, steps: readonly StepView[]): string {
    const services = steps.filter((step) => step.kind === "stop-service");
    const stopped = services.filter((step) => step.state === "done").length;
    const said = stopped === services.length ? "all services stopped" : `${stopped} of ${services.length} services stopped`;
    const { final } = plan;
    if (final.verb === "none") return said;
    const soon = final.verb === "poweroff" || final.delayMinutes === 0 ? "now" : `in ${count(final.delayMinutes, "minute")}`;
    return `${said}, machines shut down ${soon}`;
}

/** "nas stays", "web, nas stay". */
export function staysText(hosts: readonly string[]): string {
    return `${hosts.join(", ")} ${hosts.length === 1 ? "stays" : "stay"}`;
}

/** How a real run ended, from its steps: one line a host that has a problem. @param spared hosts that had power again in time */
export function endText(all: readonly StepView[], spared: readonly string[] = []): string {
    const steps = all.filter(({ host }) => !spared.includes(host));
    const stopped = steps.filter((step) => step.kind === "stop-service" && step.state === "done").length;
    const finals = steps.filter((step) => step.kind === "power-off");
    const off = finals.filter((step) => step.state === "done").length;
    const others = steps.filter((step) => step.kind === "act" && step.state === "done").length;
    const sum = `${count(stopped, "service")} stopped${others === 0 ? "" : `, ${count(others, "other step")} done`}${finals.length === 0 ? "" : `, final command taken by ${off} of ${count(finals.length, "host")}`}${proofText(steps)}`;
    const hosts = [...new Set(all.map((step) => step.host))];
    const problems = hosts.flatMap((host) => {
        const wrong = all.filter((step) => step.host === host && (step.state === "failed" || (step.state === "skipped" && step.error !== undefined)));
        const first = wrong.find((step) => step.state === "failed") ?? wrong[0];
        return first === undefined ? [] : [`${stepText(first)}${wrong.length > 1 ? ` (and ${wrong.length - 1} more)` : ""}`];
    });
    return [`${sum}${spared.length === 0 ? "" : `; ${staysText(spared)}, with power again`}`, ...problems].join("\n");
}

/** How sure it is that machines are down: ", 2 seen dark (1 by its watts, 1 by the network), 1 NOT DOWN". Empty where nobody looked. */
function proofText(steps: readonly StepView[]): string {
    const number = (proof: StepView["proof"]): number => steps.filter((step) => step.proof === proof).length;
    const [watts, network, sent, failed] = [number("watts"), number("network"), number("sent"), number("failed")];
    if (watts + network + sent + failed === 0) return "";
    const how = [watts > 0 ? `${watts} by watts` : "", network > 0 ? `${network} by the network` : ""].filter((text) => text !== "").join(", ");
    return `, ${watts + network} seen dark${how === "" ? "" : ` (${how})`}${sent === 0 ? "" : `, ${sent} not seen going down`}${failed === 0 ? "" : `, ${failed} STILL UP`}`;
}

/** What became of a run that was put back. */
export function backText(steps: readonly StepView[]): string {
    const back = steps.filter((step) => step.kind === "undo");
    const stay = steps.filter((step) => step.kind === "act" && step.state === "done" && !back.some(({ id }) => id === `${step.id}/undo`));
    const failed = back.filter((step) => step.state !== "done");
    const said = back.length === 0 && stay.length === 0 ? ["Nothing had been stopped."] : back.length === 0 ? [] : [`${back.length - failed.length} of ${count(back.length, "step")} put back.`];
    if (failed.length > 0) said.push(`A person has to look at: ${failed.map((step) => stepText(step)).join("; ")}.`);
    if (stay.length > 0) said.push(`There is no way back from: ${stay.map(({ host, label }) => `${host}: ${label}`).join("; ")}.`);
    return said.join(" ");
}

/** The services that a run has stopped and that nobody has started again: "nas: web, db". */
export function stoppedText(steps: readonly StepView[]): string {
    const stopped = steps.filter((step) => step.kind === "stop-service" && step.state === "done");
    if (stopped.length === 0) return "No service had been stopped.";
    const hosts = [...new Set(stopped.map((step) => step.host))];
    const list = hosts.map((host) => `${host}: ${stopped.filter((step) => step.host === host).map((step) => step.label.replace(/^stop /, "")).join(", ")}`);
    return `These services stay stopped until somebody starts them: ${list.join("; ")}.`;
}
