import { Trouble } from "../../lib/kit/trouble";
import { looked, sayLooked } from "../../lib/shutdown/actions/probe";
import type { CommandEnd, HostAccess, OutputTap, Transport } from "../../lib/shutdown/transport";

/** What a fake host does with a command: an end, or a failure. A promise makes it slow. `tap`: who listens to what a script says. */
export type Obey = (command: string, host: string, tap?: OutputTap) => CommandEnd | Trouble | Promise<CommandEnd | Trouble>;

export const ok: CommandEnd = { end: "exit", code: 0, output: "" };

/** Hosts that write down what they are told, for tests of what needs hosts but no network. */
export class FakeHosts {
    /** "nas: systemctl stop -- web", in the order in which they were told. */
    readonly told: string[] = [];
    readonly opened: string[] = [];
    obey: Obey = () => ok;
    /** A drill's look that ends well has been carried out. */
    honest = true;
    connect: (host: string) => Promise<void> = () => Promise.resolve();

    readonly access = (host: string): HostAccess => ({
        root: true,
        open: (): Transport => {
            this.opened.push(host);
            let close: (trouble: Trouble) => void = () => undefined;
            const closed = new Promise<never>((_resolve, reject) => { close = reject; });
            closed.catch(() => undefined);
            return {
                connect: () => Promise.race([this.connect(host), closed]),
                run: async (argv, _deadlineMs, tap) => {
                    const command = argv.join(" ");
                    this.told.push(`${host}: ${command}`);
                    const end = await Promise.race([this.obey(command, host, tap), closed]);
                    if (end instanceof Trouble) throw end;
                    if (this.honest && end.end === "exit" && end.code === 0 && command.includes(sayLooked)) tap?.stdout(Buffer.from(`${looked}\n`));
                    return end;
                },
                close: () => close(new Trouble("stopped", `host ${host}: stopped`)),
            };
        },
    });

    /** What one host was told. */
    of(host: string): string[] {
        return this.told.filter((line) => line.startsWith(`${host}: `)).map((line) => line.slice(host.length + 2));
    }
}
