import assert from "node:assert/strict";
import { parseBroker } from "../../../lib/devices/anker-broker";
import { commandEnvelope, openEnvelope, topics } from "../../../lib/devices/anker-envelope";
import { realtimeTrigger } from "../../../lib/devices/anker-frame";
import { Trouble } from "../../../lib/kit/trouble";
import { ankerFixturesMissing, capturedMessages, json } from "../../support/anker-fixtures";
import { stateFrame, restingStation } from "../../simulators/anker-cloud-station";

const way = { user_id: "u1", app_name: "anker_power", thing_name: "u1-anker_power", certificate_id: "c1", certificate_pem: "c", private_key: "k", endpoint_addr: "h", aws_root_ca1_pem: "a" };
const broker = parseBroker(way);
const station = { model: "A1790P", serial: "SN1" };
const topic = "dt/anker_power/A1790P/SN1/param_info";
const message = (inner: object): string => JSON.stringify({ head: {}, payload: JSON.stringify(inner) });
const data = stateFrame(restingStation, 0).toString("base64");

describe("the envelope of Anker messages", () => {
    it("names the device by its topic, and holds a frame", () => {
        const { model, serial, frame } = openEnvelope(topic, message({ data, sn: "SN1", pn: "A1790P" }));
        assert.deepEqual([model, serial, frame.type], ["A1790P", "SN1", "0405"]);
    });
    it("calls the frame \"trans\" where a panel speaks", () => assert.equal(openEnvelope(topic, message({ trans: data })).frame.type, "0405"));
    for (const [what, text] of [["nothing", ""], ["no JSON", "{"], ["no payload", "{}"], ["a payload that is no JSON", JSON.stringify({ payload: "x" })], ["no data", message({ sn: "SN1" })], ["no frame", message({ data: "AAAA" })], ["far too much", "x".repeat(70_000)]] as const) {
        it(`is garbage with ${what}, and the error does not show the serial number`, () => assert.throws(() => openEnvelope(topic, text), (error) => error instanceof Trouble && error.kind === "garbage" && !error.message.includes("SN1")));
    }
    it("carries a command as the vendor's app writes it", () => {
        assert.ok(broker);
        const { head, payload } = JSON.parse(commandEnvelope(broker, station, realtimeTrigger(60, 0), 1_756_813_256_789)) as { head: object; payload: string };
        assert.deepEqual(head, { version: "1.0.0.1", client_id: "android-anker_power-u1-c1", sess_id: "1234-5678", msg_seq: 1, seed: 1, timestamp: 1_756_813_256, cmd_status: 2, cmd: 17, sign_code: 1, device_pn: "A1790P", device_sn: "SN1" });
        assert.deepEqual(JSON.parse(payload), { device_sn: "SN1", account_id: "u1", data: realtimeTrigger(60, 0).toString("base64") });
        assert.deepEqual([topics.listen(broker, "A1790P", "SN1"), topics.command(broker, "A1790P", "SN1")], ["dt/anker_power/A1790P/SN1/#", "cmd/anker_power/A1790P/SN1/req"]);
        assert.equal((JSON.parse((JSON.parse(commandEnvelope(broker, { ...station, owner: "u2" }, realtimeTrigger(60, 0), 0)) as { payload: string }).payload) as { account_id: string }).account_id, "u2");
    });
    it("needs all of the way to the broker", () => {
        for (const key of Object.keys(way)) assert.equal(parseBroker({ ...way, [key]: "" }), undefined, key);
    });
    it("is opened as public captures hold it", function () {
        if (ankerFixturesMissing !== undefined) {
            console.log(`      skipped: ${ankerFixturesMissing}`);
            this.skip();
        }
        for (const captured of capturedMessages()) assert.equal(openEnvelope(captured.topic, captured.text).serial, captured.topic.split("/")[3]);
        assert.ok(parseBroker((json("mqtt_info_shape.json") as { data: unknown }).data));
    });
});
