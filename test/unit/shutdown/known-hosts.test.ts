import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Trouble } from "../../../lib/kit/trouble";
import { fingerprintOf } from "../../../lib/shutdown/host-key";
import { keysOf, knownKeys, matchesHost, parseKnownHosts } from "../../../lib/shutdown/known-hosts";
import { generateKeyPair } from "../../simulators/ssh-host";
import { temporaryFolder } from "../../support/temporary-folder";

const [one, two, three] = [generateKeyPair().public, generateKeyPair().public, generateKeyPair().public];
const names = new Map([one, two, three].map((line, index) => [fingerprintOf(Buffer.from(line.split(" ")[1] ?? "", "base64")), ["one", "two", "three"][index] ?? ""]));
/** What a file says of a host, with the keys by their names here. */
const saidOf = (text: string, host: string, port = 22): string => {
    const { keys, revoked, authority } = keysOf(parseKnownHosts(text), host, port);
    const list = (all: typeof keys): string => all.map(({ fingerprint }) => names.get(fingerprint)).join("+");
    return [list(keys) || "unknown", ...(revoked.length > 0 ? [`revoked ${list(revoked)}`] : []), ...(authority ? ["authority"] : [])].join(", ");
};

describe("known_hosts", () => {
    for (const [what, text, host, port, said] of [
        ["a plain name", `nas ${one}`, "nas", 22, "one"],
        ["whatever the case", `NAS.example.com ${one}`, "nas.Example.com", 22, "one"],
        ["a name among others", `apps,nas,192.0.2.5 ${one}`, "192.0.2.5", 22, "one"],
        ["another name", `nas2 ${one}`, "nas", 22, "unknown"],
        ["several keys of one host", `nas ${one}\nnas ${two}`, "nas", 22, "one+two"],
        ["a port", `[nas]:2222 ${one}`, "nas", 2222, "one"],
        ["another port", `[nas]:2222 ${one}`, "nas", 2223, "unknown"],
        ["a port, known without it", `nas ${one}`, "nas", 2222, "one"],
        ["a port, known with and without it", `nas ${one}\n[nas]:2222 ${two}`, "nas", 2222, "two"],
        ["port 22, known with another", `[nas]:2222 ${one}`, "nas", 22, "unknown"],
        ["an IPv6 address", `2001:db8::1,[2001:db8::2]:2222 ${one}`, "2001:db8::2", 2222, "one"],
        ["an asterisk", `*.example.com ${one}`, "nas.example.com", 22, "one"],
        ["an asterisk and the bare domain", `*.example.com ${one}`, "example.com", 22, "unknown"],
        ["a question mark", `nas? ${one}`, "nas1", 22, "one"],
        ["a question mark and nothing", `nas? ${one}`, "nas", 22, "unknown"],
        ["a pattern with a port", `[*.example.com]:2222 ${one}`, "nas.example.com", 2222, "one"],
        ["a negation", `*.example.com,!nas.example.com ${one}`, "nas.example.com", 22, "unknown"],
        ["a negation of another", `!apps.example.com,*.example.com ${one}`, "nas.example.com", 22, "one"],
        ["a negation alone", `!apps ${one}`, "nas", 22, "unknown"],
        ["a revoked key", `@revoked nas ${one}`, "nas", 22, "unknown, revoked one"],
        ["a key that is revoked everywhere", `nas ${one}\n@revoked * ${one}`, "nas", 22, "one, revoked one"],
        ["a key that is revoked without its port", `[nas]:2222 ${one}\n@revoked nas ${one}`, "nas", 2222, "one, revoked one"],
        ["an authority", `@cert-authority *.example.com ${one}`, "nas.example.com", 22, "unknown, authority"],
        ["an authority beside a key", `@cert-authority *.example.com ${one}\nnas.example.com ${two}`, "nas.example.com", 22, "two, authority"],
        ["comments, blanks and line ends of Windows", `# nas\n\n  nas\t${one} root@nas\r\n`, "nas", 22, "one"],
        ["a last line that ends nowhere", `apps ${one}\nnas ${two}`, "nas", 22, "two"],
    ] as const) {
        it(`say of ${what}: ${said}`, () => assert.equal(saidOf(text, host, port), said));
    }

    it("pass over what nobody understands, and remember where it was", () => {
        const text = ["nas", "nas ssh-ed25519", "nas ssh-ed25519 !!!!", `nas ssh-rsa ${one.split(" ")[1]}`, `@trusted nas ${one}`, `@revoked @cert-authority nas ${one}`, "nas 2048 65537 123456789", `nas ${two}`].join("\n");
        assert.equal(saidOf(text, "nas"), "two");
        assert.deepEqual(parseKnownHosts(text).bad, [1, 2, 3, 4, 5, 6, 7]);
    });

    // One that backtracks would take years.
    it("match any pattern in time", () => assert.equal(matchesHost("*a".repeat(60) + "b", "a".repeat(253)), false));

    describe("agree with ssh-keygen", function () {
        const folder = temporaryFolder();
        const path = join(folder.path, "known_hosts");
        before(function () {
            if (spawnSync("ssh-keygen", ["-?"]).error !== undefined) this.skip();
        });
        after(() => folder.remove());

        /** The keys that `ssh-keygen -F` finds. */
        const theirs = (name: string): string => {
            const { stdout } = spawnSync("ssh-keygen", ["-F", name, "-f", path], { encoding: "utf8" });
            const lines = stdout.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
            return keysNamed(parseKnownHosts(lines.join("\n")).lines.filter(({ marker }) => marker === undefined).map(({ key }) => key.fingerprint));
        };
        const keysNamed = (fingerprints: string[]): string => fingerprints.map((fingerprint) => names.get(fingerprint)).join("+");
        const ours = (text: string, name: string): string => keysNamed(parseKnownHosts(text).lines.filter(({ marker, hosts }) => marker === undefined && matchesHost(hosts, name)).map(({ key }) => key.fingerprint));

        const text = [
            `nas,192.0.2.5 ${one}`, `nas ${two}`, `[nas]:2222 ${three}`, `*.example.com,!bad.example.com ${one}`, `n?s.example.org ${two}`, `[*.example.com]:2222 ${three}`,
            `@revoked old.example.net ${one}`, `@cert-authority *.example.net ${two}`, `fe80::1 ${one}`, "# nas", "", `*-rack-* ${two}`, "",
        ].join("\n");
        const lookedUp = ["nas", "192.0.2.5", "192.0.2.55", "[nas]:2222", "[nas]:22", "a.example.com", "bad.example.com", "example.com", "nas.example.org", "naas.example.org", "[a.example.com]:2222", "old.example.net", "new.example.net", "fe80::1", "a-rack-b", "rack", "-rack-", "nowhere"];

        it("on every way to name a host", async () => {
            await writeFile(path, text);
            for (const name of lookedUp) assert.equal(ours(text, name), theirs(name), name);
        });

        it("on names that it has hashed", async () => {
            await writeFile(path, text);
            execFileSync("ssh-keygen", ["-H", "-f", path], { stdio: "ignore" });
            const hashed = execFileSync("cat", [path], { encoding: "utf8" });
            assert.match(hashed, /^\|1\|/m);
            assert.doesNotMatch(hashed, /^nas/m);
            for (const name of lookedUp) assert.equal(ours(hashed, name), theirs(name), name);
            assert.equal(ours(hashed, "nas"), "one+two");
            assert.equal(saidOf(hashed, "nas", 2222), "three");
        });
    });

    describe("as a file", () => {
        const folder = temporaryFolder();
        const path = join(folder.path, "known_hosts");
        after(() => folder.remove());
        const ask = (file = path): ReturnType<typeof knownKeys> => knownKeys(file, "nas", 22, "host nas");
        const problemOf = async (file: string): Promise<string> => ask(file).then(() => assert.fail("did not fail"), (error: unknown) => {
            assert.ok(error instanceof Trouble && error.kind === "config", String(error));
            return error.message.replaceAll(folder.path, "");
        });

        it("is read again when it has changed", async () => {
            await writeFile(path, `nas ${one}\nbroken\n`);
            assert.deepEqual([(await ask()).keys.length, (await ask()).bad], [1, [2]]);
            await appendFile(path, `nas ${two}\n`);
            assert.equal((await ask()).keys.length, 2);
        });

        it("that is not there is said to be missing, with what to do", async () => assert.equal(await problemOf(join(folder.path, "none")), "host nas: there is no known_hosts file /none: log in there once with ssh, as the account that runs Node-RED, or pin the host's key in the dialog"));

        it("that is a folder is none", async () => {
            await mkdir(join(folder.path, "folder"));
            assert.equal(await problemOf(join(folder.path, "folder")), "host nas: /folder is not a known_hosts file");
        });
    });
});
