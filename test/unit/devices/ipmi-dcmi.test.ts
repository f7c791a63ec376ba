import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { ipmiPower, parseDcmi } from "../../../lib/devices/ipmi-dcmi";
import type { Trouble } from "../../../lib/kit/trouble";

const ipmitool = (watts: number, state = "activated"): string => [
    "", `    Instantaneous power reading:                   ${watts} Watts`, "    Minimum during sampling period:                 66 Watts",
    "    Sampling period:                          00000001 Seconds.", `    Power reading state is:                   ${state}`, "",
].join("\n");
const freeIpmi = "Current Power                        : 192 Watts\nMinimum Power over sampling duration : 8 watts\nPower Measurement                    : Active\n";

describe("a server's own power meter (IPMI DCMI)", () => {
    const cases: [string, string, number | undefined][] = [
        ["ipmitool", ipmitool(144), 144],
        ["ipmitool, not measuring", ipmitool(144, "deactivated"), undefined],
        ["ipmitool, the 0 W of some boards", ipmitool(0), undefined],
        ["FreeIPMI", freeIpmi, 192],
        ["FreeIPMI, not measuring", freeIpmi.replace("Active", "Not Available"), undefined],
        ["garbage", "Watts 12", undefined],
        ["ipmitool behind a megabyte of blank lines", "\n".repeat(1 << 20) + ipmitool(144), 144],
    ];
    for (const [what, text, watts] of cases) it(`${what}: ${watts ?? "nothing"}`, () => equal(parseDcmi(text), watts));

    const answering = (answers: Record<string, { code: number; stdout?: string; stderr?: string }>) => (argv: readonly string[]) =>
        Promise.resolve({ stdout: "", stderr: "", ...(answers[argv[0] ?? ""] ?? { code: 127 }) });

    it("is asked through ipmitool, or through FreeIPMI", async () => {
        deepEqual(await ipmiPower().read(answering({ ipmitool: { code: 0, stdout: ipmitool(144) } }), "host a"), { source: "ipmi", watts: 144 });
        deepEqual(await ipmiPower().read(answering({ "ipmi-dcmi": { code: 0, stdout: freeIpmi } }), "host a"), { source: "ipmi", watts: 192 });
    });

    it("is absent without tools, controller or DCMI", async () => {
        equal(await ipmiPower().read(answering({}), "host a"), undefined);
        equal(await ipmiPower().read(answering({ ipmitool: { code: 1, stderr: "Could not open device at /dev/ipmi0 or /dev/ipmi/0: No such file or directory" } }), "host a"), undefined);
        equal(await ipmiPower().read(answering({ ipmitool: { code: 1, stderr: "DCMI request failed because: Invalid command (c1)" } }), "host a"), undefined);
    });

    it("that root alone may ask says so", async () => {
        await rejects(ipmiPower().read(answering({ ipmitool: { code: 1, stderr: "Could not open device at /dev/ipmi0: Permission denied" } }), "host a"), (error: Trouble) => {
            equal(error.kind, "auth");
            match(error.message, /host a: ipmitool .*only root/);
            return true;
        });
    });
});
