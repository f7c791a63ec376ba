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
                if (isAbsent(output) || /Could not open device.*(?:No such file|No such device)|driver.*not found/is.test(text)) continue;
                const watts = parseDcmi(output.stdout);
                if (watts !== undefined) return { source: "ipmi" as const, watts };
                if (/not supported|Invalid command|Command response.*(?:c1|d4)/i.test(text)) continue;
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
    const watts = /^\s*(?:Instantaneous power reading|Current Power)\s*:\s*(\d+)\s+Watts/im.exec(text)?.[1];
    const measures = /^\s*(?:Power reading state is|Power Measurement)\s*:\s*(?:activated|Active)\s*$/im.test(text);
    return measures && Number(watts) > 0 ? Number(watts) : undefined;
}
