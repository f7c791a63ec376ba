import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { editorDefinition, isValid } from "../../support/editor-definitions";

const root = join(__dirname, "../../..");
const load = createRequire(__filename);
const text = (path: string): string => readFileSync(join(root, path), "utf8");
const json = (path: string): Record<string, unknown> => JSON.parse(text(path)) as Record<string, unknown>;
const types = Object.keys((json("package.json")["node-red"] as { nodes: object }).nodes);

/** What every node has, whatever its type. */
const common = ["id", "type", "z", "x", "y", "wires", "d", "g", "credentials"];

/** Fields that joined a version later, and which the stored configuration of that version lacks on purpose: it is a node from before. */
const addedSince: Readonly<Record<string, readonly string[]>> = {
    "telegram-alert": ["blipSeconds", "loudFrom", "service"],
    "shutdown-plan": ["evidenceDays", "proof", "runtime"],
    "power-host": ["confined"],
};
/** Where a new node means something else than one without any field, and why. */
const newIsDifferent: Readonly<Record<string, string>> = {
    "anker-account": "a country is never guessed",
    "gpu-reader": "a new node measures this machine",
    "timeline-writer": "a new node reads an hour back",
    "shutdown-plan": "proof of dark began later",
    "telegram-alert": "service messages began later",
    "discord-alert": "service messages began later",
    "email-alert": "service messages began later",
};

describe("the dialog of each node type, without a browser", () => {
    for (const type of types) {
        describe(type, () => {
            const { defaults, credentials = {} } = editorDefinition(type);
            const fields = Object.keys(defaults);
            const initial = Object.fromEntries(fields.map((name) => [name, defaults[name]?.value]));
            const fixture = json(`test/fixtures/configs/${type}.v${String(defaults.version?.value)}.json`);

            it("stores just the fields of its newest stored configuration", () => {
                const known = [...Object.keys(fixture).filter((name) => !common.includes(name)), ...(addedSince[type] ?? [])];
                assert.deepEqual([...new Set(known)].sort(), [...fields].sort());
            });
            it("has no input in its form that is stored nowhere", () => {
                const inputs = [...text(`nodes/${type}/editor.html`).matchAll(/id="node-(?:config-)?input-([^"]+)"/g)].map((match) => match[1] ?? "");
                assert.ok(inputs.length > 0);
                assert.deepEqual(inputs.filter((name) => !(name in defaults) && !(name in credentials)), []);
            });
            it("takes its stored configuration without a red triangle", () => {
                assert.deepEqual(fields.filter((name) => defaults[name]?.type === undefined && name in fixture && !isValid(defaults[name] ?? { value: "" }, fixture[name], fixture)), []);
            });
            it("takes a field that is not there, as in a flow of somebody's own or of an older version, for an empty one", function () {
                for (const [name, field] of Object.entries(defaults)) {
                    if (field.type !== undefined) continue;
                    const empty = Array.isArray(field.value) ? [] : "";
                    for (const absent of [undefined, null]) assert.equal(isValid(field, absent, { ...initial, [name]: absent }), isValid(field, empty, { ...initial, [name]: empty }), `${name} ${String(absent)}`);
                }
            });
            it("lets ${ENVIRONMENT} stand in every text", () => {
                assert.deepEqual(fields.filter((name) => typeof initial[name] === "string" && !isValid(defaults[name] ?? { value: "" }, "${SOMETHING}", initial)), []);
            });
            if (newIsDifferent[type] === undefined) {
                it("means by its defaults what an empty configuration means", () => {
                    const { parseConfig } = load(join(root, `nodes/${type}/config.ts`)) as { parseConfig(stored: object, credentials: object): { config: unknown } };
                    assert.deepEqual(parseConfig(JSON.parse(JSON.stringify(initial)) as object, {}).config, parseConfig({}, {}).config);
                });
            }
        });
    }

    it("the shutdown trigger's begins with the values of its stored configuration", () => {
        const { defaults } = editorDefinition("shutdown-trigger");
        const fixture = json("test/fixtures/configs/shutdown-trigger.v1.json");
        assert.deepEqual(Object.entries(defaults).map(([name, { value }]) => [name, value]), Object.keys(defaults).map((name) => [name, fixture[name]]));
    });
});
