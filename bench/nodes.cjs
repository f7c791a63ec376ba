// The nodes that the benchmarks compare ours to and end their flows with. Copied into the user directory's nodes folder.
module.exports = (RED) => {
    function Pass(config) {
        RED.nodes.createNode(this, config);
        this.on("input", (msg, send, done) => {
            send(msg);
            done();
        });
    }
    function Sink(config) {
        RED.nodes.createNode(this, config);
    }
    RED.nodes.registerType("bench-pass", Pass);
    RED.nodes.registerType("bench-sink", Sink);
};
