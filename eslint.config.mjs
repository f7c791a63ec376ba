import tseslint from "typescript-eslint";

/** What each folder of lib/ may import: only folders further down the list (DESIGN §1). */
const layers = ["alerts", "shutdown", "stores", "devices", "kit", "power"];
const upward = layers.map((layer, depth) => ({
    files: [`lib/${layer}/**/*.ts`],
    rules: {
        "no-restricted-imports": ["error", {
            patterns: [
                { group: ["**/nodes/**", "node-red", "@node-red/*"], message: "lib/ is free of Node-RED." },
                ...(layer === "power" ? [{ group: ["node:*"], message: "lib/power is pure: no I/O." }] : []),
                ...(depth === 0 ? [] : [{ group: layers.slice(0, depth).map((above) => `**/${above}/**`), message: "Imports only go down: alerts, shutdown, stores, devices, kit, power." }]),
            ],
        }],
    },
}));

export default tseslint.config(
    { ignores: ["dist/", "node_modules/", ".demo/", ".cache/", "**/*.cjs", "**/*.mjs"] },
    ...tseslint.configs.recommended,
    {
        languageOptions: { parserOptions: { project: ["./tsconfig.json", "./tsconfig.editor.json"], tsconfigRootDir: import.meta.dirname } },
        rules: {
            "@typescript-eslint/no-floating-promises": "error",
            "@typescript-eslint/no-misused-promises": "error",
            "@typescript-eslint/no-explicit-any": "error",
            "@typescript-eslint/await-thenable": "error",
            "@typescript-eslint/consistent-type-imports": "error",
            "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
            "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
            eqeqeq: "error",
            "no-eval": "error",
            "no-implied-eval": "error",
            "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
        },
    },
    {
        files: ["lib/power/**/*.ts"],
        rules: {
            "no-restricted-globals": ["error", ...["setTimeout", "setInterval", "setImmediate", "performance", "process", "fetch"].map((name) => ({ name, message: "lib/power is pure: no timers, no I/O." }))],
            "no-restricted-properties": ["error",
                { object: "Date", property: "now", message: "lib/power never asks the clock: time comes with the reading." },
                { object: "Math", property: "random", message: "lib/power is pure: the same input gives the same decision." },
            ],
            "no-restricted-syntax": ["error", { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: "lib/power never asks the clock: time comes with the reading." }],
        },
    },
    ...upward,
    { files: ["test/**/*.ts", "bench/**/*.ts"], rules: { "@typescript-eslint/no-unused-expressions": "off", "max-lines": "off" } },
);
