// The nodes that the benchmarks compare ours to and end their flows with. Copied into the user directory's nodes folder.
module.exports = (RED) => {
    function Pass(config) {
        RED.nodes.createNode(this, config);
        this.on("input", (msg, send, done) => {
            // Two messages where the node compared to it sends two.
            send(msg.both && this.wires.length === 2 ? [msg, msg] : msg);
            done();
        });
    }
    function Sink(config) {
        RED.nodes.createNode(this, config);
    }
    RED.nodes.registerType("bench-pass", Pass);
    RED.nodes.registerType("bench-sink", Sink);
};
