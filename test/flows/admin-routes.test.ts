import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pollution } from "../support/hostile";
import { repository, startNodeRed, type NodeRed } from "../support/node-red";
import { temporaryFolder } from "../support/temporary-folder";

const { hashSync } = createRequire(require.resolve("node-red"))("bcryptjs") as { hashSync(text: string, rounds: number): string };

/** Whoever may read flows may ask these; every other route takes the right to write. A new one is refused to readers until it stands here. */
const forReaders = [
    "plug-reader/discover", "shutdown-plan/:id/evidence", "shutdown-plan/catalogue", "tape-player/tapes", "tape-recorder/tapes", "tape-recorder/tapes/:name", "timeline-store/:id/query",
];
const named = (path: string): string => path.replaceAll(/:\w+/g, "sequencer0000000");

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
        red = await startNodeRed({ userDir: folder.path, settings: { ridethroughDiscovery: ["127.0.0.1"], adminAuth: { type: "credentials", users: users.map((user) => ({ ...user, password: hashSync(password(user.username), 4) })) } } });
        for (const { username, permissions } of users) await logIn(username, permissions);
    });
    after(async () => {
        await red?.stop();
        await folder.remove();
    });

    it("can be armed without a word about passwords", async () => {
        await red.eventually(() => red.status("sequencer0000000")?.text === "armed 0/1, here: not drilled", 10_000, () => JSON.stringify(red.status("sequencer0000000")));
    });

    describe("has routes of ours, which", () => {
        let paths: string[];
        const every = async (test: (path: string) => Promise<void>): Promise<void> => void await Promise.all(paths.map((path) => test(path)));

        before(async () => {
            const all = await red.routes();
            const ours = all.filter(({ path }) => path.includes("ridethrough"));
            assert.ok(all.some(({ app, path }) => app === "admin" && path === "/inject/:id"), "the routes of Node-RED's own nodes are among them");
            assert.deepEqual(ours.filter(({ app, method, path }) => app !== "admin" || method !== "post" || !path.startsWith("/ridethrough/")), [], "only by POST, only for the editor");
            paths = ours.map(({ path }) => path.slice("/ridethrough/".length)).sort();
        });

        it("are all made in one place, and so behind a permission", () => {
            const sources = readdirSync(join(repository, "nodes"), { recursive: true, encoding: "utf8" }).filter((name) => /\.(?:ts|html)$/.test(name));
            const makers = sources.filter((name) => /http(?:Admin|Node|Static)\b|RED\.server\b/.test(readFileSync(join(repository, "nodes", name), "utf8")));
            assert.deepEqual(makers, [join("shared", "admin.ts")]);
        });

        it("are many, those of drills among them", () => {
            assert.ok(paths.length >= 25, paths.join());
            for (const path of ["shutdown-plan/:id/drill", "shutdown-plan/:id/evidence", ...forReaders]) assert.ok(paths.includes(path), path);
        });

        for (const [who, token] of [["without a token", () => undefined], ["with a token that nobody was given", () => "stolen"], ["to an account with rights of another kind", () => tokenOf("painter")]] as const) {
            it(`answer 401 ${who}`, () => every(async (path) => assert.equal(await post(named(path), token()), 401, path)));
        }

        it("answer 401 to an account that may only read, but for those that change nothing and ask nobody", async () => {
            // The search for plugs takes seconds once it is allowed.
            const answerOf = (path: string): Promise<number> => Promise.race([post(named(path), tokenOf("reader")), ...(path === "plug-reader/discover" ? [delay(300, 0)] : [])]);
            const answers = await Promise.all(paths.map(async (path) => [path, await answerOf(path)] as const));
            assert.deepEqual(answers.filter(([, status]) => status !== 401).map(([path]) => path), forReaders);
        });

        it("answer in words of ours to whatever stands in their address and in what they are asked, and name no file", async () => {
            const values: unknown[] = ["$(id)", "../../../../etc/passwd", "a\r\nb: c", "<b>x</b>", "__proto__", "-oProxyCommand=id", {}, [], null, 1e308, true, "x y".repeat(3000), pollution()];
            const fields = ["id", "host", "hosts", "name", "port", "user", "password", "baseUrl", "chatId", "privateKey", "hostKey", "steps", "powerHosts", "machines", "kind", "store", "series", "from", "tape", "caFile", "table", "webhook", "to", "country", "server"];
            // Names of hosts that could be found would be looked for.
            const asked = paths.filter((path) => path !== "plug-reader/discover").flatMap((path) => values.flatMap((value) => {
                const address = path.replaceAll(/:\w+/g, encodeURIComponent(typeof value === "string" ? value.slice(0, 200) : "sequencer0000000"));
                const body = Object.fromEntries(fields.map((field) => [field, field === "host" && (value === "__proto__" || typeof value !== "string") ? "a b" : value]));
                return [{ path, address, body }, ...(typeof value === "object" && value !== null ? [{ path, address, body: value }] : [])];
            }));
            for (let place = 0; place < asked.length; place += 50) {
                await Promise.all(asked.slice(place, place + 50).map(async ({ path, address, body }) => {
                    const reply = await red.request(`ridethrough/${address}`, { method: "POST", body, headers: { authorization: `Bearer ${tokenOf("owner")}` } });
                    const text = await reply.text();
                    assert.equal(reply.status, 200, `${address}: ${text}`);
                    assert.equal(typeof (JSON.parse(text) as { ok?: unknown }).ok, "boolean", `${path}: ${text}`);
                    assert.doesNotMatch(text, /root:x:|is not a function|not iterable|Cannot (?:read|convert|set)|\[object|Invalid (?:time|string)|is not defined/, `${path} ${JSON.stringify(body).slice(0, 200)}: ${text}`);
                }));
            }
            assert.deepEqual(red.errors(), []);
        });
    });

    it("lets an account look that may read, and drill one that may write", async () => {
        const ask = async (user: string, path: string): Promise<{ ok: boolean }> =>
            (await red.request(`ridethrough/shutdown-plan/plan000000000000/${path}`, { method: "POST", body: {}, headers: { authorization: `Bearer ${tokenOf(user)}` } })).json() as Promise<{ ok: boolean }>;
        assert.equal((await ask("reader", "evidence")).ok, true);
        assert.equal((await ask("owner", "evidence")).ok, true);
        assert.equal((await ask("owner", "drill")).ok, true);
    });
});
