import assert from "node:assert/strict";
import type { ScenarioHost } from "./layout";
import { rows } from "./rows";
import type { Stage } from "./stage";

export const online = rows["online-charging"];
export const one = { upses: { ups1: online } };
export const two = { upses: { ups1: online, ups2: online } };

export const stop = (service: string): string => `sudo -n systemctl stop -- ${service}`;
export const off = "sudo -n shutdown -h +2";
export const nas: ScenarioHost = { name: "nas", services: ["nfs-server"] };

/** The UPS runs low, and the run that follows ends. */
export async function outage(stage: Stage, ups: string, run = 1): Promise<void> {
    await stage.apply(ups, rows["low-battery"]);
    await stage.until(`run ${run} of ${ups}`, () => stage.runs(ups).length === run, 120_000);
}

export async function restored(stage: Stage, ups: string): Promise<void> {
    const before = stage.actions(ups).filter((action) => action === "restored").length;
    await stage.apply(ups, online);
    await stage.until("re-armed", () => stage.actions(ups).filter((action) => action === "restored").length > before);
}

/** Nobody was told anything, whatever the sequencer says. */
export function untouched(stage: Stage, ...hosts: string[]): void {
    for (const host of hosts) assert.deepEqual([stage.orders(host), stage.machine(host).logins], [[], 0], host);
}

/** A plan that is not armed: the outage is told, with why nobody is shut down. */
export async function notArmed(stage: Stage, why: RegExp): Promise<void> {
    const { fill, text = "" } = stage.status("sequencer/ups1") ?? {};
    assert.equal(fill, "red");
    assert.match(text, /^not armed: /);
    await outage(stage, "ups1");
    assert.equal(stage.runs("ups1")[0]?.outcome, "invalid");
    assert.match(stage.runs("ups1")[0]?.text ?? "", why);
    await stage.until("the trouble on Catch", () => stage.problems().some((problem) => why.test(problem)));
    await stage.told("not armed");
}
