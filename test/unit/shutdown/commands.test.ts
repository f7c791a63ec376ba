import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { accessSync } from "node:fs";
import { actionNamed, programOf } from "../../../lib/shutdown/actions";
import type { ActionParameters } from "../../../lib/shutdown/catalogue";
import { hostNameProblem, programPath, quote, remoteCommand, serviceNameProblem, wordsOf } from "../../../lib/shutdown/commands";

const words = (verb: string, params: ActionParameters, root = false): string[] => {
    const action = actionNamed(verb);
    assert.ok(action);
    return wordsOf(programOf(action, params, { root, timeoutS: 30 }));
};

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
            assert.throws(() => words("stop-service", { service: name }));
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

    for (const [verb, params, root, expected] of [
        ["stop-service", { service: "web" }, false, "sudo -n systemctl stop -- web"],
        ["stop-service", { service: "web" }, true, "systemctl stop -- web"],
        ["shutdown", { delayMinutes: 2 }, false, "sudo -n shutdown -h +2"],
        ["shutdown", {}, false, "sudo -n shutdown -h +2"],
        ["shutdown", { delayMinutes: 0 }, false, "sudo -n shutdown -h now"],
        ["poweroff", {}, false, "sudo -n poweroff"],
    ] as const) {
        it(`builds "${expected}" for ${verb} ${JSON.stringify(params)}`, () => {
            assert.deepEqual(words(verb, params, root), expected.split(" "));
            assert.equal(remoteCommand(words(verb, params, root)), `env PATH=${programPath} ${expected}`);
        });
    }

    it("refuses a delay that is no whole number of minutes", () => {
        for (const delayMinutes of [-1, 1.5, NaN, Infinity, 61]) assert.throws(() => words("shutdown", { delayMinutes }));
    });

    it("hands a script its values as arguments, whatever they are", () => {
        const script = 'for each in "$@"; do\n    echo "[$each]"\ndone';
        const command = remoteCommand(wordsOf({ script, args: ["it's", "$(id)", "a b"] }));
        assert.equal(execFileSync("/bin/sh", ["-c", command], { encoding: "utf8" }), "[it's]\n[$(id)]\n[a b]\n");
        assert.throws(() => remoteCommand(wordsOf({ script, args: ["a\nb"] })), "an argument of several lines");
    });
});

describe("quoting", () => {
    it("refuses what no argument needs", () => {
        for (const word of ["a\0b", "a\nb", "a\rb"]) assert.throws(() => quote(word));
    });

    it("leaves nothing within quotes that csh or fish would act on", () => assert.equal(quote("it's a\\b!"), "'it'\\''s a'\\\\'b'\\!''"));

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
