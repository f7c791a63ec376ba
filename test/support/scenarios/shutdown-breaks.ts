import assert from "node:assert/strict";
import { rows } from "./rows";
import type { BrokenScenario } from "./scenario";
import { nas, notArmed, off, one, outage, restored, stop, untouched } from "./shutdown-story";
import type { Stage } from "./stage";

/** What lets go of a service that stops for as long as the break has not come, however late the other stories are. */
const held = new Map<Stage, () => void>();
const patient = { stopTimeout: "300" };

/** What is really done to hosts, with a break in the middle. */
export const shutdownBreaks: readonly BrokenScenario[] = [
    {
        title: "57b a host key that the dialog's button has learned holds over a new start, and a host that was set up anew is refused until somebody learns its new one",
        layout: { ...one, hosts: [{ ...nas, key: "learned" }] },
        acts: {
            stop: {
                async before(stage) {
                    await outage(stage, "ups1");
                    assert.deepEqual([stage.outcomes("ups1"), stage.orders("nas")], [["completed"], [stop("nfs-server"), off]]);
                    await restored(stage, "ups1");
                },
                async after(stage) {
                    // A stop may come before a slow disk has it that the outage is over: then mains is waited for once more.
                    await stage.until("armed", () => stage.verdict("ups1")?.decision === "none");
                    await outage(stage, "ups1");
                    assert.deepEqual([stage.outcomes("ups1"), stage.orders("nas").length], [["completed"], 4]);
                    await restored(stage, "ups1");
                    await stage.machine("nas").setUpAnew();
                    const { logins } = stage.machine("nas");
                    await outage(stage, "ups1", 2);
                    assert.equal(stage.runs("ups1")[1]?.outcome, "incomplete");
                    assert.match(stage.runs("ups1")[1]?.text ?? "", /its host key is not the pinned one \(it shows SHA256:.*learn its key again in the dialog/);
                    assert.deepEqual([stage.orders("nas").length, stage.machine("nas").logins - logins], [4, 0], "nothing was shown to it");
                },
            },
        },
    },
    {
        title: "54d the plan is broken when the outage comes: told, and nobody is shut down; mended by a deploy in the middle of it, the run begins then, once",
        layout: { ...one, hosts: [nas], levels: true, plan: { final: "explode" } },
        redeployed: { ...one, hosts: [nas], levels: true },
        acts: {
            redeploy: {
                async before(stage) {
                    await notArmed(stage, /final must be one of/);
                    untouched(stage, "nas");
                },
                async after(stage) {
                    await stage.until("the run", () => stage.runs("ups1").some(({ outcome }) => outcome === "completed"));
                    await stage.polls("ups1", 4);
                    assert.deepEqual(stage.orders("nas"), [stop("nfs-server"), off]);
                },
            },
        },
    },
    {
        title: "54e deployed again in the middle of a run: it goes on where it was, and there is one report",
        layout: { ...one, hosts: [{ name: "nas", services: ["web", "nfs-server"], row: patient }] },
        acts: {
            redeploy: {
                async before(stage) {
                    held.set(stage, stage.machine("nas").holds("nfs-server"));
                    await stage.apply("ups1", rows["low-battery"]);
                    await stage.until("the second service", () => stage.orders("nas").length === 2);
                },
                async after(stage) {
                    held.get(stage)?.();
                    await stage.until("the report", () => stage.runs("ups1").length === 1, 60_000);
                    await stage.polls("ups1", 4);
                    // What was under way is asked for once more, since stopping twice does no harm; nothing else is.
                    assert.deepEqual([...new Set(stage.orders("nas"))], [stop("web"), stop("nfs-server"), off]);
                    assert.deepEqual([stop("web"), off].map((order) => stage.orders("nas").filter((each) => each === order).length), [1, 1]);
                    assert.deepEqual(stage.outcomes("ups1"), ["completed"]);
                },
            },
        },
    },
    {
        title: "54f deployed with a broken plan in the middle of a run: the run ends there and says so, nobody is switched off, and Node-RED and its reader go on",
        layout: { ...one, hosts: [{ ...nas, row: patient }] },
        redeployed: { ...one, hosts: [{ ...nas, row: patient }], plan: { final: "explode" } },
        acts: {
            redeploy: {
                async before(stage) {
                    held.set(stage, stage.machine("nas").holds("nfs-server"));
                    await stage.apply("ups1", rows["low-battery"]);
                    await stage.until("its service", () => stage.orders("nas").length === 1);
                },
                async after(stage) {
                    await stage.until("the report", () => stage.runs("ups1").length === 1);
                    assert.match(stage.runs("ups1")[0]?.text ?? "", /the run was interrupted and is not continued: .*final must be one of/);
                    await stage.polls("ups1", 4);
                    assert.deepEqual([stage.orders("nas"), stage.status("sequencer/ups1")?.fill, stage.red.ended], [[stop("nfs-server")], "red", false]);
                    held.get(stage)?.();
                },
            },
        },
    },
];
