// npm test: unit, node and flow tests, in parallel worker processes. They wait more than they reckon, so there are more of them
// than cores, and the long ones come first.
module.exports = {
    require: ["tsx/cjs"],
    spec: ["test/flows/**/*.test.ts", "test/nodes/**/*.test.ts", "test/unit/**/*.test.ts"],
    reporter: "test/support/reporter.cjs",
    parallel: true,
    jobs: 4,
    timeout: 60000,
    exit: false,
    forbidOnly: Boolean(process.env.CI),
};
