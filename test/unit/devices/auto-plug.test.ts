import assert from "node:assert/strict";
import { AutoPlug } from "../../../lib/devices/auto-plug";
import type { PowerSource } from "../../../lib/devices/power-source";
import { Trouble, type TroubleKind } from "../../../lib/kit/trouble";
import type { Reading } from "../../../lib/power/reading";
import { plugAt, readOnce } from "../../support/plug-options";

const reading: Reading = { device: "rack", source: "x", at: 1, quality: "good", watts: 1 };

/** A source that answers, is silent until its signal aborts, or fails with a trouble of the kind. */
class Fake implements PowerSource {
    asked = 0;
    aborted = 0;
    constructor(public mood: "answers" | "silent" | TroubleKind) {}
    read(signal: AbortSignal): Promise<Reading[]> {
        this.asked += 1;
        if (this.mood === "answers") return Promise.resolve([reading]);
        if (this.mood !== "silent") return Promise.reject(new Trouble(this.mood, `plug rack at 127.0.0.1: ${this.mood}`));
        return new Promise((_, reject) => {
            signal.addEventListener("abort", () => {
                this.aborted += 1;
                reject(new Error("aborted"));
            });
        });
    }
    close(): Promise<void> {
        return Promise.resolve();
    }
}

describe("a plug of unknown protocol", () => {
    it("is asked in all at once; the first answer counts, the others are let go", async () => {
        const kasa = new Fake("silent");
        const shelly = new Fake("answers");
        assert.deepEqual(await readOnce(new AutoPlug(plugAt(1), { kasa, shelly })), [reading]);
        assert.equal(kasa.aborted, 1);
    });

    it("is asked in what worked from then on", async () => {
        const kasa = new Fake("refused");
        const shelly = new Fake("answers");
        const plug = new AutoPlug(plugAt(1), { kasa, shelly });
        for (let poll = 0; poll < 3; poll += 1) await readOnce(plug);
        assert.deepEqual([kasa.asked, shelly.asked], [1, 3]);
    });

    it("is asked in all again after a failure, for firmware updates and outages change protocols", async () => {
        const kasa = new Fake("answers");
        const shelly = new Fake("refused");
        const plug = new AutoPlug(plugAt(1), { kasa, shelly });
        await readOnce(plug);
        kasa.mood = "refused";
        shelly.mood = "answers";
        await assert.rejects(readOnce(plug), { kind: "refused" });
        assert.deepEqual(await readOnce(plug), [reading]);
    });

    for (const kind of ["auth", "busy", "config", "failed"] as const) {
        it(`is not asked in others after trouble of kind ${kind}: its protocol is known`, async () => {
            const kasa = new Fake("refused");
            const shelly = new Fake("answers");
            const plug = new AutoPlug(plugAt(1), { kasa, shelly });
            await readOnce(plug);
            shelly.mood = kind;
            await assert.rejects(readOnce(plug), { kind });
            await assert.rejects(readOnce(plug), { kind });
            assert.equal(kasa.asked, 1);
        });
    }

    it("fails with the trouble that tells most", async () => {
        await assert.rejects(readOnce(new AutoPlug(plugAt(1), { kasa: new Fake("refused"), shelly: new Fake("auth") })), { kind: "auth", message: "plug rack at 127.0.0.1: auth" });
    });

    it("that speaks none is said to, with what each attempt met", async () => {
        await assert.rejects(readOnce(new AutoPlug(plugAt(1), { kasa: new Fake("refused"), shelly: new Fake("unreachable") })), { kind: "refused", message: "plug rack at 127.0.0.1: no plug answers (kasa: refused; shelly: unreachable)" });
    });
});
