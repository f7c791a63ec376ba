import assert from "node:assert/strict";
import { AnkerAccount } from "../../../lib/devices/anker-account";
import { useCloud } from "../../../lib/devices/anker-cloud";
import { realtimeTrigger, type Frame } from "../../../lib/devices/anker-frame";
import { AnkerStream, type Seat } from "../../../lib/devices/anker-stream";
import type { Trouble } from "../../../lib/kit/trouble";
import { AnkerCloudSimulator, stationSerial } from "../../simulators/anker-cloud";
import { eventually } from "../../support/eventually";
import { shiftedClock } from "../../support/shifted-clock";

const never = new AbortController().signal;

/** Who listens, and what was heard. */
function ears(serial = stationSerial) {
    const heard = { frames: [] as Frame[], troubles: [] as Trouble[], doubts: [] as string[], ups: 0 };
    return { heard, listener: { serial, up: () => void (heard.ups += 1), frame: (frame: Frame) => void heard.frames.push(frame), trouble: (trouble: Trouble) => void heard.troubles.push(trouble), doubt: (text: string) => void heard.doubts.push(text) } };
}

describe("the stream of an Anker account", function () {
    let cloud: AnkerCloudSimulator;
    let back: () => void;
    let stream: AnkerStream;
    let seats: Seat[];
    const begin = async (options: ConstructorParameters<typeof AnkerCloudSimulator>[0] = {}): Promise<void> => {
        cloud = await new AnkerCloudSimulator({ frameMs: 10, secondMs: 5, ...options }).start();
        back = useCloud(cloud.cloud());
        let session: unknown;
        const store = { load: () => Promise.resolve({ session }), save: (value: unknown) => Promise.resolve(void (session = structuredClone(value))) };
        const clock = shiftedClock(4);
        stream = new AnkerStream(new AnkerAccount({ email: "user@example.com", password: "correct horse battery", country: "US", store, clock }), { minMs: 400, maxMs: 2000 });
        seats = [];
    };
    afterEach(async () => {
        for (const seat of seats) seat.leave();
        back();
        await cloud.stop();
    });
    const listen = (serial?: string) => {
        const one = ears(serial);
        const seat = stream.listen(one.listener);
        seats.push(seat);
        return { ...one.heard, heard: one.heard, seat };
    };
    const up = (heard: { ups: number }, times = 1): Promise<void> => eventually(() => heard.ups >= times, 10_000, () => `${times} times up, got ${heard.ups}`);

    it("hears nothing of a device that nobody has asked, and much of one that was", async () => {
        await begin();
        const { heard, seat } = listen();
        await up(heard);
        assert.deepEqual([heard.frames.length, heard.troubles.length], [0, 0]);
        await seat.command(realtimeTrigger(60, Date.now()), never);
        await eventually(() => heard.frames.length >= 5);
        assert.deepEqual([heard.frames[0]?.type, cloud.triggers], ["0405", [60]]);
    });

    it("takes nothing for new that the broker has kept", async () => {
        await begin();
        const one = listen();
        await up(one.heard);
        cloud.say(undefined, true);
        await eventually(() => one.heard.frames.length === 1);
        const two = listen();
        await up(two.heard);
        cloud.say();
        await eventually(() => two.heard.frames.length >= 1);
        assert.deepEqual([one.heard.frames.length, two.heard.frames.length], [2, 1]);
    });

    it("is one connection for all who listen", async () => {
        await begin();
        const one = listen();
        await up(one.heard);
        const two = listen();
        await up(two.heard);
        cloud.say();
        await eventually(() => one.heard.frames.length === 1 && two.heard.frames.length === 1);
        assert.equal(cloud.clientIds.length, 1);
        assert.match(cloud.clientIds[0] ?? "", /^[0-9a-f]{40}-anker_power_\d{5}$/);
    });

    it("comes back after the broker has dropped it, without another login", async () => {
        await begin();
        const { heard } = listen();
        for (let round = 1; round <= 3; round += 1) {
            await up(heard, round);
            cloud.dropBroker();
        }
        await up(heard, 4);
        assert.equal(cloud.logins, 1);
        assert.equal(heard.troubles.length, 3);
        cloud.say();
        await eventually(() => heard.frames.length === 1);
    });

    it("gets a new certificate when the broker no longer takes the old one", async () => {
        await begin();
        const { heard } = listen();
        await up(heard);
        const asked = () => cloud.requests.filter(({ endpoint }) => endpoint.endsWith("mqtt_info")).length;
        assert.equal(asked(), 1);
        cloud.refuseOldCertificates();
        await up(heard, 2);
        assert.equal(asked(), 2);
        assert.equal(cloud.logins, 1);
    });

    it("gets a new certificate when the old one has expired", async () => {
        await begin({ certificateMs: -1000 });
        const { heard } = listen();
        await eventually(() => heard.troubles.length > 0);
        assert.equal(heard.ups, 0);
        cloud.options.certificateMs = 86_400_000;
        await up(heard);
    });

    it("says that a device which is only shared can't be heard", async () => {
        await begin({ shared: true });
        const { heard } = listen();
        await eventually(() => heard.troubles.length > 0);
        assert.equal(heard.troubles[0]?.kind, "auth");
        assert.match(heard.troubles[0]?.message ?? "", /may not listen to the device: log in with the account that owns it/);
        cloud.shared = false;
        await up(heard);
    });

    it("hears one device though another one is unknown", async () => {
        await begin();
        const unknown = listen("NOBODY");
        const known = listen();
        await up(known.heard);
        await eventually(() => unknown.heard.troubles.length > 0);
        assert.equal(unknown.heard.troubles[0]?.kind, "config");
        cloud.say();
        await eventually(() => known.heard.frames.length === 1);
        assert.equal(unknown.heard.frames.length, 0);
    });

    it("goes on after messages that nobody understands", async () => {
        await begin();
        const { heard } = listen();
        await up(heard);
        const broken = ["", "{", "null", "[]", "{}", "{\"payload\":5}", "{\"payload\":\"x\"}", "{\"payload\":\"{}\"}", JSON.stringify({ payload: JSON.stringify({ data: "AAAA" }) }), "x".repeat(200_000)];
        for (const text of broken) cloud.sayText(text);
        cloud.say();
        await eventually(() => heard.frames.length === 1);
        assert.deepEqual([heard.doubts.length, heard.troubles.length], [broken.length, 0]);
    });

    it("sends no command while there is no connection", async () => {
        await begin();
        const { heard, seat } = listen();
        await assert.rejects(seat.command(realtimeTrigger(60, 0), never), /not connected/);
        await up(heard);
    });

    it("lets the connection go with the last listener, and opens it for the next", async () => {
        await begin();
        const first = listen();
        await up(first.heard);
        first.seat.leave();
        await eventually(() => cloud.connections === 0);
        const next = listen();
        await up(next.heard);
        assert.equal(cloud.logins, 1);
        assert.equal(first.heard.troubles.length, 0);
    });

    it("tries again until the cloud can be reached", async () => {
        await begin();
        cloud.failNext("passport/login", "hang up");
        cloud.failNext("app/devicemanage/get_user_mqtt_info", { status: 500 }, { status: 500 });
        const { heard } = listen();
        await up(heard);
        assert.deepEqual(heard.troubles.map(({ kind }) => kind), ["closed", "busy"]);
    });
});
