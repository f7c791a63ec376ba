// The usual report of mocha, then one plain line "N passed, N failed, N skipped". With RIDETHROUGH_COUNTS=FILE the
// counts are appended there too, so that .ci/run can add up its suites; and with RIDETHROUGH_FAILURES=FILE a line for
// each failure, so that it can end with what failed.
const { appendFileSync } = require("node:fs");
const { Spec, Dot } = require("mocha").reporters;

module.exports = class CountingReporter extends (process.env.RIDETHROUGH_VERBOSE === "1" ? Spec : Dot) {
    constructor(runner, options) {
        super(runner, options);
        const { RIDETHROUGH_COUNTS: counts, RIDETHROUGH_FAILURES: list } = process.env;
        if (list) runner.on("fail", (test, error) => appendFileSync(list, `FAILED TEST: ${test.fullTitle()}\n${String(error?.message ?? error).slice(0, 600)}${at(error)}\n`));
        runner.once("end", () => {
            const { passes, failures, pending } = runner.stats;
            console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
            if (counts) appendFileSync(counts, `${passes} ${failures} ${pending}\n`);
            // A run that passed ends by itself, or something was left open. What a failed test has left running holds up nobody.
            if (failures > 0) setTimeout(() => process.exit(1), 3000).unref();
        });
    }
};

/** Where in our tests an error came up: a time that ran out says little without. */
function at(error) {
    const places = [...String(error?.stack ?? "").matchAll(/test\/[\w/.-]+:\d+/g)].map(([place]) => place);
    return places.length > 0 ? `\nat ${[...new Set(places)].slice(0, 4).join(", ")}` : "";
}
