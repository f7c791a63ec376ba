import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repository, startNodeRed, type NodeRed } from "../support/node-red";
import { temporaryFolder } from "../support/temporary-folder";

interface NodeSet {
    module: string;
    types: string[];
    enabled: boolean;
    loaded?: boolean;
    err?: string;
}

const manifest = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { name: string; "node-red": { nodes: Record<string, string> } };
const types = Object.keys(manifest["node-red"].nodes);

/** What happens when somebody presses Install in the palette of an empty Node-RED. */
describe("the packed package", function () {
    this.timeout(240_000);
    const folder = temporaryFolder();
    const userDir = join(folder.path, "user-dir");
    let red: NodeRed;

    before(async () => {
        mkdirSync(userDir);
        writeFileSync(join(userDir, "package.json"), JSON.stringify({ name: "user-dir", version: "0.0.0", private: true }));
        const npm = (args: string[], cwd: string): string => execFileSync("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline"], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
        const [pack] = JSON.parse(npm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder.path], repository)) as { filename: string }[];
        npm(["install", "--engine-strict", "--omit=dev", "--save", join(folder.path, pack?.filename ?? "")], userDir);
        red = await startNodeRed({ userDir, linked: false });
    });
    after(async () => {
        await red?.stop();
        await folder.remove();
    });

    it("brings no development tools along", () => {
        assert.ok(existsSync(join(userDir, "node_modules", manifest.name, "dist")));
        for (const tool of ["typescript", "mocha", "node-red", "esbuild"]) assert.equal(existsSync(join(userDir, "node_modules", tool)), false, tool);
    });
    it("loads every node type, without a word of complaint", async () => {
        const reply = await red.request("nodes", { headers: { accept: "application/json" } });
        const sets = ((await reply.json()) as NodeSet[]).filter(({ module }) => module === manifest.name);
        assert.deepEqual(sets.filter(({ err, enabled }) => err !== undefined || !enabled), []);
        assert.deepEqual(sets.flatMap((set) => set.types).sort(), [...types].sort());
        assert.deepEqual(red.log.filter(({ level, text }) => level <= 30 && !/^(Projects disabled|Using unencrypted credentials)/.test(text)).map(({ text }) => text), []);
    });
    it("gives the editor a dialog, help, a catalog and an icon for each", async () => {
        const html = await (await red.request("nodes", { headers: { accept: "text/html" } })).text();
        for (const type of types) {
            for (const part of [`data-template-name="${type}"`, `data-help-name="${type}"`]) assert.ok(html.includes(part), part);
            const icon = await red.request(`icons/${manifest.name}/${type}.svg`);
            assert.deepEqual([icon.status, icon.headers.get("content-type")], [200, "image/svg+xml"], type);
            const catalog = (await (await red.request(`locales/${manifest.name}/${type}?lng=en-US`)).json()) as Record<string, unknown>;
            assert.ok(type in catalog, `${type}: ${JSON.stringify(catalog).slice(0, 100)}`);
        }
    });
    it("replays its tapes on the command line, without Node-RED", () => {
        const ridethrough = (...args: string[]): string => execFileSync(join(userDir, "node_modules/.bin/ridethrough"), args, { encoding: "utf8" });
        assert.match(ridethrough("tapes"), /^slow-drain +\S/m);
        assert.match(ridethrough("replay", "slow-drain"), /shutdown +ups1: shutdown: runtime 599 s is below 600 s.*\nas expected: 2 of 2 decisions\n$/s);
    });
    it("offers its examples in the Import dialog", async () => {
        const listed = JSON.stringify(await (await red.request(`library/examples/flows/${manifest.name}/flows`)).json());
        for (const name of readdirSync(join(repository, "examples/flows"))) assert.ok(listed.includes(name.replace(/\.json$/, "")), `${name} in ${listed}`);
        assert.match(listed, /01 Try it with fake wattage/);
    });
});
