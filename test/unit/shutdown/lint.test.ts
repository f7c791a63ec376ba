import assert from "node:assert/strict";
import { lintPlan, longestPath, type LintContext } from "../../../lib/shutdown/lint";
import { parsePlan, type PlanDraft, type ShutdownPlan } from "../../../lib/shutdown/plan";

type Hosts = PlanDraft["hosts"];

function planOf(hosts: Hosts, more: Partial<PlanDraft> = {}): ShutdownPlan {
    const { plan, problems } = parsePlan({ hosts, ...more });
    assert.deepEqual(problems, []);
    return plan as ShutdownPlan;
}
const addresses = (known: Record<string, string>): LintContext => ({ address: (host) => (known[host] === undefined ? undefined : { host: known[host], port: 22 }) });
const service = (unit: string, more: object = {}): { action: string; params: { service: string } } => ({ action: "stop-service", params: { service: unit }, ...more });

describe("the lint of a plan", () => {
    const bad: [what: string, hosts: Hosts, said: RegExp, context?: LintContext, more?: Partial<PlanDraft>][] = [
        ["a switch that goes with everybody", [{ name: "sw", provides: ["network"] }, { name: "nas" }], /nas is reached through sw/],
        ["a switch that is shed first", [{ name: "sw", provides: ["network"], priority: "early" }, { name: "nas" }], /nas is reached through sw/],
        ["a switch that waits for one host only", [{ name: "sw", provides: ["network"], after: ["nas"] }, { name: "nas" }, { name: "app" }], /app is reached through sw/],
        ["a core switch beside a core host", [{ name: "sw", provides: ["network"], priority: "core" }, { name: "nas", priority: "core" }], /nas is reached through sw/],
        ["a name server before a host with a name", [{ name: "pi", provides: ["dns"] }, { name: "nas" }], /nas is reached by its name, which pi resolves/, addresses({ pi: "192.0.2.2", nas: "nas.example.com" })],
        ["a name server that is shed first", [{ name: "pi", provides: ["dns"], priority: "early" }, { name: "nas" }], /nas is reached by its name/, addresses({ nas: "nas" })],
        ["a hypervisor of Node-RED in the middle", [{ name: "pve", provides: ["controller"] }, { name: "nas" }], /pve carries Node-RED and may be off before nas/],
        ["a plan with Node-RED's own machine on a hypervisor of the plan", [{ name: "pve", provides: ["controller"], priority: "core" }, { name: "nas" }, { name: "me", local: true }], /this machine \(me\) runs on pve/],
        ["a container that would switch itself off in the place of its machine", [{ name: "nas" }, { name: "me", local: true }], /Node-RED runs in a container, and shutdown -h \+2 would not reach the machine that carries it: take me out of the plan, and add that machine/, { contained: true }],
        ["storage that is shed first", [{ name: "nas", provides: ["storage"], priority: "early" }, { name: "app" }], /nas provides storage and is shed before everybody else/],
        ["storage that goes with those who may use it", [{ name: "nas", provides: ["storage"] }, { name: "app" }, { name: "db", after: ["app"] }], /^app, db may still use the storage of nas when it goes: let nas be core, or let them need it$/],
        ["storage whose services stop first, though it stays on", [{ name: "nas", provides: ["storage"], services: ["nfs-server"], final: "none" }, { name: "app" }], /^app may still use the storage of nas when it goes/],
        ["stopping sshd before the end", [{ name: "nas", services: ["sshd", "web"] }], /nas: stopping sshd cuts off its own later steps/],
        ["stopping the network before the final command", [{ name: "nas", services: ["web", "NetworkManager.service"] }], /stopping NetworkManager.service cuts off/],
        ["stopping a VPN that we came through", [{ name: "nas", services: ["wg-quick@wg0"] }], /stopping wg-quick@wg0 cuts off/],
        ["stopping tailscale", [{ name: "nas", services: ["tailscaled"] }], /stopping tailscaled cuts off/],
        ["stopping a name server that others are found by", [{ name: "pi", services: ["pihole-FTL"] }, { name: "nas" }], /stopping pihole-FTL takes the names away by which nas/, addresses({ pi: "192.0.2.2", nas: "nas.lan" })],
        ["stopping Node-RED itself", [{ name: "me", local: true, services: ["node-red"] }, { name: "nas" }], /me: stopping node-red ends Node-RED, and the run with it/],
        ["stopping nodered.service itself", [{ name: "me", local: true, services: ["nodered.service"] }], /ends Node-RED/],
        ["two hosts that are one machine", [{ name: "nas" }, { name: "nas2" }], /nas2 and nas are one machine \(192\.0\.2\.5 port 22\)/, addresses({ nas: "192.0.2.5", nas2: "192.0.2.5" })],
        ["two names of one case", [{ name: "a" }, { name: "b" }], /are one machine/, addresses({ a: "NAS.lan", b: "nas.lan" })],
        ["a plan that takes longer than the batteries last", [{ name: "nas", steps: [service("db", { timeoutS: 600 })] }], /the plan may take 10 min 20 s, and the batteries carry the load for 5 min; most of it: nas stop db 10 min/, {}, { runtimeS: 300 }],
        ["a chain of hosts that takes longer", [{ name: "a", services: ["x"] }, { name: "b", services: ["y"], after: ["a"] }], /the plan may take 1 min 30 s/, {}, { runtimeS: 60 }],
        ["a plan that switches nothing off", [{ name: "nas", services: ["web"] }], /switches no machine off/, {}, { final: { verb: "none" } }],
        ["a switch that is off while others count down", [{ name: "sw", provides: ["network"], priority: "core", final: { action: "poweroff" } }, { name: "nas" }], /sw is off at once, while nas still waits 2 min/],
    ];
    for (const [what, hosts, said, context, more] of bad) {
        it(`finds ${what}`, () => {
            const found = lintPlan(planOf(hosts, more), context);
            assert.ok(found.some(({ text }) => said.test(text)), JSON.stringify(found));
        });
    }

    const named = addresses({ sw: "192.0.2.1", pi: "192.0.2.2", nas: "nas.example.com", app: "app.example.com", gpu: "192.0.2.9" });
    const good: [what: string, hosts: Hosts, context?: LintContext, more?: Partial<PlanDraft>][] = [
        ["one host", [{ name: "nas" }]],
        ["S0's three machines", [{ name: "gpu3", services: ["promtail"] }, { name: "gpu1", services: ["vlm-adapter", "grafana-server"], after: ["gpu3"] }, { name: "gpu2", services: ["llm-gateway", "vllm"], local: true }]],
        ["a core switch", [{ name: "sw", provides: ["network"], priority: "core" }, { name: "nas" }, { name: "app" }], named],
        ["a switch and a name server that wait", [{ name: "sw", provides: ["network"], after: ["pi"], priority: "core" }, { name: "pi", provides: ["dns"], priority: "core" }, { name: "nas" }], named],
        ["two switches in the core", [{ name: "sw", provides: ["network"], priority: "core" }, { name: "sw2", provides: ["network"], priority: "core" }, { name: "nas" }]],
        ["a name server beside hosts with addresses", [{ name: "pi", provides: ["dns"] }, { name: "gpu" }], named],
        ["a hypervisor of Node-RED that goes last", [{ name: "pve", provides: ["controller"], priority: "core" }, { name: "nas" }, { name: "app" }]],
        ["a container that acts on its machine over SSH", [{ name: "nas" }, { name: "machine", provides: ["controller"], priority: "core" }], { contained: true }],
        ["a container with steps of its own, that stays on", [{ name: "nas" }, { name: "me", local: true, services: [], steps: [{ action: "sync" }], final: "none" }], { contained: true }],
        ["core storage", [{ name: "nas", provides: ["storage"], priority: "core" }, { name: "app" }, { name: "shed", priority: "early" }]],
        ["storage that nothing is done to", [{ name: "nas", provides: ["storage"], final: "none" }, { name: "app" }]],
        ["storage that goes before the switch", [{ name: "nas", provides: ["storage"] }, { name: "switch", provides: ["network"], priority: "core" }]],
        ["storage that those wait for who need it", [{ name: "nas", provides: ["storage"], services: ["nfs-server"] }, { name: "app", needs: ["nas"] }]],
        ["sshd as the very last of a host that stays on", [{ name: "nas", services: ["web", "sshd"], final: "none" }, { name: "app" }]],
        ["a plan within the runtime", [{ name: "a", services: ["x"] }, { name: "b", services: ["y"] }], {}, { runtimeS: 60 }],
        ["a name server stopped when all others are gone", [{ name: "pi", services: ["unbound"], priority: "core" }, { name: "nas" }], named],
    ];
    for (const [what, hosts, context, more] of good) {
        it(`has nothing to say of ${what}`, () => assert.deepEqual(lintPlan(planOf(hosts, more), context), []));
    }

    it("reckons with what was measured instead of the limit", () => {
        const plan = planOf([{ name: "nas", steps: [service("db", { timeoutS: 600 })] }], { runtimeS: 300 });
        assert.deepEqual(lintPlan(plan, { measuredMs: ({ view }) => (view.kind === "stop-service" ? 20_000 : undefined) }), []);
        assert.equal(longestPath(plan).ms, 620_000);
    });

    it("looks through 200 hosts in no time to speak of", () => {
        const plan = planOf(Array.from({ length: 200 }, (_, index) => ({ name: `h${index}`, services: ["a", "b"], after: index % 10 === 0 ? [] : [`h${index - 1}`] })));
        assert.deepEqual(lintPlan(plan), []);
    });
});
