import assert from "node:assert/strict";
import { ankerCloud, checkHost, cloudInUse, useCloud } from "../../../lib/devices/anker-cloud";
import { Trouble } from "../../../lib/kit/trouble";

describe("Anker's cloud", () => {
    for (const [country, host] of [["US", "ankerpower-api.anker.com"], ["CA", "ankerpower-api.anker.com"], ["DE", "ankerpower-api-eu.anker.com"], ["JP", "ankerpower-api-eu.anker.com"], ["", "ankerpower-api-eu.anker.com"]] as const) {
        it(`serves accounts of ${country || "an unknown country"} at ${host}`, () => assert.equal(ankerCloud.baseUrl(country), `https://${host}`));
    }
    for (const host of ["aiot-mqtt-us.anker.com", "AIOT-MQTT-EU.ANKER.COM"]) it(`allows ${host}`, () => assert.equal(checkHost(ankerCloud, host), host));
    for (const host of ["anker.com.example.org", "example.org", "evilanker.com", "anker.com", "localhost", "127.0.0.1", "a@b.anker.com", "x.anker.com/y", ""]) {
        it(`does not allow "${host}"`, () => assert.throws(() => checkHost(ankerCloud, host), (error) => error instanceof Trouble && error.kind === "auth"));
    }
    it("is replaced in code only, and put back", () => {
        const other = { ...ankerCloud, mqttPort: 1 };
        const back = useCloud(other);
        assert.equal(cloudInUse(), other);
        back();
        assert.equal(cloudInUse(), ankerCloud);
    });
});
