import assert from "node:assert/strict";
import { Trouble } from "../../../lib/kit/trouble";
import { sshArguments, type SshArguments } from "../../../lib/shutdown/ssh-arguments";

const plain: SshArguments = { host: "nas", port: 2222, user: "power", control: "/tmp/x/s", connectTimeoutMs: 10_000 };
const optionOf = (words: readonly string[], name: string): string | undefined => words.filter((_word, index) => words[index - 1] === "-o").find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);

describe("what the system's ssh is told", () => {
    for (const [name, value] of [
        ["BatchMode", "yes"], ["StrictHostKeyChecking", "yes"], ["UpdateHostKeys", "no"], ["VerifyHostKeyDNS", "no"], ["NoHostAuthenticationForLocalhost", "no"], ["PasswordAuthentication", "no"],
        ["KbdInteractiveAuthentication", "no"], ["ForwardAgent", "no"], ["ForwardX11", "no"], ["ClearAllForwardings", "yes"], ["PermitLocalCommand", "no"], ["RemoteCommand", "none"],
        ["ServerAliveInterval", "5"], ["ServerAliveCountMax", "2"], ["ConnectTimeout", "10"], ["ControlMaster", "yes"], ["ControlPersist", "no"], ["ControlPath", "\"/tmp/x/s\""],
    ] as const) {
        it(`sets ${name} to ${value}, whatever ~/.ssh/config says`, () => assert.equal(optionOf(sshArguments(plain), name), value));
    }

    it("ends with the host behind a double dash, so that no host can be an option", () => {
        assert.deepEqual(sshArguments(plain).slice(-6), ["-p", "2222", "-l", "power", "--", "nas"]);
    });

    it("leaves keys and known_hosts to ~/.ssh/config where the host does not say", () => {
        for (const name of ["IdentityFile", "IdentitiesOnly", "UserKnownHostsFile", "HostKeyAlias"]) assert.equal(optionOf(sshArguments(plain), name), undefined);
        assert.ok(!sshArguments(plain).includes("-F"));
    });

    it("takes one key and no other", () => {
        const words = sshArguments({ ...plain, identity: "/keys/id" });
        assert.deepEqual([optionOf(words, "IdentityFile"), optionOf(words, "IdentitiesOnly")], ["\"/keys/id\"", "yes"]);
    });

    it("takes one known_hosts file and no other", () => {
        const words = sshArguments({ ...plain, known: { path: "/k", alias: "ridethrough" } });
        assert.deepEqual(["UserKnownHostsFile", "GlobalKnownHostsFile", "KnownHostsCommand", "HostKeyAlias"].map((name) => optionOf(words, name)), ["\"/k\"", "/dev/null", "none", "ridethrough"]);
    });

    it("keeps blanks in a path together, and a percent sign as it is", () => assert.equal(optionOf(sshArguments({ ...plain, identity: "/my keys/100%" }), "IdentityFile"), "\"/my keys/100%%\""));

    for (const path of ["/a\"b", "/a\\b", "/a\nProxyCommand=id", "/${HOME}/id"]) {
        it(`does not hand on the path ${JSON.stringify(path)}`, () => assert.throws(() => sshArguments({ ...plain, identity: path }), (error) => error instanceof Trouble && error.kind === "config"));
    }
});
