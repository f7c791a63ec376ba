// npm test: unit, node and flow tests, in parallel worker processes.
module.exports = {
    require: ["tsx/cjs"],
    spec: ["test/unit/**/*.test.ts", "test/nodes/**/*.test.ts", "test/flows/**/*.test.ts"],
    reporter: "test/support/reporter.cjs",
    parallel: true,
    jobs: 2,
    timeout: 20000,
    exit: false,
    forbidOnly: Boolean(process.env.CI),
};
