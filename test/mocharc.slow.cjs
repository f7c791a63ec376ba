// Peers, chaos, browser: on real servers and processes. The files are named on the command line; peers run one after the other,
// of the others two at a time.
module.exports = {
    require: ["tsx/cjs"],
    reporter: "test/support/reporter.cjs",
    timeout: 180000,
    exit: false,
    forbidOnly: Boolean(process.env.CI),
    forbidPending: process.env.RIDETHROUGH_NO_SKIP === "1",
};
