// Builds dist/ in the one layout that Node-RED finds: dist/<type>.js and .html, dist/icons, dist/locales beside them.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
const require = createRequire(import.meta.url);
const types = Object.keys(JSON.parse(readFileSync(join(root, "package.json"), "utf8"))["node-red"].nodes);

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
execFileSync(process.execPath, [require.resolve("typescript/bin/tsc"), "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });

// One bundle of editor code a node type, set into the dialog's template.
await Promise.all(types.map(async (type) => {
    const source = join(root, "nodes", type);
    const { outputFiles } = await build({ entryPoints: [join(source, "editor.ts")], bundle: true, format: "iife", minify: true, write: false, charset: "utf8", target: "es2022" });
    const template = readFileSync(join(source, "editor.html"), "utf8").replaceAll(/^ +/gm, "");
    writeFileSync(join(dist, `${type}.html`), `<script type="text/javascript">${outputFiles[0].text.trim().replaceAll("</script", "<\\/script")}</script>\n${template}`);
    writeFileSync(join(dist, `${type}.js`), `module.exports = require("./nodes/${type}/${type}.js");\n`);
}));

cpSync(join(root, "icons"), join(dist, "icons"), { recursive: true });
for (const language of readdirSync(join(root, "locales"))) {
    cpSync(join(root, "locales", language), join(dist, "locales", language), { recursive: true });
}
for (const type of types) {
    for (const file of [`locales/en-US/${type}.json`, `locales/en-US/${type}.html`]) {
        if (!existsSync(join(dist, file))) throw new Error(`${file} is missing`);
    }
}
