import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { Trouble } from "../../../lib/kit/trouble";
import { accountKnownHosts, expandHome, judgeOf, type HostJudge } from "../../../lib/shutdown/host-trust";
import { parsePinnedKey } from "../../../lib/shutdown/host-key";
import { generateKeyPair } from "../../simulators/ssh-host";
import { temporaryFolder } from "../../support/temporary-folder";

const [right, other] = [generateKeyPair().public, generateKeyPair().public];
const keyOf = (line: string): Buffer => Buffer.from(line.split(" ")[1] ?? "", "base64");
const shownOf = (line: string): string => parsePinnedKey(line)?.fingerprint ?? "";

describe("trust in a host", () => {
    const folder = temporaryFolder();
    const path = join(folder.path, "known_hosts");
    after(() => folder.remove());
    const byFile = async (text: string, port = 22): Promise<HostJudge> => {
        await writeFile(path, text);
        return judgeOf({ knownHosts: path }, { name: "nas", host: "nas.example.com", port });
    };
    /** What a person reads, without the folder of this test. */
    const said = (error: unknown): string => {
        assert.ok(error instanceof Trouble && error.kind === "auth", String(error));
        return error.message.replaceAll(path, "FILE");
    };
    const refusalOf = async (text: string, port = 22): Promise<string> => byFile(text, port).then((judge) => said(judge.refusal(keyOf(other))), said);

    it("by a pinned key lets that key pass and no other", async () => {
        const judge = await judgeOf({ pin: parsePinnedKey(right) ?? assert.fail() }, { name: "nas", host: "nas.example.com", port: 22 });
        assert.equal(judge.refusal(keyOf(right)), undefined);
        assert.equal(said(judge.refusal(keyOf(other))), `host nas: refused, its host key is not the pinned one (it shows ${shownOf(other)}): if the machine was set up anew, learn its key again in the dialog; if not, somebody may be in between`);
        assert.deepEqual(judge.algorithms, ["ssh-ed25519"]);
    });

    it("by a file lets each of its keys pass", async () => {
        const judge = await byFile(`nas.example.com ${right}\nnas.example.com ${other}\n`);
        assert.deepEqual([judge.refusal(keyOf(right)), judge.refusal(keyOf(other)), judge.algorithms], [undefined, undefined, ["ssh-ed25519"]]);
    });

    for (const [what, text, port, words] of [
        ["shows another key", `nas.example.com ${right}`, 22, `host nas: refused, its host key is not the one in FILE (it shows ${shownOf(other)}): if the machine was set up anew, remove its old key (ssh-keygen -R 'nas.example.com' -f 'FILE') and log in there once with ssh, as the account that runs Node-RED, and compare the key; if not, somebody may be in between`],
        ["is unknown on its port", "", 2222, "host nas: refused, [nas.example.com]:2222 is not in FILE: log in there once with ssh, as the account that runs Node-RED, and compare the key"],
        ["is unknown, in a file with a broken line", "nas.example.com ssh-ed25519 AAA", 22, "host nas: refused, nas.example.com is not in FILE, of which line 1 cannot be read: log in there once with ssh, as the account that runs Node-RED, and compare the key"],
        ["shows a revoked key", `@revoked * ${other}\nnas.example.com ${right}\nnas.example.com ${other}`, 22, `host nas: refused, the host key that it shows (${shownOf(other)}) is REVOKED in FILE: somebody else may hold it: do not log in; give the host a new key`],
        ["has no key but a revoked one", `@revoked * ${other}\nnas.example.com ${other}`, 22, "host nas: refused, its only key in FILE is REVOKED there: learn from whoever revoked it what has happened, and give the host a new key"],
        ["is known through an authority only", `@cert-authority *.example.com ${right}`, 22, "host nas: refused, FILE knows nas.example.com only through a certificate authority, which only the system's ssh can check: choose it for this host, or pin the host's own key"],
        ["is known by a key that we can't check", "nas.example.com ssh-dss AAAAB3NzaC1kc3M=", 22, "host nas: refused, FILE knows nas.example.com only by a key of type ssh-dss, which cannot be checked: pin another key of it"],
    ] as const) {
        it(`refuses a host that ${what}`, async () => assert.equal(await refusalOf(text, port), words));
    }

    it("reads the account's own file where none is named", () => {
        assert.equal(accountKnownHosts(), join(homedir(), ".ssh", "known_hosts"));
        assert.deepEqual(["~/x", "/a/~/x", "x"].map(expandHome), [join(homedir(), "x"), "/a/~/x", "x"]);
    });
});
