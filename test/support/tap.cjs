// Loaded by the Node-RED under test as a node file: tells the test over IPC what happens inside, and answers its questions.
/* global gc */
const { readdirSync } = require("node:fs");
const { queryObjects } = require("node:v8");

/** A message as JSON can carry it: requests, sockets and functions become their kind's name. */
function plain(value) {
    const seen = new Set();
    return JSON.parse(JSON.stringify(value, (key, inner) => {
        if (key === "req" || key === "res" || typeof inner === "function") return `[${key}]`;
        if (typeof inner === "bigint") return String(inner);
        if (typeof inner === "object" && inner !== null) {
            if (seen.has(inner) && typeof inner.on === "function") return "[again]";
            seen.add(inner);
        }
        return inner;
    }) ?? "null");
}

/** How many of Node-RED's node objects the memory holds, those of earlier deploys included. */
function liveNodes(RED) {
    let first;
    RED.nodes.eachNode(({ id }) => (first ??= RED.nodes.getNode(id)));
    for (let proto = first; proto; proto = Object.getPrototypeOf(proto)) {
        if (proto.constructor?.name === "Node") return queryObjects(proto.constructor, { format: "count" });
    }
    return 0;
}

/** What an Express application asks one after the other; that of version 4 has nothing before its first route, and throws when asked in the words of version 5. */
function layers(app) {
    try {
        return (app._router ?? app.router).stack;
    } catch {
        return [];
    }
}

module.exports = (RED) => {
    if (process.send === undefined) return;
    const tell = (event) => {
        if (process.connected) process.send(event, () => undefined);
    };
    let tapped = process.env.RIDETHROUGH_TAP !== "0";
    process.on("disconnect", () => process.exit(0));
    RED.server.on("listening", () => tell({ kind: "listening", port: RED.server.address().port }));
    RED.events.on("flows:started", () => tell({ kind: "started" }));
    RED.events.on("node-status", ({ id, status }) => tell({ kind: "status", id, status: plain(status) }));
    RED.hooks.add("onReceive.tap", ({ msg, destination }) => {
        if (tapped) tell({ kind: "received", id: destination.id, msg: plain(msg) });
    });
    process.on("message", ({ ask, question }) => {
        const answers = {
            tap: () => (globalThis.ridethroughQuiet = !(tapped = question.on)),
            /** A request to this process from within its own network. */
            fetch: async () => {
                const reply = await fetch(question.url, question.init);
                return { status: reply.status, headers: [...reply.headers], text: await reply.text() };
            },
            isWriting: () => process.getActiveResourcesInfo().some((name) => name.startsWith("FSReq")),
            /** What the editor's web server and the flows' own answer, as Express has it. */
            routes: () => [["admin", RED.httpAdmin], ["node", RED.httpNode]].flatMap(([app, server]) => layers(server).flatMap(({ route }) => (
                route === undefined ? [] : [route.path].flat().flatMap((path) => Object.keys(route.methods).map((method) => ({ app, path: String(path), method: method === "_all" ? "all" : method })))))),
            /** What this process holds, after a garbage collection. */
            holds: () => {
                if (typeof gc === "function") for (let round = 0; round < 3; round += 1) gc();
                const resources = {};
                for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
                const listeners = (emitter) => emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
                return {
                    resources,
                    listeners: listeners(RED.events) + listeners(process) + listeners(RED.server),
                    wall: Date.now(),
                    nodes: liveNodes(RED),
                    descriptors: readdirSync("/proc/self/fd").length,
                    heapUsed: process.memoryUsage().heapUsed,
                };
            },
        };
        Promise.resolve().then(answers[question.kind]).then((answer) => tell({ kind: "answer", ask, answer }), (error) => tell({ kind: "answer", ask, error: String(error) }));
    });
};
