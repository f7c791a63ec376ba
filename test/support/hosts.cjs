// Loaded into the Node-RED under test: names that end in ".example" are what the file in RIDETHROUGH_HOSTS says ("ups.example 127.0.0.1" a line), and else not found.
const dns = require("node:dns");
const { readFileSync } = require("node:fs");

const { lookup } = dns;
dns.lookup = (name, options, callback) => {
    if (!name.endsWith(".example")) return lookup(name, options, callback);
    const answer = typeof options === "function" ? options : callback;
    const found = readFileSync(process.env.RIDETHROUGH_HOSTS, "utf8").split("\n").map((line) => line.split(" ")).find(([known]) => known === name);
    if (found === undefined) return process.nextTick(answer, Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: "ENOTFOUND", syscall: "getaddrinfo", hostname: name }));
    process.nextTick(answer, null, ...(options?.all ? [[{ address: found[1], family: 4 }]] : [found[1], 4]));
};
