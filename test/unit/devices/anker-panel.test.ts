import assert from "node:assert/strict";
import { decodeFrame, encodeFrame } from "../../../lib/devices/anker-frame";
import { panelValues } from "../../../lib/devices/anker-panel";

const message = (type: string, text: string) => decodeFrame(encodeFrame({
    direction: "from-device", type,
    fields: [{ name: "a1", value: Buffer.from([0x34]) }, { name: "a2", wire: 0, value: Buffer.from(text), ...(text.length > 254 && { wide: true as const }) }],
}));

describe("what a Home Power Panel says", () => {
    const data = { soc: 64, gs: 1, bs: 3, bp: 1450, gp: 0, lp: 1450, pp: 0, cp: 20, "90asn": "TESTA1790P000001", "90asoc": 64, ws: 88, nested: {}, b1t: null };
    it("is the grid's state, the charge and the flows, by our names", () => {
        assert.deepEqual(panelValues(message("0500", JSON.stringify({ localtime: 1, data }))), {
            battery_soc: 64, grid_status: 1, battery_status: 3, battery_power: 1450, grid_power: 0, home_load_power: 1450, photovoltaic_power: 0, backup_reserve: 20,
            device_1_sn: "TESTA1790P000001", device_1_soc: 64,
        });
    });
    it("may be longer than 255 bytes", () => assert.equal(panelValues(message("0505", JSON.stringify({ data, more: "x".repeat(500) }))).grid_status, 1));
    for (const [what, type, text] of [["another message", "0601", JSON.stringify({ data })], ["no JSON", "0500", "{\"data\":"], ["no data", "0500", "[]"]] as const) {
        it(`is nothing: ${what}`, () => assert.deepEqual(panelValues(message(type, text)), {}));
    }
});
