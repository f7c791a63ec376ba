import assert from "node:assert/strict";
import type { NodeAPI } from "node-red";
import powerHost from "../../../nodes/power-host/power-host";
import { adminPost, type AdminAnswer } from "../../../nodes/shared/admin";
import shutdownPlan from "../../../nodes/shutdown-plan/shutdown-plan";
import telegramAlert from "../../../nodes/telegram-alert/telegram-alert";
import { settle } from "../../support/virtual-clock";

type Handler = (request: unknown, response: unknown) => void;

/** Node-RED's side of an admin route: what was registered, and behind which permission. */
function fakeRed(): { RED: NodeAPI; routes: { path: string; guard: unknown; handler: Handler }[]; warned: string[]; resolved: string[] } {
    const routes: { path: string; guard: unknown; handler: Handler }[] = [];
    const warned: string[] = [];
    const resolved: string[] = [];
    const RED = {
        httpAdmin: { post: (path: string, guard: unknown, handler: Handler) => routes.push({ path, guard, handler }) },
        auth: { needsPermission: (permission: string) => `needs ${permission}` },
        log: { warn: (text: string) => warned.push(text) },
        nodes: { registerType: () => undefined, getNode: () => null, getCredentials: () => undefined },
        util: { evaluateNodeProperty: (value: string) => (resolved.push(value), "-secret") },
    };
    return { RED: RED as unknown as NodeAPI, routes, warned, resolved };
}

describe("adminPost", () => {
    const call = async (answer: (body: Record<string, unknown>, params: Record<string, unknown>) => Promise<AdminAnswer> | AdminAnswer, body: unknown = {}): Promise<{ replies: unknown[]; guard: unknown; path: string }> => {
        const { RED, routes } = fakeRed();
        adminPost(RED, "plug-reader/test/:id", "plug-reader.write", answer);
        assert.equal(routes.length, 1);
        const replies: unknown[] = [];
        routes[0]?.handler({ params: { id: "7" }, body }, { status: (code: number) => ({ json: (reply: unknown) => replies.push([code, reply]) }) });
        await settle();
        return { replies, guard: routes[0]?.guard, path: routes[0]?.path ?? "" };
    };

    it("lies under ridethrough/ and behind its permission", async () => {
        const { path, guard } = await call(() => ({ ok: true }));
        assert.deepEqual([path, guard], ["/ridethrough/plug-reader/test/:id", "needs plug-reader.write"]);
    });
    it("hands body and parameters on, and answers JSON", async () => {
        const { replies } = await call((body, params) => ({ ok: true, got: [body.host, params.id] }), { host: "192.0.2.5" });
        assert.deepEqual(replies, [[200, { ok: true, got: ["192.0.2.5", "7"] }]]);
    });
    for (const [what, answer] of [["throws", () => { throw new Error("plug: refused"); }], ["rejects", () => Promise.reject(new Error("plug: refused"))]] as const) {
        it(`answers with the error's text when the work ${what}`, async () => assert.deepEqual((await call(answer)).replies, [[200, { ok: false, error: "plug: refused" }]]));
    }
    for (const body of [undefined, null, "text", 7]) {
        it(`takes the body ${JSON.stringify(body)} as an empty one`, async () => assert.deepEqual((await call((got) => ({ ok: true, keys: Object.keys(got) }), body)).replies, [[200, { ok: true, keys: [] }]]));
    }
    it("lets nothing out when the answer cannot be sent", async () => {
        const { RED, routes, warned } = fakeRed();
        adminPost(RED, "x", "x.write", () => ({ ok: true }));
        routes[0]?.handler({ params: {}, body: {} }, { status: () => ({ json: () => { throw new Error("connection gone"); } }) });
        await settle();
        assert.deepEqual(warned, ["ridethrough/x: connection gone"]);
    });
});

describe("the environment of Node-RED", () => {
    // Names and addresses come back in answers and errors: whoever may only read flows must not read secrets with them.
    for (const [type, register] of Object.entries({ "power-host": powerHost, "shutdown-plan": shutdownPlan, "telegram-alert": telegramAlert })) {
        it(`is looked up in ${type}'s dialog only for who may write flows`, async () => {
            const { RED, routes, resolved } = fakeRed();
            register(RED);
            const field = "${SECRET}";
            let looked = 0;
            for (const { path, guard, handler } of routes) {
                resolved.length = 0;
                handler({ params: {}, body: { host: field, name: field, chatId: field, hosts: ["a"], powerHosts: [{ id: "a", name: field }] } }, { status: () => ({ json: () => undefined }) });
                await settle();
                looked += resolved.length;
                if (resolved.length > 0) assert.equal(guard, `needs ${type}.write`, path);
            }
            assert.ok(looked > 0, "no route looked anything up");
        });
    }
});
