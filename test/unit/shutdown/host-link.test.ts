import assert from "node:assert/strict";
import { actionNamed } from "../../../lib/shutdown/actions";
import { HostLink, type StepOutcome } from "../../../lib/shutdown/host-link";
import type { CommandEnd } from "../../../lib/shutdown/transport";
import { FakeHosts, ok, type Obey } from "../../support/fake-hosts";

const exit = (code: number, output = ""): CommandEnd => ({ end: "exit", code, output });

describe("the end of a host that a lock of logind's holds up", () => {
    const anyway = "systemctl start --no-block --job-mode replace-irreversibly poweroff.target";
    const denied = "Call to PowerOff failed: Operation denied due to active block inhibitor";
    let hosts: FakeHosts;
    const take = (verb: string, obey: Obey): Promise<StepOutcome> => {
        hosts = new FakeHosts();
        hosts.obey = obey;
        const action = actionNamed(verb);
        assert.ok(action);
        return new HostLink("nas", () => hosts.access("nas"), (work) => work()).take({ action: { verb: "act", action, params: {} }, timeoutMs: 30_000 });
    };

    for (const [verb, command] of [["shutdown", "shutdown -h +2"], ["poweroff", "poweroff"]] as const) {
        it(`is ${verb} all the same, by systemd itself`, async () => {
            const outcome = await take(verb, (text) => (text === command ? exit(1, denied) : ok));
            assert.deepEqual(hosts.of("nas"), [command, anyway]);
            assert.deepEqual(outcome, { state: "done", note: `refused at first (${denied}), then done at once all the same` });
        });
    }

    it("is the same when the connection goes down with it", async () => {
        assert.equal((await take("poweroff", (text) => (text === "poweroff" ? exit(1, denied) : { end: "lost", output: "" }))).state, "done");
    });

    it("fails with both reasons where systemd refuses, too", async () => {
        const { state, error } = await take("poweroff", (text) => (text === "poweroff" ? exit(1, denied) : exit(1, "sudo: a password is required")));
        assert.equal(state, "failed");
        assert.match(error ?? "", /active block inhibitor\); exit status 1 \(sudo: a password is required\): allow this command without a password in sudoers there/);
    });

    it("is not what any other refusal is: nothing else is tried", async () => {
        assert.equal((await take("shutdown", () => exit(1, "sudo: a password is required"))).state, "failed");
        assert.deepEqual(hosts.of("nas"), ["shutdown -h +2"]);
    });
});
