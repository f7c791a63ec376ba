import assert from "node:assert/strict";
import { sshProgramTrouble } from "../../../lib/shutdown/ssh-program-trouble";

const key = "SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA";

// What OpenSSH 9.2 wrote when this was done to it.
describe("what the system's ssh says", () => {
    for (const [said, kind, words] of [
        [`@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nThe fingerprint for the ED25519 key sent by the remote host is\n${key}.\nHost key for nas has changed and you have requested strict checking.\nHost key verification failed.`, "auth", `refused, its host key is not the known one (it shows ${key})`],
        [`@ WARNING: REVOKED HOST KEY DETECTED! @\nThe ED25519 host key for nas is marked as revoked.\nHost key verification failed.`, "auth", "is REVOKED: somebody else may hold it"],
        ["No ED25519 host key is known for nas and you have requested strict checking.\nHost key verification failed.", "auth", "its host key is not known"],
        ["Unable to negotiate with 192.0.2.11 port 22: no matching host key type found. Their offer: ssh-dss", "auth", "no host key of a type"],
        ["power@nas: Permission denied (publickey).", "auth", "does not accept our key"],
        ["Received disconnect from 192.0.2.11 port 22:2: Too many authentication failures\nDisconnected from 192.0.2.11 port 22", "auth", "does not accept our key"],
        ["Load key \"/tmp/x/key\": error in libcrypto\npower@nas: Permission denied (publickey).", "config", "the private key cannot be used"],
        ["Permissions 0644 for '/keys/id' are too open.\nWARNING: UNPROTECTED PRIVATE KEY FILE!\nThis private key will be ignored.\npower@nas: Permission denied (publickey).", "config", "can be read by others"],
        ["command-line: line 0: Bad configuration option: knownhostscommand", "config", "OpenSSH 8.5 or later is needed"],
        ["/home/node-red/.ssh/config: line 3: Bad configuration option: porxyjump\n/home/node-red/.ssh/config: terminating, 1 bad configuration options", "config", "check ~/.ssh/config"],
        ["Bad owner or permissions on /home/node-red/.ssh/config", "config", "check ~/.ssh/config"],
        ["unix_listener: path \"/tmp/a-very-long-one\" too long for Unix domain socket", "config", "set TMPDIR to a short path"],
        ["ssh: Could not resolve hostname nas.example.com: Temporary failure in name resolution", "unreachable", "its name has no address (nas.example.com): use an IP address"],
        ["ssh: connect to host 192.0.2.11 port 22: Connection refused", "refused", "connection refused"],
        ["ssh: connect to host 192.0.2.11 port 22: No route to host", "unreachable", "not reachable"],
        ["ssh: connect to host 192.0.2.11 port 22: Connection timed out", "timeout", "no answer in time"],
        ["Connection timed out during banner exchange\nConnection to 192.0.2.11 port 22 timed out", "timeout", "no answer in time"],
        ["Timeout, server 192.0.2.11 not responding.", "timeout", "does not answer any more"],
        ["kex_exchange_identification: Connection closed by remote host\nConnection closed by 192.0.2.11 port 22", "closed", "hung up"],
        ["Connection to 192.0.2.11 closed by remote host.", "closed", "hung up"],
        ["kex_exchange_identification: banner line contains invalid characters\nBad packet length 1094795585.", "garbage", "the answer is not SSH"],
        ["something new", "failed", "the system's ssh gave up (something new)"],
        ["", "failed", "it said nothing"],
    ] as const) {
        it(`${said.split("\n").at(-1) || "nothing"}: ${kind}`, () => {
            const trouble = sshProgramTrouble(`${said}\r\n`, "nas");
            assert.equal(trouble.kind, kind);
            assert.ok(trouble.message.startsWith("host nas: ") && trouble.message.includes(words), trouble.message);
        });
    }
});
