// Peers, chaos, browser: one file after the other, on real servers and processes. The files are named on the command line.
module.exports = {
    require: ["tsx/cjs"],
    reporter: "test/support/reporter.cjs",
    timeout: 180000,
    exit: false,
    forbidOnly: Boolean(process.env.CI),
    forbidPending: process.env.RIDETHROUGH_NO_SKIP === "1",
};
