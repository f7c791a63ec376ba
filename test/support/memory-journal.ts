import { RunJournal, type Recovered } from "../../lib/shutdown/journal";
import { emptyMemory, remember, type JournalRecord } from "../../lib/shutdown/journal-records";

/** The records on a disk that outlive every process. A process that was killed writes no more, not even what is on its way. */
export class MemoryJournal extends RunJournal {
    /** @param slow waits for the disk */
    constructor(readonly records: JournalRecord[], readonly lives: () => boolean, readonly slow?: () => Promise<void>) {
        super("", () => undefined);
    }
    override load(): Promise<Recovered> {
        return Promise.resolve({ memory: this.records.reduce(remember, emptyMemory()), warnings: [] });
    }
    override async note(record: JournalRecord): Promise<void> {
        if (this.slow !== undefined) await this.slow();
        if (this.lives()) this.records.push(record);
    }
    override close(): Promise<void> {
        return Promise.resolve();
    }
}
