// What `npm start` and `npm test` do first on a fresh clone: install the packages and build, each only when needed.
import { execSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`Ridethrough needs Node.js 20.19 or newer; this is ${process.versions.node}. See https://nodejs.org`);
    process.exit(1);
}

/** Runs `work` unless the digest of its inputs is the one stored by the last success. */
function once(name, digest, needed, work) {
    const stamp = join(root, "node_modules", ".cache", `ridethrough-${name}`);
    if (!needed && existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
    work();
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, digest);
}

function digestOf(...paths) {
    const hash = createHash("sha256").update(process.versions.modules);
    const visit = (path) => {
        if (!existsSync(path)) return;
        if (statSync(path).isDirectory()) for (const entry of readdirSync(path).sort()) visit(join(path, entry));
        else hash.update(path).update(readFileSync(path));
    };
    for (const path of paths) visit(join(root, path));
    return hash.digest("hex");
}

const run = (command) => execSync(command, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });

// Of package.json only what npm goes by: a new node type is no reason to install everything again.
const { dependencies, devDependencies, overrides } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
once("install", digestOf("package-lock.json") + JSON.stringify([dependencies, devDependencies, overrides]), !existsSync(join(root, "node_modules", "esbuild")), () => {
    // npm ci would empty the folder behind the link, which is somebody else's.
    if (lstatSync(join(root, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) {
        console.error("node_modules is a link to another folder: install there, or remove the link");
        process.exit(1);
    }
    console.log("Installing packages (first time: about half a minute) ...");
    run("npm ci --no-audit --no-fund --loglevel=error");
});
once("build", digestOf("package.json", "tsconfig.json", "tsconfig.build.json", "scripts/build.mjs", "nodes", "lib", "cli", "icons", "locales"), !existsSync(join(root, "dist")), () => {
    console.log("Building ...");
    run("node scripts/build.mjs");
});
