import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { accessSync } from "node:fs";
import { argvOf, hostNameProblem, programPath, quote, remoteCommand, serviceNameProblem } from "../../../lib/shutdown/commands";

/** Texts that would do something in some shell, to systemctl or to a terminal. None may ever pass as a name. */
const hostile = [
    "", " ", "a b", "a;reboot", "a&&reboot", "a|reboot", "a&", "$(reboot)", "`reboot`", "${IFS}", "$HOME", "a>b", "a<b", "a\nreboot", "a\rreboot", "a\0b", "a\tb",
    "a'b", "a\"b", "a\\b", "a\\", "*", "?", "[a]", "{a,b}", "(a)", "~", "~root", "#a", "!a", "^a", "%n", "a=b", "-H evil", "--host=evil", "-.mount", "/etc/passwd", "../x",
    "a/b", "é", "а", "a\u202eb", "a\u00a0b", "\u001b[2J", "a".repeat(256), "@a", ".", "..",
];

describe("command building", () => {
    for (const name of hostile) {
        it(`refuses ${JSON.stringify(name.slice(0, 20))} as a service`, () => {
            assert.notEqual(serviceNameProblem(name), undefined);
            assert.throws(() => argvOf({ verb: "stop-service", service: name }, { root: false }));
        });
        it(`refuses ${JSON.stringify(name.slice(0, 20))} as a host`, () => assert.notEqual(hostNameProblem(name), undefined));
    }

    for (const name of ["promtail", "vlm-adapter", "grafana-server.service", "demo@web", "user@1000.service", "dev-disk-by\\x2duuid.mount", "a:b_c.timer", "a".repeat(255)]) {
        it(`takes ${name.slice(0, 30)} as a service`, () => assert.equal(serviceNameProblem(name), undefined));
    }
    for (const name of ["nas", "n1", "host-1.example.com", "a_b", "192.0.2.5"]) {
        it(`takes ${name} as a host`, () => assert.equal(hostNameProblem(name), undefined));
    }

    it("names the character that is not allowed", () => assert.match(serviceNameProblem("web;reboot") ?? "", /";" is not allowed/));

    for (const [action, root, expected] of [
        [{ verb: "connect" }, false, "true"],
        [{ verb: "stop-service", service: "web" }, false, "sudo -n systemctl stop -- web"],
        [{ verb: "stop-service", service: "web" }, true, "systemctl stop -- web"],
        [{ verb: "power-off", final: { verb: "shutdown", delayMinutes: 2 } }, false, "sudo -n shutdown -h +2"],
        [{ verb: "power-off", final: { verb: "shutdown", delayMinutes: 0 } }, false, "sudo -n shutdown -h now"],
        [{ verb: "power-off", final: { verb: "poweroff" } }, false, "sudo -n poweroff"],
    ] as const) {
        it(`builds "${expected}"`, () => {
            assert.deepEqual(argvOf(action, { root }), expected.split(" "));
            assert.equal(remoteCommand(argvOf(action, { root })), `env PATH=${programPath} ${expected}`);
        });
    }

    it("refuses a delay that is no whole number of minutes", () => {
        for (const delayMinutes of [-1, 1.5, NaN, Infinity]) assert.throws(() => argvOf({ verb: "power-off", final: { verb: "shutdown", delayMinutes } }, { root: false }));
    });
});

describe("quoting", () => {
    it("refuses what no argument needs", () => {
        for (const word of ["a\0b", "a\nb", "a\rb"]) assert.throws(() => quote(word));
    });

    const words = ["", "a b", "a'b", "'", "''", "a\"b", "$HOME", "`id`", "$(id)", "a;b", "a&b", "*", "\\", "\\'", "~", "!!", "-n", "#x", "é", "{a,b}", "a=b", "\t"];
    for (const shell of ["/bin/dash", "/bin/sh", "/bin/bash"]) {
        it(`${shell} hands every word on unchanged`, function () {
            try {
                accessSync(shell);
            } catch {
                this.skip();
            }
            const said = execFileSync(shell, ["-c", `printf '%s\\n' ${words.map(quote).join(" ")}`], { encoding: "utf8" });
            assert.deepEqual(said.split("\n").slice(0, -1), words);
        });
    }
});
