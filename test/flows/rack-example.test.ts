import assert from "node:assert/strict";
import type { RunProgress, RunResult } from "../../lib/shutdown/progress";
import { NutServerSimulator } from "../simulators/nut-server";
import { example, nodeOf } from "../support/example-flow";
import { startNodeRed, type NodeRed } from "../support/node-red";

describe("the example 13 Rack with VMs, containers and a NAS", function () {
    this.timeout(90_000);
    const flow = example("13 Rack with VMs, containers and a NAS");
    const plan = nodeOf(flow, "shutdown-plan");
    let red: NodeRed;
    let nut: NutServerSimulator;
    before(async () => {
        nut = await new NutServerSimulator({ upses: { ups1: {} } }).start();
        red = await startNodeRed();
        await red.deploy(flow.map((node) => (node.type === "nut-server" ? { ...node, host: "127.0.0.1", port: String(nut.port) } : node)));
    });
    after(async () => {
        await red?.stop();
        await nut?.stop();
    });
    const press = (name: string): Promise<void> => red.inject(nodeOf(flow, "inject", name).id);
    const results = (): RunResult[] => red.received(nodeOf(flow, "debug", "result").id).map(({ result }) => result as RunResult);

    it("has a plan in which its lint finds nothing", async () => {
        const answer = (await (await red.request("ridethrough/shutdown-plan/preview", { method: "POST", body: plan })).json()) as { problems: string[]; lints: { text: string }[]; text: string };
        assert.deepEqual([answer.problems, answer.lints], [[], []]);
        assert.equal(answer.text, "6 hosts, 1 service, 6 other steps, then shutdown -h +2 or Synology: power off or shutdown -h +5");
    });

    it("rehearses it by button, layer by layer: guests and mounts, their hosts, the NAS, the switch, this machine", async () => {
        await press("on mains");
        await press("UPS runs out");
        await red.eventually(() => results().length === 1, 40_000, () => "the rehearsal");
        const [result] = results();
        assert.deepEqual([result?.outcome, result?.mode, result?.simulated], ["dry-run", "rehearsal", true]);
        const layers: string[][] = [];
        for (const { id, layer = 0, state } of result?.steps ?? []) {
            assert.equal(state, "would-do", id);
            (layers[layer] ??= []).push(id);
        }
        assert.deepEqual(layers.map((ids) => ids.toSorted().join(", ")), [
            "apps/connect, kvm/connect, nas/connect, pve/connect, switch/connect",
            "apps/stop-service/nginx, kvm/stop-vms, pve/stop-proxmox",
            "apps/stop-compose, kvm/sync",
            "apps/stop-docker",
            "apps/unmount",
            "apps/power-off, kvm/power-off, pve/power-off",
            "apps/prove, kvm/prove, nas/power-off, pve/prove",
            "nas/prove, switch/power-off",
            "switch/prove",
            "monitor/power-off",
        ]);
        const told = red.received(nodeOf(flow, "debug", "progress").id).flatMap(({ progress }) => (progress as RunProgress).changed?.id ?? []);
        assert.deepEqual(told, result?.steps.map(({ id }) => id), "each step is told of, in the order of the plan");

        await press("on mains");
        await press("UPS runs out");
        await red.eventually(() => results().length === 2, 40_000, () => "the next one, after mains was back");
        assert.deepEqual(red.errors(), []);
    });
});
