// What any Node.js program needs once a second: to "read" a UPS (one connection, LIST VAR, the lines taken apart), only to "ask" and never look at the
// answer, or to "tick" and do nothing at all. Beside it, ours is measured.
const { connect } = require("node:net");
const { setTimeout: wait } = require("node:timers/promises");

const [work, ...numbers] = process.argv.slice(2);
const [port, windows, windowMs] = numbers.map(Number);
const socket = connect({ host: "127.0.0.1", port, noDelay: true });
let text = "";
let variables = new Map();
let heard = () => undefined;
socket.on("data", (chunk) => {
    if (work !== "read") return heard();
    text += chunk;
    if (!text.endsWith("END LIST VAR ups1\n")) return;
    variables = new Map(text.split("\n").filter((line) => line.startsWith("VAR ")).map((line) => [line.slice(9, line.indexOf(' "')), line.slice(line.indexOf(' "') + 2, -1)]));
    text = "";
    heard();
});
const poll = () => new Promise((resolve) => {
    heard = resolve;
    socket.write("LIST VAR ups1\n");
});

socket.once("connect", async () => {
    for (let count = 0; count < 200; count += 1) await poll();
    await wait(5000);
    setInterval(work === "tick" ? () => undefined : poll, 1000);
    const spent = [];
    for (let window = 0; window < windows; window += 1) {
        const before = process.cpuUsage();
        await wait(windowMs);
        const { user, system } = process.cpuUsage(before);
        spent.push((user + system) / windowMs);
    }
    if (work === "read" && variables.size === 0) throw new Error("nothing was read");
    // ms a second
    process.send(spent.sort((a, b) => a - b)[windows >> 1], () => process.exit(0));
});
