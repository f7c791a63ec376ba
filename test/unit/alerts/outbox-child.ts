// An outbox in a process of its own, to be killed: node --import tsx outbox-child.ts FILE URL TOKEN COUNT
// Posts COUNT alerts (none: only delivers what waits), prints "accepted N" for each that is on the disk, and delivers them to URL.
import { Outbox } from "../../../lib/alerts/outbox";
import { outboxFile } from "../../../lib/alerts/outbox-file";
import { telegramChannel } from "../../../lib/alerts/telegram";
import { alert, Heard } from "./support";

const [path = "", baseUrl = "", token = "", count = "0"] = process.argv.slice(2);
const heard = new Heard();
const outbox = new Outbox({ file: outboxFile(path), channel: telegramChannel({ baseUrl, token, chatId: "1" }), events: heard });
const posts = Array.from({ length: Number(count) }, (_, number) => outbox.post(alert(`n${number}`)).then(() => heard.disks.at(-1) === undefined && process.stdout.write(`accepted ${number}\n`)));
Promise.all(posts).then(() => process.stdout.write("all accepted\n"), (error: unknown) => process.stderr.write(String(error)));
// Lives until it is killed.
setInterval(() => undefined, 1000);
