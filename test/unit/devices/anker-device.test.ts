import assert from "node:assert/strict";
import { listedDevice, parseDevice } from "../../../lib/devices/anker-device";
import { ankerFixturesMissing, json } from "../../support/anker-fixtures";

describe("a device of an Anker account", () => {
    const listed = { device_sn: "SN1", product_code: "A1790P", device_name: "SOLIX F3800 Plus", alias_name: " Cellar ", wifi_online: true, owner_user_id: "u" };
    it("is what the cloud lists", () => assert.deepEqual(parseDevice(listed), { serial: "SN1", model: "A1790P", name: "Cellar", online: true, owner: "u" }));
    it("comes back from what is remembered", () => {
        for (const value of [listed, { device_sn: "S", product_code: "A1761" }]) {
            const device = parseDevice(value);
            assert.deepEqual(device && parseDevice(listedDevice(device)), device);
        }
    });
    it("is called by its model when it has no name", () => assert.equal(parseDevice({ ...listed, alias_name: "", device_name: "" })?.name, "A1790P"));
    for (const change of [{ device_sn: "" }, { device_sn: "a/#" }, { device_sn: "+" }, { product_code: undefined }, { product_code: 5 }]) {
        it(`is none with ${JSON.stringify(change)}: it would be part of a topic`, () => assert.equal(parseDevice({ ...listed, ...change }), undefined));
    }
    it("is found in public captures", function () {
        if (ankerFixturesMissing !== undefined) {
            console.log(`      skipped: ${ankerFixturesMissing}`);
            this.skip();
        }
        const models = ["rest-c1000", "rest-powerpanel-f3800"].flatMap((folder) => (json(`${folder}/bind_devices.json`) as { data: { data: unknown[] } }).data.data.map((device) => parseDevice(device)?.model));
        assert.deepEqual(models, ["A1763", "A17B1", "A1790", "A1790"]);
    });
});
