import assert from "node:assert/strict";
import { scryptSync } from "node:crypto";
import { AnkerAccount } from "../../../lib/devices/anker-account";
import { useCloud } from "../../../lib/devices/anker-cloud";
import type { Saved } from "../../../lib/devices/anker-saved";
import type { SessionStore } from "../../../lib/devices/anker-session";
import { Trouble, type TroubleKind } from "../../../lib/kit/trouble";
import { AnkerCloudSimulator, stationSerial } from "../../simulators/anker-cloud";
import { eventually } from "../../support/eventually";
import { shiftedClock, type ShiftedClock } from "../../support/shifted-clock";

const hour = 3_600_000;
const never = new AbortController().signal;
const login = "passport/login";
const list = "power_service/v1/app/get_relate_and_bind_devices";

/** A disk that several accounts, one after the other, find again. */
class Disk implements SessionStore {
    text: string | undefined;
    logins: string | undefined;
    damaged = false;
    full = false;
    unreadable = false;
    load(): ReturnType<SessionStore["load"]> {
        if (this.unreadable) return Promise.reject(new Trouble("disk", "Anker cloud: its saved login could not be read"));
        const { text, logins, damaged } = this;
        return Promise.resolve({ damaged, session: text === undefined ? undefined : JSON.parse(text) as unknown, logins: logins === undefined ? undefined : JSON.parse(logins) as unknown });
    }
    save(value: Saved): Promise<void> {
        if (this.full) return Promise.reject(Object.assign(new Error("no space left"), { code: "ENOSPC" }));
        [this.text, this.logins, this.damaged] = [JSON.stringify(value), JSON.stringify(value.logins), false];
        return Promise.resolve();
    }
    /** As StateFile sets a damaged document aside. */
    damage({ logins }: { logins: boolean }): void {
        this.text = undefined;
        this.damaged = true;
        if (logins) this.logins = undefined;
    }
}

describe("an account at Anker's cloud", function () {
    let cloud: AnkerCloudSimulator;
    let clock: ShiftedClock;
    let disk: Disk;
    let back: () => void;
    beforeEach(async () => {
        cloud = await new AnkerCloudSimulator().start();
        back = useCloud(cloud.cloud());
        clock = shiftedClock(4);
        disk = new Disk();
    });
    afterEach(async () => {
        back();
        await cloud.stop();
    });
    /** As it is after a start of Node-RED. */
    const account = (more: { email?: string; password?: string; country?: string } = {}): AnkerAccount => new AnkerAccount({ email: "user@example.com", password: "correct horse battery", country: "US", store: disk, clock, ...more });
    const refused = (kind: TroubleKind, text: RegExp) => (error: unknown): boolean => {
        assert.ok(error instanceof Trouble, String(error));
        assert.equal(error.kind, kind, error.message);
        assert.match(error.message, text);
        assert.ok(!/user@example|correct horse/i.test(error.message));
        return true;
    };

    it("keeps the token of a login that a deploy meets on its way", async () => {
        cloud.failNext(login, { slowMs: 100 });
        const [one, deploy] = [account(), new AbortController()];
        const asked = one.devices(deploy.signal);
        await eventually(() => cloud.requests.some(({ endpoint }) => endpoint === login));
        deploy.abort(new Trouble("stopped", "deploy"));
        await assert.rejects(asked, refused("stopped", /stopped/), "who asked is let go at once");
        assert.equal((await one.devices(never)).length, 1, "who asks next waits for it");
        await one.landed();
        assert.equal((await account().devices(never)).length, 1);
        assert.equal(cloud.logins, 1);
    });
    it("gives up a login that takes longer than a deploy waits", async () => {
        cloud.failNext(login, "hang");
        const [one, deploy] = [account(), new AbortController()];
        const asked = one.devices(deploy.signal);
        await eventually(() => cloud.requests.some(({ endpoint }) => endpoint === login));
        deploy.abort(new Trouble("stopped", "deploy"));
        await assert.rejects(asked, refused("stopped", /stopped/));
        const began = performance.now();
        await one.landed();
        assert.ok(performance.now() - began < 5000);
    });
    it("begins no login once nobody wants it", async () => {
        const deploy = new AbortController();
        deploy.abort(new Trouble("stopped", "deploy"));
        await assert.rejects(account().devices(deploy.signal), /deploy/);
        await assert.doesNotReject(account().landed());
        assert.deepEqual([cloud.requests, disk.text], [[], undefined]);
    });
    it("logs in once, finds its devices, and keeps the token over restarts", async () => {
        for (let start = 0; start < 5; start += 1) {
            assert.deepEqual(await account().devices(never), [{ serial: stationSerial, model: "A1790P", name: "Cellar", online: true, owner: "1541fc0a3db5a23e3c4ee27c6ed0616444e1ab8c" }]);
            clock.pass(60_000);
        }
        assert.equal(cloud.logins, 1);
    });

    it("logs in once, however many ask at the same time", async () => {
        const one = account();
        await Promise.all([one.devices(never), one.broker(never), one.devices(never), one.device(stationSerial, never)]);
        assert.equal(cloud.logins, 1);
    });

    it("uses a token until the cloud says that it has ended, whatever our clock says", async () => {
        await account().devices(never);
        clock.jumpWall(30 * 24 * hour);
        await account().devices(never);
        clock.jumpWall(-60 * 24 * hour);
        await account().devices(never);
        assert.equal(cloud.logins, 1);
    });

    it("logs in once more when the token has ended", async () => {
        await account().devices(never);
        cloud.endToken();
        await account().devices(never);
        assert.equal(cloud.logins, 2);
    });

    for (const [what, fault] of [["kicked out by another login", { code: 26084, msg: "kicked out" }], ["HTTP 401", { status: 401 }], ["HTTP 403", { status: 403 }]] as const) {
        it(`logs in once more after: ${what}`, async () => {
            await account().devices(never);
            cloud.failNext(list, fault);
            assert.equal((await account().devices(never)).length, 1);
            assert.equal(cloud.logins, 2);
        });
    }

    it("never logs in more than three times a day, whoever ends its token", async () => {
        for (let round = 0; round < 3; round += 1) {
            await account().devices(never);
            cloud.endToken();
        }
        await assert.rejects(account().devices(never), refused("busy", /logged in, or tried to, 3 times, next login in .*if another program uses this account/));
        assert.equal(cloud.logins, 3);
        clock.pass(25 * hour);
        await account().devices(never);
        assert.equal(cloud.logins, 4);
    });

    it("does not count a login that never got there: without a network the day's three are not used up", async () => {
        const away = cloud.cloud();
        const strange = { ...away };
        delete strange.ca;
        for (const elsewhere of [{ ...away, baseUrl: () => "https://localhost:1" }, strange]) {
            useCloud(elsewhere);
            for (let start = 0; start < 4; start += 1) await assert.rejects(account().devices(never), (error) => error instanceof Trouble && error.kind !== "busy");
        }
        useCloud(away);
        assert.equal((await account().devices(never)).length, 1);
        assert.equal(cloud.logins, 1);
    });

    const unanswered: [string, Parameters<AnkerCloudSimulator["failNext"]>[1][]][] = [
        ["hangs up", ["hang up"]], ["answers with a page", ["garbage"]], ["has trouble of its own", [{ status: 503 }, { status: 503 }]], ["takes no login from here", [{ status: 403 }]], ["asks to wait", [{ status: 429 }]],
    ];
    for (const [what, faults] of unanswered) {
        it(`tries a login three times in two hours, over restarts, while the cloud ${what}, and goes on when it is well`, async () => {
            for (let attempt = 1; attempt <= 3; attempt += 1) {
                cloud.failNext(login, ...faults);
                await assert.rejects(account().devices(never), (error) => error instanceof Trouble && !/tried to/.test(error.message));
                clock.pass(66_000);
            }
            await assert.rejects(account().devices(never), refused("busy", /logged in, or tried to, 3 times, next login in 1 h 5\d min/));
            assert.equal(cloud.logins, 3 * faults.length);
            clock.pass(2 * hour);
            assert.equal((await account().devices(never)).length, 1);
        });
    }

    it("makes no login after the other when the cloud refuses what it has just given", async () => {
        const [one, no] = [account(), { status: 403 }];
        cloud.failNext(list, no, no, no, no);
        await assert.rejects(one.devices(never), refused("auth", /no longer valid/));
        for (let round = 0; round < 2; round += 1) await assert.rejects(one.devices(never), refused("busy", /the cloud refuses what it has just given, next login in (59 min|1 h)/));
        assert.equal((await one.devices(never)).length, 1, "it is well again, and so is the token");
        assert.equal(cloud.logins, 2);
    });

    it("is not locked out for years by a clock that was wrong when the cloud asked it to wait", async () => {
        clock.jumpWall(10 * 365 * 24 * hour);
        cloud.failNext(login, { code: 100053, msg: "Please try again in 2 hours." });
        await assert.rejects(account().devices(never), refused("busy", /locked/));
        clock.jumpWall(-10 * 365 * 24 * hour);
        assert.equal((await account().devices(never)).length, 1);
    });

    it("stops at a wrong password until it is corrected", async () => {
        for (let start = 0; start < 3; start += 1) await assert.rejects(account({ password: "wrong" }).devices(never), refused("config", /email or password is wrong: correct it/));
        assert.equal(cloud.logins, 1);
        await account().devices(never);
        assert.equal(cloud.logins, 2);
    });

    const needs: [string, Parameters<AnkerCloudSimulator["failNext"]>[1]][] = [
        ["a code", { code: 26052, msg: "need verify code" }], ["another code", { code: 26050 }],
        ["a captcha", { data: { captcha_id: "x", item: "data:image/png;base64,AAAA" } }], ["a second factor", { data: { user_id: "u", auth_token: "", fa_info: { step: 1, info: "email" } } }],
    ];
    for (const [what, fault] of needs) {
        it(`stops when the login wants ${what}, until a person says that it is done`, async () => {
            cloud.failNext(login, fault);
            for (let start = 0; start < 3; start += 1) await assert.rejects(account().devices(never), refused("config", /wants a code or a captcha: log in once with the Anker app/));
            clock.pass(48 * hour);
            await assert.rejects(account().devices(never), Trouble);
            assert.equal(cloud.logins, 1);
            const freed = account();
            await freed.allowLogin(never);
            assert.equal((await freed.devices(never)).length, 1);
        });
    }

    it("waits out a lock for as long as the cloud says, over restarts", async () => {
        cloud.failNext(login, { code: 100053, msg: "Please try again in 2 hours." });
        await assert.rejects(account().devices(never), refused("busy", /locked after too many logins, next login in (2 h|1 h 59 min)/));
        clock.pass(1.5 * hour);
        await assert.rejects(account().devices(never), refused("busy", /next login in (29|30) min/));
        assert.equal(cloud.logins, 1);
        clock.pass(0.6 * hour);
        await account().devices(never);
        assert.equal(cloud.logins, 2);
    });

    it("leaves an endpoint alone after a 429, also over restarts, and needs no second login", async () => {
        await account().devices(never);
        cloud.failNext(list, { status: 429, text: JSON.stringify({ error_msg: "Request too soon." }) });
        await assert.rejects(account().devices(never), refused("busy", /too many requests/));
        const asked = cloud.requests.length;
        await assert.rejects(account().devices(never), refused("busy", /asked to wait, next request in \d+ s/));
        assert.equal(cloud.requests.length, asked);
        clock.pass(66_000);
        await account().devices(never);
        assert.equal(cloud.logins, 1);
    });

    it("asks once more when the cloud has trouble of its own", async () => {
        cloud.failNext(list, { status: 502, text: "<html>" });
        assert.equal((await account().devices(never)).length, 1);
        cloud.failNext(list, { code: 21105, msg: "busy" }, { status: 504 });
        await assert.rejects(account().devices(never), refused("busy", /trouble of its own/));
    });

    const faults: [string, Parameters<AnkerCloudSimulator["failNext"]>[1], TroubleKind][] = [
        ["it hangs up", "hang up", "closed"], ["it answers with a page", "garbage", "garbage"], ["its list is none", { data: { data: "no" } }, "garbage"], ["an error that nobody knows", { code: 77777, msg: "what" }, "failed"],
        ["the account may not", { code: 160003 }, "auth"],
    ];
    for (const [what, fault, kind] of faults) {
        it(`says it when ${what}, and works again afterwards`, async () => {
            cloud.failNext(list, fault);
            await assert.rejects(account().devices(never), refused(kind, /Anker cloud/));
            assert.equal((await account().devices(never)).length, 1);
            assert.equal(cloud.logins, 1);
        });
    }

    it("finds no device in the wrong region, and says where to look", async () => {
        cloud.country = "DE";
        await assert.rejects(account().device(stationSerial, never), refused("config", /no devices: is its country/));
        assert.equal((await account({ country: "DE" }).device(stationSerial, never)).name, "Cellar");
    });

    it("knows its devices by serial number, and its only one by none", async () => {
        assert.equal((await account().device("", never)).serial, stationSerial);
        await assert.rejects(account().device("OTHER", never), refused("config", /no device …THER: the account has Cellar \(A1790P, …0001\)/));
    });

    it("asks nothing after a restart about a device that it has seen", async () => {
        await account().device(stationSerial, never);
        await account().broker(never);
        const asked = cloud.requests.length;
        assert.equal((await account().device(stationSerial, never)).model, "A1790P");
        assert.equal((await account().device("", never)).name, "Cellar");
        await account().broker(never);
        assert.equal(cloud.requests.length, asked);
    });

    it("goes on when the disk is full after the login", async () => {
        const one = account();
        await one.devices(never);
        disk.full = true;
        assert.equal((await one.broker(never)).endpoint_addr, "localhost");
    });

    it("keeps the way to the broker over restarts, until its certificate ends", async () => {
        const first = await account().broker(never);
        assert.deepEqual(await account().broker(never), first);
        clock.jumpWall(366 * 24 * hour);
        const second = await account().broker(never);
        assert.notEqual(second.certificate_pem, first.certificate_pem);
        assert.notEqual((await account().broker(never, { anew: true })).certificate_pem, second.certificate_pem);
        assert.equal(cloud.logins, 1);
    });

    it("goes to no broker but Anker's", async () => {
        const way = await account().broker(never);
        cloud.failNext("app/devicemanage/get_user_mqtt_info", { data: { ...way, endpoint_addr: "broker.example.org" } });
        await assert.rejects(account().broker(never, { anew: true }), refused("auth", /broker\.example\.org, which is not Anker's/));
    });

    it("makes no login that it could not remember", async () => {
        disk.full = true;
        await assert.rejects(account().devices(never), refused("disk", /a login could not be remembered, so none is made/));
        assert.equal(cloud.logins, 0);
    });

    it("logs in no more than three times a day though its memory is damaged at every start", async () => {
        for (let start = 0; start < 3; start += 1) {
            assert.equal((await account().devices(never)).length, 1);
            disk.damage({ logins: false });
        }
        for (let start = 0; start < 3; start += 1) {
            await assert.rejects(account().devices(never), refused("busy", /logged in, or tried to, 3 times/));
            disk.damage({ logins: false });
        }
        assert.equal(cloud.logins, 3);
    });

    it("waits an hour, over restarts, when the count of its logins is damaged as well", async () => {
        await account().devices(never);
        disk.damage({ logins: true });
        for (let start = 0; start < 3; start += 1) {
            await assert.rejects(account().devices(never), refused("busy", /its saved login was damaged, next login in (1 h|59 min|[45]\d min).*"Log in now"/));
            clock.pass(0.1 * hour);
        }
        disk.damage({ logins: true });
        await assert.rejects(account().devices(never), Trouble);
        assert.equal(cloud.logins, 1);
        clock.pass(1.1 * hour);
        assert.equal((await account().devices(never)).length, 1);
        disk.damage({ logins: true });
        const freed = account();
        await freed.allowLogin(never);
        assert.equal((await freed.devices(never)).length, 1, "a person may say that it need not wait");
    });

    it("starts anew from what is no memory of a login", async () => {
        for (const text of ["null", "[]", "{\"salt\":5}", "\"x\""]) {
            [disk.text, disk.logins] = [text, undefined];
            await assert.rejects(account().devices(never), refused("busy", /was damaged/));
            clock.pass(1.1 * hour);
            assert.equal((await account().devices(never)).length, 1);
            clock.pass(25 * hour);
        }
    });

    it("makes no login while the disk does not say whether there is one, and uses the old one when it does", async () => {
        await account().devices(never);
        disk.unreadable = true;
        const one = account();
        await assert.rejects(one.devices(never), refused("disk", /could not be read/));
        disk.unreadable = false;
        assert.equal((await one.devices(never)).length, 1);
        assert.equal(cloud.logins, 1);
    });

    it("is the same account however its email is written, also where an older version wrote down the login", async () => {
        const shouted = { email: "User@Example.com" };
        await account().devices(never);
        await account(shouted).devices(never);
        const saved = JSON.parse(disk.text ?? "") as Saved;
        disk.text = JSON.stringify({ ...saved, fingerprint: scryptSync("correct horse battery", `${saved.salt} US User@Example.com`, 16).toString("hex") });
        await account(shouted).devices(never);
        assert.equal(cloud.logins, 1);
    });

    it("lets go at once when it is told to", async () => {
        cloud.failNext(login, "hang");
        const stop = new AbortController();
        const asked = account().devices(stop.signal);
        setTimeout(() => stop.abort(), 30);
        await assert.rejects(asked, refused("stopped", /stopped/));
    });
});
