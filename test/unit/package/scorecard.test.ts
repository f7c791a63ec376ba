import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { editorDefinition } from "../../support/editor-definitions";

const root = join(__dirname, "../../..");
const text = (path: string): string => readFileSync(join(root, path), "utf8");
const json = <T>(path: string): T => JSON.parse(text(path)) as T;
const files = (folder: string, extension: string): string[] => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)).filter((name) => name.endsWith(extension)) : []);

interface Manifest {
    name: string;
    version: string;
    license: string;
    keywords: string[];
    repository: { url: string };
    bugs: { url: string };
    engines: { node: string };
    files: string[];
    dependencies: Record<string, string>;
    "node-red": { version: string; nodes: Record<string, string> };
}
interface ExampleNode {
    id: string;
    type: string;
    z?: string;
    wires?: string[][];
    modules?: Record<string, string>;
    [key: string]: unknown;
}

const manifest = json<Manifest>("package.json");
const types = Object.keys(manifest["node-red"].nodes);
const examples = files("examples/flows", ".json").map((name) => ({ name, nodes: json<ExampleNode[]>(`examples/flows/${name}`) }));
const semver = createRequire(require.resolve("node-red"))("semver") as { satisfies(version: string, range: string): boolean; validRange(range: string): string | null };

/** The types that Node-RED itself brings, read from the edit dialogs of its core nodes. */
function coreTypes(): Set<string> {
    const folder = join(dirname(require.resolve("@node-red/nodes/package.json")), "core");
    const found = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".html"))
        .flatMap((name) => [...readFileSync(join(folder, name), "utf8").matchAll(/registerType\(\s*['"]([^'"]+)['"]/g)].map((match) => match[1] ?? ""));
    return new Set([...found, "tab", "group", "junction", "global-config"]);
}

describe("the scorecard", () => {
    describe("of the package", () => {
        it("has a licence that Node-RED's library shows, and its text", () => {
            assert.equal(manifest.license, "Apache-2.0");
            assert.match(text("LICENSE"), /Apache License/);
        });
        it("is scoped, with the keyword node-red", () => {
            assert.match(manifest.name, /^@ridethrough\//);
            assert.ok(manifest.keywords.includes("node-red"));
        });
        it("names its repository and where to report bugs", () => {
            assert.match(manifest.repository.url, /^git\+https:/);
            assert.match(manifest.bugs.url, /^https:/);
        });
        it("declares Node-RED 4.1 and newer, and Node.js 20.19 and newer", () => {
            assert.deepEqual([manifest["node-red"].version, manifest.engines.node], [">=4.1.0", ">=20.19.0"]);
            for (const version of ["4.1.0", "5.0.7"]) assert.ok(semver.satisfies(version, manifest["node-red"].version));
        });
        it("has at most 6 dependencies, none of which is Node-RED", () => {
            const names = Object.keys(manifest.dependencies);
            assert.ok(names.length <= 6, names.join());
            assert.deepEqual(names.filter((name) => /node-red/.test(name)), []);
        });
        it("has no dependency, however deep, that Node.js 20.19 refuses: palettes install with --engine-strict", () => {
            const { packages } = json<{ packages: Record<string, { dev?: boolean; devOptional?: boolean; engines?: { node?: string } }> }>("package-lock.json");
            const shipped = Object.entries(packages).filter(([path, { dev, devOptional }]) => path !== "" && !dev && !devOptional);
            assert.ok(shipped.length >= Object.keys(manifest.dependencies).length);
            assert.deepEqual(shipped.filter(([, { engines }]) => engines?.node !== undefined && semver.validRange(engines.node) !== null && !semver.satisfies("20.19.0", engines.node)).map(([path]) => path), []);
        });
        it("has a changelog and a readme", () => {
            assert.match(text("CHANGELOG.md"), new RegExp(`^## (Unreleased|\\[?${manifest.version.replaceAll(".", "\\.")}\\b)`, "m"));
            assert.match(text("README.md"), /npm start/);
        });
    });

    describe("of the node types", () => {
        it("are unique and none is one of Node-RED's own", () => {
            const core = coreTypes();
            assert.ok(core.has("inject") && core.has("catch") && core.size > 30);
            assert.deepEqual(types.filter((type) => core.has(type)), []);
        });
        it("are all that lies in nodes/", () => {
            const folders = readdirSync(join(root, "nodes"), { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== "shared").map(({ name }) => name);
            assert.deepEqual(folders.sort(), [...types].sort());
        });
        for (const type of types) {
            describe(type, () => {
                it("has a flat file in dist/", () => assert.equal(manifest["node-red"].nodes[type], `dist/${type}.js`));
                for (const path of [`nodes/${type}/${type}.ts`, `nodes/${type}/config.ts`, `nodes/${type}/editor.ts`, `nodes/${type}/editor.html`, `locales/en-US/${type}.json`, `locales/en-US/${type}.html`, `icons/${type}.svg`, `test/nodes/${type}.test.ts`]) {
                    it(`has ${path}`, () => assert.ok(existsSync(join(root, path))));
                }
                it("registers itself, and nothing else, on both sides", () => {
                    for (const side of [`nodes/${type}/${type}.ts`, `nodes/${type}/editor.ts`]) {
                        const registered = [...text(side).matchAll(/registerType(?:<[^(]*>)?\(\s*"([^"]+)"/g)].map((match) => match[1]);
                        assert.deepEqual(registered, [type], side);
                    }
                });
                it("has a stored configuration of every version", () => {
                    const version = Number(/version:\s*\{\s*value:\s*(\d+)/.exec(text(`nodes/${type}/editor.ts`))?.[1]);
                    assert.ok(version >= 1, "editor.ts has version: { value: 1 }");
                    for (let number = 1; number <= version; number += 1) assert.ok(existsSync(join(root, `test/fixtures/configs/${type}.v${number}.json`)), `test/fixtures/configs/${type}.v${number}.json`);
                });
                it("has help whose first paragraph can be the tooltip", () => assert.match(text(`locales/en-US/${type}.html`), new RegExp(`data-help-name="${type}"[^>]*>\\s*<p>\\S`)));
                it("has a text for every label of its dialog", () => {
                    const catalog = json<Record<string, unknown>>(`locales/en-US/${type}.json`);
                    assert.deepEqual(Object.keys(catalog), [type]);
                    const keys = [...text(`nodes/${type}/editor.html`).matchAll(/data-i18n="([^"]+)"/g)].flatMap((match) => (match[1] ?? "").split(";")).map((key) => key.replace(/^\[[^\]]*\]/, ""));
                    assert.ok(keys.length > 0);
                    const missing = keys.filter((key) => !key.startsWith("node-red:") && typeof key.split(".").reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], catalog) !== "string");
                    assert.deepEqual(missing, []);
                });
                it("leaves the colours of its dialog to the theme", () => assert.doesNotMatch(text(`nodes/${type}/editor.html`), /#[0-9a-f]{3,8}\b(?=[^<]*[;"])|\brgba?\(/i));
                it("is in an example", () => assert.ok(examples.some(({ nodes }) => nodes.some((node) => node.type === type))));
            });
        }
    });

    describe("of the examples", () => {
        const core = coreTypes();
        it("are there", () => assert.ok(examples.length >= 5));
        it("have ids that no other example has: people import several", () => {
            const ids = examples.flatMap(({ nodes }) => nodes.map(({ id }) => id));
            assert.deepEqual(ids.filter((id, index) => ids.indexOf(id) !== index), []);
        });
        for (const { name, nodes } of examples) {
            describe(name, () => {
                const ofType = (type: string): ExampleNode[] => nodes.filter((node) => node.type === type);
                const isDashboard = /dashboard/i.test(name);

                it("has one tab with a comment that explains it", () => {
                    assert.equal(ofType("tab").length, 1);
                    assert.ok(ofType("comment").some(({ info }) => String(info ?? "").length > 40));
                });
                it("has ids of 16 hex digits, as Node-RED makes them", () => assert.deepEqual(nodes.map(({ id }) => id).filter((id) => !/^[0-9a-f]{16}$/.test(id)), []));
                it("has wires that lead to its own nodes", () => {
                    const ids = new Set(nodes.map(({ id }) => id));
                    assert.deepEqual(nodes.flatMap(({ wires }) => wires?.flat() ?? []).filter((id) => !ids.has(id)), []);
                });
                it(isDashboard ? "says which modules it needs, so that the editor offers to install them" : "needs nothing but Node-RED and this package", () => {
                    const foreign = nodes.map(({ type }) => type).filter((type) => !core.has(type) && !types.includes(type));
                    if (!isDashboard) return assert.deepEqual(foreign, []);
                    assert.deepEqual(foreign.filter((type) => !type.startsWith("ui-")), []);
                    const modules = ofType("global-config").flatMap((node) => Object.keys(node.modules ?? {}));
                    assert.deepEqual(modules.sort(), ["@flowfuse/node-red-dashboard", manifest.name]);
                });
                it("holds our nodes as their dialogs store them today: no field is empty that a new node has filled", () => {
                    const faults = nodes.filter(({ type }) => types.includes(type)).flatMap((node) => {
                        const { defaults } = editorDefinition(node.type);
                        const missing = Object.keys(defaults).filter((field) => !(field in node));
                        return missing.length > 0 || node.version !== defaults.version?.value ? [`${node.type} ${String(node.name)}: ${missing.join()} of version ${String(defaults.version?.value)}`] : [];
                    });
                    assert.deepEqual(faults, []);
                });
                it("has groups that lie beside each other, and no comment that begins beyond the left edge", () => {
                    type Box = Record<"x" | "y" | "w" | "h", number>;
                    const groups = ofType("group") as unknown as (Box & { name: string })[];
                    const overlap = groups.flatMap((a, index) => groups.slice(index + 1).filter((b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h).map((b) => `${a.name} / ${b.name}`));
                    assert.deepEqual(overlap, []);
                    // A letter takes some 7.5 px in the widest of the usual fonts; the node stands around its x.
                    for (const { name, x } of ofType("comment")) assert.ok(Number(x) >= (String(name).length * 7.5 + 60) / 2, String(name));
                });
                it("has Catch and Status wired", () => {
                    for (const type of ["catch", "status"]) assert.ok(ofType(type).some(({ wires }) => (wires?.flat().length ?? 0) > 0), type);
                });
                it("can't shut anything down: Dry run is on, Shutdown enabled is off", () => {
                    for (const node of ofType("shutdown-sequencer")) assert.deepEqual([node.dryRun, node.enabled], [true, false]);
                });
                it("carries no credentials and no address of a real house", () => {
                    for (const node of nodes) assert.deepEqual(Object.keys(node).filter((key) => /^(credentials|password|token|botToken|passphrase|privateKey|key)$/.test(key) && node[key] !== ""), [], node.id);
                    assert.doesNotMatch(JSON.stringify(nodes), /\b(192\.168|10\.\d+|172\.(1[6-9]|2\d|3[01]))\.\d+/);
                });
            });
        }
    });

    describe("of what is shipped", () => {
        it("has editor files of 7.3 KB a node type at most, taken together", () => {
            const sizes = types.map((type) => statSync(join(root, "dist", `${type}.html`)).size);
            const total = sizes.reduce((sum, size) => sum + size, 0);
            assert.ok(total <= 7300 * types.length, `${total} bytes: ${types.map((type, index) => `${type} ${sizes[index]}`).join(", ")}`);
        });
        it("is a tarball of 22 kB a node type at most, with the package's own files only", function () {
            this.timeout(60_000);
            const [pack] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts", "--loglevel=error"], { cwd: root, encoding: "utf8" })) as { size: number; files: { path: string }[] }[];
            const paths = pack?.files.map(({ path }) => path) ?? [];
            assert.ok(pack !== undefined && pack.size <= 22_000 * types.length, `${pack?.size} bytes`);
            assert.deepEqual(paths.filter((path) => !/^(dist\/|examples\/|(package\.json|README\.md|LICENSE|CHANGELOG\.md)$)/.test(path)), []);
            assert.deepEqual(paths.filter((path) => /\.(test\.|ts$|map$|pem$|key$|tgz$|log$)|id_(rsa|ed25519)|\.env/.test(path)), []);
            for (const type of types) for (const path of [`dist/${type}.js`, `dist/${type}.html`, `dist/icons/${type}.svg`, `dist/locales/en-US/${type}.json`, `dist/locales/en-US/${type}.html`]) assert.ok(paths.includes(path), path);
            assert.equal(paths.filter((path) => path.startsWith("examples/flows/")).length, examples.length);
        });
    });

    describe("of every tracked file", () => {
        /** Written in parts, so that this file does not find itself. */
        const never: [string, RegExp][] = [
            ["a path of somebody's machine", new RegExp([["/wo", "rk/"], ["/Us", "ers/"], ["C:\\\\Us", "ers"]].map((parts) => parts.join("")).join("|"))],
            ["a package registry's host", new RegExp(["registry\\.n", "pmjs|reg", "istry\\.yarn|artif", "actory|/-/[a-z0-9.-]+\\.tg", "z"].join(""), "i")],
            ["a private key", new RegExp(["-----BEGIN [A-Z ]*PRIV", "ATE KEY-----\\s*[A-Za-z0-9+/]{20}"].join(""))],
            ["a Telegram bot token", /\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b/],
            ["a cloud token", /\b(AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[abprs]-[A-Za-z0-9-]{10,})\b/],
            ["a host of the house that this began in", new RegExp(["192\\.168\\.13", "2\\."].join(""))],
        ];
        const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0").filter((path) => path !== "" && existsSync(join(root, path)) && !/\.(png|jpe?g|gif|ico|woff2?)$/.test(path));
        for (const [what, pattern] of never) {
            it(`is free of ${what}`, () => assert.deepEqual(tracked.filter((path) => pattern.test(text(path))), []));
        }
        it("is free of this machine's own folders", () => {
            const own = [root, homedir()].filter((path) => path.split("/").length > 2);
            assert.deepEqual(tracked.filter((path) => own.some((folder) => text(path).includes(folder))), []);
        });
        it("has at most 300 lines of code (STYLE), tests and data aside", () => {
            const long = tracked.filter((path) => /^(lib|nodes|scripts)\/.*\.(ts|mjs)$/.test(path)).filter((path) => text(path).split("\n").filter((line) => line.trim() !== "" && !/^\s*(\/\/|\*|\/\*)/.test(line)).length > 300);
            assert.deepEqual(long, []);
        });
    });
});
