import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { repository, startNodeRed, type NodeRed } from "../support/node-red";
import { temporaryFolder } from "../support/temporary-folder";

const { hashSync } = createRequire(require.resolve("node-red"))("bcryptjs") as { hashSync(text: string, rounds: number): string };

/** Every admin route of this package, as the sources register it. Those for alerts' tests share a function that has the type for a variable. */
function routes(): { path: string; permission: string }[] {
    const sources = readdirSync(join(repository, "nodes"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts")).map((name) => readFileSync(join(repository, "nodes", name), "utf8"));
    const calls = sources.flatMap((source) => [...source.matchAll(/adminPost\(RED, (["`])([^"`]+)\1, \1([^"`]+)\1/g)].map(([, , path = "", permission = ""]) => ({ path, permission })));
    const alerts = sources.flatMap((source) => [...source.matchAll(/addTestRoute<\w+>\(RED, "([^"]+)"/g)].map(([, type = ""]) => type));
    assert.equal(sources.join("").match(/adminPost\(RED,/g)?.length, calls.length, "every call was understood");
    return calls.flatMap(({ path, permission }) => (path.includes("${type}") ? alerts.map((type) => ({ path: path.replace("${type}", type), permission: permission.replace("${type}", type) })) : [{ path, permission }]))
        .map(({ path, permission }) => ({ path: path.replaceAll(/:\w+/g, "sequencer0000000"), permission }));
}

describe("a Node-RED whose editor has a password", function () {
    this.timeout(60_000);
    const folder = temporaryFolder();
    let red: NodeRed;
    const password = (name: string): string => `${name}-password`;
    const users = [{ username: "owner", permissions: "*" }, { username: "reader", permissions: "read" }, { username: "painter", permissions: "flows.write" }];

    const tokens = new Map<string, string>();
    const tokenOf = (username: string): string => tokens.get(username) ?? assert.fail(username);
    const logIn = async (username: string, scope: string): Promise<void> => {
        const body = { client_id: "node-red-editor", grant_type: "password", scope, username, password: password(username) };
        const { access_token: token } = (await (await red.request("auth/token", { method: "POST", body })).json()) as { access_token?: string };
        assert.ok(token, username);
        tokens.set(username, token);
    };
    const post = async (path: string, token?: string): Promise<number> =>
        (await red.request(`ridethrough/${path}`, { method: "POST", body: {}, ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }) })).status;

    before(async () => {
        writeFileSync(join(folder.path, "flows.json"), JSON.stringify([
            { id: "aaaaaaaaaaaaaaaa", type: "tab", label: "armed" },
            { id: "sequencer0000000", type: "shutdown-sequencer", z: "aaaaaaaaaaaaaaaa", x: 100, y: 100, plan: "plan000000000000", dryRun: false, enabled: true, rootKnown: true, openKnown: false, check: "0", version: 2, wires: [[], []] },
            { id: "plan000000000000", type: "shutdown-plan", hosts: ["host000000000000"], steps: [{ services: ["web"] }], final: "shutdown", delay: "2", version: 1 },
            { id: "host000000000000", type: "power-host", name: "here", kind: "local", version: 2 },
        ]));
        red = await startNodeRed({ userDir: folder.path, settings: { adminAuth: { type: "credentials", users: users.map((user) => ({ ...user, password: hashSync(password(user.username), 4) })) } } });
        for (const { username, permissions } of users) await logIn(username, permissions);
    });
    after(async () => {
        await red?.stop();
        folder.remove();
    });

    it("can be armed without a word about passwords", async () => {
        await red.eventually(() => red.status("sequencer0000000")?.text === "armed 0/1, here: not drilled", 5000, () => JSON.stringify(red.status("sequencer0000000")));
    });

    const all = routes();
    it("has admin routes, those of drills among them", () => {
        assert.ok(all.length >= 25);
        for (const path of ["shutdown-plan/sequencer0000000/drill", "shutdown-plan/sequencer0000000/evidence"]) assert.ok(all.some((route) => route.path === path), path);
    });
    for (const { path, permission } of all) {
        it(`answers 401 at ${path} without a token, with a wrong one, and to an account without ${permission}`, async () => {
            assert.equal(await post(path), 401);
            assert.equal(await post(path, "stolen"), 401);
            assert.equal(await post(path, tokenOf("painter")), 401);
            if (!permission.endsWith(".read")) assert.equal(await post(path, tokenOf("reader")), 401);
        });
    }

    it("lets an account look that may read, and drill one that may write", async () => {
        const ask = async (user: string, path: string): Promise<{ ok: boolean }> =>
            (await red.request(`ridethrough/shutdown-plan/plan000000000000/${path}`, { method: "POST", body: {}, headers: { authorization: `Bearer ${tokenOf(user)}` } })).json() as Promise<{ ok: boolean }>;
        assert.equal((await ask("reader", "evidence")).ok, true);
        assert.equal((await ask("owner", "evidence")).ok, true);
        assert.equal((await ask("owner", "drill")).ok, true);
    });
});
