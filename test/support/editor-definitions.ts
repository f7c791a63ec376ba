import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { buildSync } from "esbuild";

/** A field of an edit dialog, as the editor knows it. */
export interface EditorField {
    value: unknown;
    required?: boolean;
    type?: string;
    validate?: (this: object, value: unknown) => unknown;
}

/** What a node's editor code tells the editor. */
export interface EditorDefinition {
    defaults: Readonly<Record<string, EditorField>>;
    credentials?: Readonly<Record<string, object>>;
}

const root = join(__dirname, "../..");

/** Whatever is asked of it, and whatever is called: the parts of the editor that matter only once a dialog is open. */
const anything: unknown = new Proxy(() => anything, { get: (_target, name) => (name === "length" ? 0 : anything) });

/** What `nodes/<type>/editor.ts` registers, without a browser: bundled as the build bundles it, and run once. */
export function editorDefinition(type: string): EditorDefinition {
    const { outputFiles: [bundle] } = buildSync({ entryPoints: [join(root, "nodes", type, "editor.ts")], bundle: true, format: "iife", write: false, charset: "utf8", target: "es2022" });
    const registered = new Map<string, EditorDefinition>();
    const nodes = { registerType: (name: string, definition: EditorDefinition) => void registered.set(name, definition), node: () => null };
    const RED = new Proxy({ nodes }, { get: (target, name) => (name === "nodes" ? target.nodes : anything) });
    runInNewContext(bundle?.text ?? "", { RED, $: anything, TextEncoder, console });
    const definition = registered.get(type);
    if (definition === undefined) throw new Error(`nodes/${type}/editor.ts registers no ${type}`);
    return definition;
}

/** Whether the editor would show this field as valid; see validateNodeProperty in its red.js. */
export function isValid(field: EditorField, value: unknown, node: object): boolean {
    if (typeof value === "string" && /^\$\{[a-zA-Z_][a-zA-Z0-9_]*\}$/.test(value)) return true;
    if (field.required && value === "") return false;
    if (field.validate === undefined || (field.required === false && value === "")) return true;
    return Boolean(field.validate.call(node, value));
}
