import { RunJournal, type Recovered } from "../../lib/shutdown/journal";
import { emptyMemory, remember, type JournalRecord } from "../../lib/shutdown/journal-records";

/** The records on a disk that outlive every process. A process that was killed writes no more. */
export class MemoryJournal extends RunJournal {
    constructor(readonly records: JournalRecord[], readonly lives: () => boolean) {
        super("", () => undefined);
    }
    override load(): Promise<Recovered> {
        return Promise.resolve({ memory: this.records.reduce(remember, emptyMemory()), warnings: [] });
    }
    override note(record: JournalRecord): Promise<void> {
        if (this.lives()) this.records.push(record);
        return Promise.resolve();
    }
    override close(): Promise<void> {
        return Promise.resolve();
    }
}
