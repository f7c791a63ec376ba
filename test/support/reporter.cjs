// The usual report of mocha, then one plain line "N passed, N failed, N skipped". With RIDETHROUGH_COUNTS=FILE the
// counts are appended there too, so that .ci/run can add up its suites.
const { appendFileSync } = require("node:fs");
const { Spec, Dot } = require("mocha").reporters;

module.exports = class CountingReporter extends (process.env.RIDETHROUGH_VERBOSE === "1" ? Spec : Dot) {
    constructor(runner, options) {
        super(runner, options);
        runner.once("end", () => {
            const { passes, failures, pending } = runner.stats;
            console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
            if (process.env.RIDETHROUGH_COUNTS) appendFileSync(process.env.RIDETHROUGH_COUNTS, `${passes} ${failures} ${pending}\n`);
        });
    }
};
