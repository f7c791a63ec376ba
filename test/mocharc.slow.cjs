// Peers, chaos, browser: on real servers and processes. The files are named on the command line, and run two at a time there:
// each has servers, networks and folders of its own.
module.exports = {
    require: ["tsx/cjs"],
    reporter: "test/support/reporter.cjs",
    timeout: 180000,
    exit: false,
    forbidOnly: Boolean(process.env.CI),
    forbidPending: process.env.RIDETHROUGH_NO_SKIP === "1",
};
