import assert from "node:assert/strict";
import type { PlugOptions } from "../../../lib/devices/power-source";
import { ShellyPlug } from "../../../lib/devices/shelly";
import { startShelly, type Shelly, type ShellyModel, type ShellyOptions } from "../../simulators/shelly";
import { plugAt, readOnce } from "../../support/plug-options";
import { VirtualClock } from "../../support/virtual-clock";

describe("a Shelly", () => {
    let shelly: Shelly;
    const start = async (simulated: ShellyOptions, options: Partial<PlugOptions> = {}): Promise<ShellyPlug> => {
        shelly = await startShelly(simulated);
        return new ShellyPlug(plugAt(shelly.port, options));
    };
    afterEach(() => shelly.stop());

    for (const { model, want } of [
        { model: "plug-s", want: { rack: 60 } },
        { model: "em3", want: { rack_a: 30, rack_b: 15, rack_c: 15, rack: 60 } },
        { model: "plus-plug", want: { rack: 60 } },
        { model: "plus-2pm", want: { rack_0: 60, rack_1: 6 } },
        { model: "pro-3em", want: { rack_a: 30, rack_b: 15, rack_c: 15, rack: 60 } },
        { model: "pro-em50", want: { rack_0: 60, rack_1: -30 } },
        { model: "pm-mini", want: { rack: 60 } },
    ] as { model: ShellyModel; want: Record<string, number> }[]) {
        it(`${model} is recognized and read`, async () => {
            const readings = await readOnce(await start({ model, watts: 60 }));
            assert.deepEqual(Object.fromEntries(readings.map(({ device, watts }) => [device, watts])), want);
            assert.ok(readings.every(({ source, quality }) => source === "shelly" && quality === "good"));
        });
    }

    for (const model of ["plug-s", "plus-plug", "pro-em50"] as ShellyModel[]) {
        it(`${model} that has not measured is missing, not at 0 W`, async () => {
            const plug = await start({ model });
            shelly.setFault("invalid");
            const [reading] = await readOnce(plug);
            assert.deepEqual([reading?.quality, reading?.watts], ["missing", undefined]);
        });
    }

    for (const model of ["shelly1", "plus-1"] as ShellyModel[]) {
        it(`${model} does not meter, and says so`, async () => {
            await assert.rejects(readOnce(await start({ model })), { kind: "config", message: /does not measure power: use a model with a power meter/ });
        });
    }

    it("is asked once who it is, and again after a failure", async () => {
        const plug = await start({ model: "plus-plug" });
        await readOnce(plug);
        await readOnce(plug);
        assert.equal(shelly.introductions, 1);
        shelly.setFault("error");
        await assert.rejects(readOnce(plug), { kind: "failed", message: "plug rack at 127.0.0.1: HTTP status 500" });
        shelly.setFault("none");
        await shelly.stop();
        shelly = await startShelly({ model: "plug-s", watts: 5, port: shelly.port });
        assert.equal((await readOnce(plug))[0]?.watts, 5, "another generation has taken the address");
    });

    describe("with a password", () => {
        const password = 'p=w"x,ü';

        it("of generation 1 is read with basic auth", async () => {
            assert.equal((await readOnce(await start({ model: "plug-s", password }, { password })))[0]?.watts, 60);
        });

        for (const firmware of [1, 2] as const) {
            it(`and firmware ${firmware}: one challenge, then each read is one request, the count rising from 1`, async () => {
                const plug = await start({ password, firmware }, { password });
                for (let poll = 0; poll < 17; poll += 1) assert.equal((await readOnce(plug))[0]?.watts, 60);
                assert.deepEqual(shelly.answers, [401, ...Array<number>(17).fill(200)]);
                assert.deepEqual([shelly.counts[0], shelly.counts[15], shelly.counts[16]], ["00000001", "00000010", "00000011"]);
            });
        }

        it("renews a nonce that has grown old within the same read", async () => {
            const plug = await start({ password }, { password });
            await readOnce(plug);
            shelly.expireNonces();
            assert.equal((await readOnce(plug))[0]?.watts, 60);
            assert.deepEqual(shelly.answers, [401, 200, 401, 200]);
            assert.deepEqual(shelly.counts, ["00000001", "00000002", "00000001"]);
        });

        it("survives a restart of the device, which forgets its nonces", async () => {
            const plug = await start({ password }, { password });
            await readOnce(plug);
            shelly.forgetNonces();
            assert.equal((await readOnce(plug))[0]?.watts, 60);
        });

        for (const model of ["plug-s", "plus-plug"] as ShellyModel[]) {
            it(`${model}: none given is trouble of kind auth that names the cure`, async () => {
                await assert.rejects(readOnce(await start({ model, password })), { kind: "auth", message: /wants a password: enter it in the node/ });
            });
            it(`${model}: a wrong one is tried once a read, and not at all for a while afterwards`, async () => {
                const clock = new VirtualClock();
                const plug = await start({ model, password }, { password: "wrong", clock });
                const fails = () => assert.rejects(readOnce(plug), (error: { kind: string; message: string }) => error.kind === "auth" && /does not accept the password/.test(error.message) && !error.message.includes("wrong"));
                await fails();
                const asked = shelly.answers.length;
                assert.ok(asked <= 2, `${asked} requests`);
                await fails();
                assert.equal(shelly.answers.length, asked, "held off");
                shelly.setPassword("wrong");
                await clock.pass(1000);
                assert.equal((await readOnce(plug))[0]?.watts, 60, "and it works as soon as the password is right");
            });
        }

        it("is not asked who it is again because it refuses: one request more would be one too many", async () => {
            const clock = new VirtualClock();
            const plug = await start({ password }, { password, clock });
            await readOnce(plug);
            shelly.setPassword("other");
            await assert.rejects(readOnce(plug), { kind: "auth" });
            shelly.setPassword(password);
            shelly.setFault("locked");
            await clock.pass(1000);
            await assert.rejects(readOnce(plug), { kind: "busy" });
            shelly.setFault("none");
            await clock.pass(3000);
            await readOnce(plug);
            assert.equal(shelly.introductions, 1);
        });

        it("a second refusal after a good read is held off as shortly as the first", async () => {
            const clock = new VirtualClock();
            const plug = await start({ password }, { password, clock });
            for (let round = 0; round < 3; round += 1) {
                shelly.setPassword("other");
                await assert.rejects(readOnce(plug), { kind: "auth" });
                shelly.setPassword(password);
                await clock.pass(1000);
                assert.equal((await readOnce(plug))[0]?.watts, 60);
            }
        });

        it("a device that locks us out is left alone, and its nonce is not used again", async () => {
            const clock = new VirtualClock();
            const plug = await start({ password }, { password, clock });
            await readOnce(plug);
            shelly.setFault("locked");
            await assert.rejects(readOnce(plug), { kind: "busy", message: /too many requests \(HTTP 429\)/ });
            for (let second = 0; second < 60; second += 1) {
                await clock.pass(1000);
                await assert.rejects(readOnce(plug), { kind: "busy" });
            }
            assert.deepEqual(shelly.answers, [401, 200, 429, 429, 429], "two early tries, then a minute of quiet");
            assert.equal(shelly.counts.length, 2, "the early tries ask for a new nonce");
            shelly.setFault("none");
            await clock.pass(120_000);
            assert.equal((await readOnce(plug))[0]?.watts, 60);
        });
    });

    it("may have an IPv6 address", async () => {
        const plug = await start({}, { host: "::1" });
        await assert.rejects(readOnce(plug), (error: { kind: string }) => error.kind === "refused" || error.kind === "unreachable");
    });

    it("that is something else is said not to be a Shelly", async () => {
        const plug = await start({});
        const { createServer } = await import("node:http");
        const other = createServer((_, response) => response.writeHead(404).end("not here")).listen(0, "127.0.0.1");
        await new Promise((resolve) => other.once("listening", resolve));
        const { port } = other.address() as { port: number };
        await assert.rejects(readOnce(new ShellyPlug({ ...plug.options, port })), { kind: "garbage", message: /answers, but not as a Shelly \(HTTP 404\): check the address/ });
        other.close();
    });
});
