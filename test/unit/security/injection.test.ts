import { deepEqual, doesNotThrow, equal, ok } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { NodeAPI } from "node-red";
import { joinWords, splitWords } from "../../../lib/devices/nut-line";
import { Trouble } from "../../../lib/kit/trouble";
import { catalogue } from "../../../lib/shutdown/actions";
import { remoteCommand, wordsOf } from "../../../lib/shutdown/commands";
import { commandFrom } from "../../../lib/shutdown/gate";
import { addDarkWatts, addDuration, nothingMeasured } from "../../../lib/shutdown/measured";
import type { PlanStep, ShutdownPlan } from "../../../lib/shutdown/plan";
import { sshArguments } from "../../../lib/shutdown/ssh-arguments";
import { previewPlan } from "../../../lib/shutdown/steps";
import { targetKit } from "../../../lib/shutdown/target-kit";
import { quoteIdentifier } from "../../../lib/stores/postgres-schema";
import { tapeLines, writtenLine } from "../../../lib/stores/tape-line";
import { isTime, toRow } from "../../../lib/stores/timeline-event";
import { parseRowLine, rowLine } from "../../../lib/stores/timeline-line";
import { eventsOf } from "../../../lib/stores/timeline-map";
import { addressOf } from "../../../nodes/power-host/access";
import { parseConfig as parseHost } from "../../../nodes/power-host/config";
import { dataFolder, dataPath } from "../../../nodes/shared/storage";
import { parseConfig as parsePlan } from "../../../nodes/shutdown-plan/config";
import { resolvePlan } from "../../../nodes/shutdown-plan/resolve";
import { parseConfig as parseRecorder } from "../../../nodes/tape-recorder/config";
import hostStored from "../../fixtures/configs/power-host.v2.json";
import { exampleParameters } from "../../support/example-parameters";
import { assertUnpolluted, hostileTexts, hostileWords, mutated, pollution } from "../../support/hostile";
import { sampleMessages } from "../../support/sample-messages";
import { shells } from "../../support/shells";
import { temporaryFolder } from "../../support/temporary-folder";

const at = Date.UTC(2026, 10, 21, 14, 2);
const hostile = [...new Set([...hostileTexts, ...hostileWords])];
const others: readonly unknown[] = [null, {}, [], [["x"]], true, -1, 1e308, NaN, pollution()];

describe("a power host with hostile settings", () => {
    const key = { privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----" };
    const stored = { ...hostStored, keyFile: "", knownHosts: "/etc/known" };
    const fields = Object.keys(stored).filter((field) => !["id", "type", "version"].includes(field));

    for (const field of fields) {
        it(`has ssh told nothing but where to log in, whatever stands in ${field}`, () => {
            for (const value of [...hostile, ...others]) {
                const { config, problems } = parseHost({ ...stored, ...(field === "keyFile" && { auth: "keyFile" }), [field]: value }, key);
                const { target } = config;
                if (target === undefined) {
                    ok(problems.length > 0 || config.local, `${JSON.stringify(value)} is not told of`);
                    continue;
                }
                for (const name of [target.host, target.user, target.name]) ok(/^[A-Za-z0-9_][A-Za-z0-9._@:%-]*$/.test(name), `${field}: ${name}`);
                ok(Number.isInteger(target.port) && target.port > 0 && target.port < 65_536);
                const identity = target.auth.kind === "key-file" ? target.auth.path : "/k";
                const known = "knownHosts" in target ? target.knownHosts : "/h";
                try {
                    const words = sshArguments({ ...target, control: "/c", connectTimeoutMs: 10_000, identity, known: { path: known } });
                    const usual = sshArguments({ ...target, control: "/c", connectTimeoutMs: 10_000, identity: "/k", known: { path: "/h" } });
                    // Path for path within its quotes, and every other word as it always is.
                    words.forEach((word, place) => ok(word === usual[place] || /^(?:IdentityFile|UserKnownHostsFile)="[^"\\\p{Cc}]*"$/u.test(word), `${field}: ${word}`));
                    equal(words.length, usual.length);
                } catch (error) {
                    ok(error instanceof Trouble && error.kind === "config", String(error));
                }
            }
            assertUnpolluted();
        });
    }
});

describe("a plan with hostile settings", function () {
    /** A row of a plan as the editor stores it: an action, and with the first one every field that a row has. */
    const rowOf = (verb: string, place: number): Record<string, unknown> => {
        const params = Object.fromEntries(Object.entries(exampleParameters[verb] ?? {}).map(([name, value]) => [name, typeof value === "number" ? String(value) : value]));
        const ends = catalogue.some((action) => action.verb === verb && action.ends);
        return {
            ...(place === 0 && { services: ["web"], after: ["other"], needs: [], priority: "normal", provides: ["storage"], fedBy: ["ups_a"], stopTimeout: "30", watch: "plug" }),
            ...(ends ? { end: { action: verb, params } } : { actions: [{ action: verb, params, timeout: "", onFailure: "go-on" }] }),
        };
    };
    const planOf = (row: unknown): ShutdownPlan | undefined => {
        const { config, problems } = parsePlan({ hosts: ["a", "b"], steps: [row, {}], final: "shutdown", delay: "2" });
        const host = (name: string) => ({ name, local: false, problems: [], access: { root: false, open: () => { throw new Error("nothing is opened"); } } });
        return resolvePlan(config, problems, (id) => host(id === "a" ? "nas" : "other")).plan;
    };
    /** Every text that this plan would send, with the words that it stands for. */
    const texts = ({ hosts }: ShutdownPlan): [text: string, words: string[]][] => hosts.flatMap(({ steps, final }) => [...steps, ...(final ? [final] : [])].flatMap((step: PlanStep) => {
        const place = { root: false, timeoutS: step.timeoutMs / 1000 };
        const programs = [step.action.program(step.params, place), step.action.probe(step.params, place), step.action.undo?.(step.params, { did: ["web"], sinceS: 3 }, place)];
        return programs.flatMap((program): [string, string[]][] => (program === undefined ? [] : [[remoteCommand(wordsOf(program)), wordsOf(program)]]));
    }));

    const folder = temporaryFolder();
    after(() => folder.remove());
    const taken = new Map<string, string[]>();
    let refused = 0;
    before(() => {
        for (const [place, { verb }] of catalogue.entries()) {
            for (const row of mutated(rowOf(verb, place), [...hostile, ...others])) {
                const plan = planOf(row);
                if (plan === undefined) refused += 1;
                else for (const [text, words] of texts(plan)) taken.set(text, words);
            }
        }
        assertUnpolluted();
    });

    it("is refused, or taken with what is hostile in it as a value", () => {
        ok(refused > 3000, `${refused} refused`);
        ok(taken.size > 150, `${taken.size} texts`);
        const scripts = new Set([...taken.values()].filter(([name]) => name === "sh").map(([, , script]) => script));
        for (const script of scripts) for (const text of hostile.filter((word) => word.length > 3 && !/^\w+$/.test(word))) ok(!script?.includes(text), `${text} is in a script`);
    });

    for (const { name, argv: [file = "", ...args] } of shells()) {
        it(`becomes, word by word, what the plan says: ${name} reads each of its texts so`, () => {
            // Instead of env and what it would run: something that only shows its words.
            const show = "show() { shift; for word; do printf '%s\\000' \"$word\"; done; printf '\\001'; }\n";
            const script = [...taken.keys()].map((text) => text.replace(/^env /, "show ")).join("\n");
            // In a file, since some shells read their input letter by letter.
            writeFileSync(join(folder.path, "texts"), show + script);
            const { stdout, status, stderr } = spawnSync(file, [...args, join(folder.path, "texts")], { encoding: "utf8", maxBuffer: 1 << 28, env: {} });
            deepEqual([status, stderr], [0, ""]);
            const read = stdout.split("\u0001").slice(0, -1).map((words) => words.split("\0").slice(0, -1));
            deepEqual(read, [...taken.values()]);
        });
    }

    it("may call its hosts, services, plugs and programs what all objects have already", () => {
        for (const name of ["constructor", "toString", "hasOwnProperty", "valueOf", "__proto__"]) {
            const plan = planOf({ services: [name.replace(/^__/, "x")], watch: name, fedBy: [name], actions: [{ action: "command", params: { command: name, undo: name } }] });
            ok(plan, name);
            for (const host of plan.hosts) doesNotThrow(() => targetKit({ ...host, name }, { user: "power", root: false }));
            equal(previewPlan(plan).length > 0, true);
            const measured = nothingMeasured();
            addDuration(measured, name, { ms: 1 });
            addDarkWatts(measured, name, 2);
            deepEqual([Object.entries(measured.durations), Object.entries(measured.darkWatts)], [[[name, [{ ms: 1 }]]], [[name, [2]]]]);
            addDarkWatts(measured, name, 3);
            deepEqual(Object.entries(measured.darkWatts), [[name, [2, 3]]]);
        }
        assertUnpolluted();
    });
});

describe("hostile texts in messages", () => {
    const token = "secret-run-token";
    const messages = function* (): Generator<Record<string, unknown>> {
        const samples = sampleMessages(at);
        const progress = samples.progress?.progress as object;
        for (const message of Object.values({ ...samples, progress: { ...samples.progress, token, progress: { ...progress, control: { token, until: at } } } })) yield* mutated(message, [...hostileWords, ...others]);
    };

    it("tell a sequencer one of the few things that it can be told, and what is made up stays so", () => {
        for (const message of messages()) {
            for (const [msg, simulated] of [[message, false], [{ ...message, simulated: true }, true]] as const) {
                const heard = commandFrom(msg, { at, startOn: "critical" });
                if (!("command" in heard)) continue;
                const { action, reason, stream, conclusive, at: when } = heard.command;
                ok(["shutdown", "restored", "cancel"].includes(action) && typeof reason === "string" && typeof stream === "string" && typeof conclusive === "boolean" && Number.isFinite(when), JSON.stringify(heard));
                ok(Object.keys(heard.command).every((key) => ["action", "reason", "at", "stream", "conclusive", "stableSeconds", "simulated"].includes(key)), JSON.stringify(heard));
                if (simulated) ok(heard.command.simulated && stream.endsWith(" (simulated)"), JSON.stringify(heard));
            }
        }
        assertUnpolluted();
    });

    it("are one row of the timeline each, that is read as it was written, and tells no token", () => {
        let rows = 0;
        for (const message of messages()) {
            const mapped = eventsOf(message, at);
            for (const row of "events" in mapped ? mapped.events.map(toRow) : []) {
                rows += 1;
                const line = rowLine(row);
                ok(line.endsWith("\n") && !/[\n\r\0]/.test(line.slice(0, -1)), line);
                deepEqual(parseRowLine(line.slice(0, -1)), row);
                ok(!line.includes(token) && isTime(row.created_at), line);
            }
        }
        ok(rows > 3000, `${rows} rows`);
        assertUnpolluted();
    });

    it("are one line of a tape each, that tells no token", () => {
        let count = 0;
        for (const message of messages()) {
            for (const line of tapeLines(message, { last: at, verdicts: "all" })) {
                count += 1;
                const written = writtenLine(line, at);
                ok(/^\{"kind":"[a-z]+"/.test(written) && !written.slice(0, -1).includes("\n"), written);
                ok(!written.includes(token), written);
                doesNotThrow(() => JSON.parse(written) as unknown);
            }
        }
        ok(count > 3000, `${count} lines`);
        assertUnpolluted();
    });
});

describe("hostile names", () => {
    it("lead out of no folder of ours, as a node's id or a tape's name", () => {
        const RED = { settings: { userDir: "/data" } } as unknown as NodeAPI;
        for (const text of hostile) {
            const path = dataPath(RED, { id: text, type: "timeline-store" }, ".timeline");
            deepEqual([dirname(path), join(dirname(path), basename(path))], [join(dataFolder(RED), "timeline-store"), path], text);
            ok(/^[A-Za-z0-9._-]+$/.test(basename(path)), path);
            const { config } = parseRecorder({ tape: text });
            ok(/^[a-z0-9]+(?:_[a-z0-9]+)*_?$/.test(config.tape), config.tape);
        }
    });

    it("are one word of a line for a NUT server, or none", () => {
        for (const text of hostile) {
            try {
                const line = joinWords(["GET", "VAR", text, "ups.status"]);
                equal(line.indexOf("\n"), line.length - 1, JSON.stringify(line));
                deepEqual(splitWords(line.slice(0, -1)), ["GET", "VAR", text, "ups.status"]);
            } catch (error) {
                ok(error instanceof Trouble && error.kind === "config", String(error));
            }
        }
    });

    it("are one identifier of PostgreSQL, or none", () => {
        for (const text of hostile) {
            try {
                const name = quoteIdentifier(text);
                ok(/^"(?:[^"\0]|"")+"$/.test(name), name);
                equal(name.slice(1, -1).replaceAll('""', '"'), text);
            } catch (error) {
                ok(error instanceof Trouble && error.kind === "config", String(error));
            }
        }
    });

    it("make no address", () => {
        for (const text of ["-oProxyCommand=id", "a b", "a;b", "$(id)", "host\nProxyCommand id", "fe80::1%$(id)", "[::1]", "user@host"]) {
            const { config } = parseHost({ ...hostStored, host: text });
            deepEqual([config.target, addressOf(config.target)], [undefined, {}], text);
        }
    });
});
