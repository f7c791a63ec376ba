import { commandTrouble, isAbsent, type Ask } from "./command";
import type { HostMeter } from "./host-power";

/** The two programs that ask a server's own management controller (DCMI, "Get Power Reading"): ipmitool and FreeIPMI's. */
const programs = [["ipmitool", "dcmi", "power", "reading"], ["ipmi-dcmi", "--get-system-power-statistics"]] as const;

/** What the whole server draws from the wall, measured by its power supplies. */
export function ipmiPower(): HostMeter {
    return {
        async read(ask: Ask, subject: string) {
            for (const argv of programs) {
                const output = await ask(argv);
                const text = `${output.stdout}\n${output.stderr}`;
                if (isAbsent(output) || (/could not open device|driver/i.test(text) && /no such (?:file|device)|not found/i.test(text))) continue;
                const watts = parseDcmi(output.stdout);
                if (watts !== undefined) return { source: "ipmi" as const, watts };
                if (/not supported|Invalid command/i.test(text)) continue;
                const denied = /Permission denied|permission|must be root/i.test(text);
                throw commandTrouble(denied ? "auth" : output.code === 0 ? "garbage" : "failed", `${subject}: ${argv[0]}`, output, denied ? "only root may ask /dev/ipmi0; see \"Host power\" in the help" : undefined);
            }
            return undefined;
        },
    };
}

/**
 * Watts in what ipmitool or ipmi-dcmi print. Undefined unless the controller says that it measures: some print the last
 * number, or 0, while they do not.
 */
export function parseDcmi(text: string): number | undefined {
    // No \s, which would run over line ends: with many blank lines that takes for ever.
    const watts = /^[ \t]*(?:Instantaneous power reading|Current Power)[ \t]*:[ \t]*(\d+)[ \t]+Watts/im.exec(text)?.[1];
    const measures = /^[ \t]*(?:Power reading state is|Power Measurement)[ \t]*:[ \t]*(?:activated|Active)[ \t\r]*$/im.test(text);
    return measures && Number(watts) > 0 ? Number(watts) : undefined;
}
