import assert from "node:assert/strict";
import { discoverKasa } from "../../../lib/devices/kasa-discovery";
import { startKasaPlug } from "../../simulators/kasa-plug";

describe("discovery of Kasa plugs", () => {
    it("lists what answers, each once, by alias, and whether it meters", async () => {
        const plugs = await Promise.all([
            startKasaPlug({ alias: "rack", udp: true }),
            startKasaPlug({ alias: "desk", model: "HS300", udp: true }),
            startKasaPlug({ alias: "lamp", model: "HS103", udp: true }),
        ]);
        const found = await discoverKasa({ ms: 300, targets: plugs.map(({ port }) => `127.0.0.1:${port}`) });
        await Promise.all(plugs.map((plug) => plug.stop()));
        assert.deepEqual(found.map(({ alias, model, meters }) => [alias, model, meters]), [["desk", "HS300(US)", true], ["lamp", "HS103(US)", false], ["rack", "KP115(EU)", true]]);
        assert.deepEqual(found.map(({ host, port }) => [host, port]), [1, 2, 0].map((index) => ["127.0.0.1", plugs[index]?.port]));
    });

    it("comes back empty-handed in time when nothing answers, and finds what is there the next time", async () => {
        assert.deepEqual(await discoverKasa({ ms: 50, targets: ["127.0.0.1:9"] }), []);
        const plug = await startKasaPlug({ alias: "late", udp: true });
        const found = await discoverKasa({ ms: 200, targets: [`127.0.0.1:${plug.port}`] });
        await plug.stop();
        assert.deepEqual(found.map(({ alias }) => alias), ["late"]);
    });

    it("is shared by two who ask at once", () => {
        assert.equal(discoverKasa({ ms: 20, targets: ["127.0.0.1:9"] }), discoverKasa());
    });
});
