import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { slots } from "../../../lib/shutdown/slots";
import { idOf as containerOf } from "../../simulators/host-tools";
import { generateKeyPair, type KeyPair } from "../../simulators/ssh-host";
import { startTelegram } from "../../simulators/telegram";
import { startNodeRed, type NodeRed } from "../node-red";
import type { NutRig, RigOptions, RigVariables } from "../nut-rig";
import { temporaryFolder } from "../temporary-folder";
import { idOf, planHostOf, tabOf, telegramToken, upsName, type Layout, type Place, type ScenarioHost } from "./layout";
import type { Machine, StartMachine } from "./machine";
import { outages } from "./outages";
import { quorumScenarios } from "./quorum";
import type { OwnMachine } from "./real-machine";
import { restarts } from "./restarts";
import { breaks, keyOf, type BrokenScenario, type Scenario } from "./scenario";
import { shutdownBreaks } from "./shutdown-breaks";
import { shutdowns } from "./shutdowns";
import { Stage } from "./stage";
import { tellings } from "./tellings";

export const scenarios: readonly Scenario[] = [...outages, ...quorumScenarios, ...tellings, ...shutdowns];
export const brokenScenarios: readonly BrokenScenario[] = [...restarts, ...shutdownBreaks];

export type StartRig = (options: RigOptions) => Promise<NutRig>;

/** What scenarios are played on. */
export interface Rigs {
    nut: StartRig;
    machine: StartMachine;
    /** The machine that Node-RED runs on, in which nothing that switches it off is real. Without it the stories about that are left out. */
    own?: () => OwnMachine;
}

/** Something to be undone in the end, newest first. */
type Undo = () => unknown;

/** Keeps what was opened, to be closed in the end. */
const opener = (undo: Undo[]) => async <Thing extends { stop(): Promise<unknown> }>(thing: Promise<Thing> | Thing): Promise<Thing> => {
    const opened = await thing;
    undo.push(() => opened.stop());
    return opened;
};

function newKeys(folder: string): KeyPair & { file: string } {
    const keys = generateKeyPair();
    const file = join(folder, "key");
    writeFileSync(file, keys.private, { mode: 0o600 });
    return { ...keys, file };
}

/** The hosts of a scenario that are somewhere else than Node-RED. */
const remoteHosts = ({ layout, redeployed }: { layout: Layout; redeployed?: Layout }): ScenarioHost[] =>
    [...new Map([...(redeployed?.hosts ?? []), ...(layout.hosts ?? [])].map((host) => [host.name, host])).values()].filter(({ local }) => !local);

function startMachines(play: { layout: Layout; redeployed?: Layout }, start: StartMachine, keys: KeyPair): Promise<Machine>[] {
    return remoteHosts(play).map((host) => start({ name: host.name, user: host.user ?? "power", authorizedKey: keys.public, host: planHostOf(host, play.layout), ...(host.runs && { runs: host.runs }) }));
}

/** What Node-RED knows of the hosts: their keys as the test knows them, as the dialog's button has learned them, or none. */
async function known(play: { layout: Layout; redeployed?: Layout }, machines: readonly Machine[], red: NodeRed): Promise<Place["ssh"]> {
    const keys = remoteHosts(play).map(async ({ name, key }): Promise<[string, Place["ssh"][string]]> => {
        const { port, hostKey } = machines.find((machine) => machine.name === name) ?? assert.fail(name);
        if (key === undefined) return [name, { port, hostKey }];
        if (key === "unknown") return [name, { port, hostKey: "" }];
        const { ok, line } = (await (await red.request("ridethrough/power-host/host-key", { method: "POST", body: { host: "127.0.0.1", port: String(port) } })).json()) as { ok: boolean; line: string };
        assert.ok(ok, `${name} shows its key`);
        return [name, { port, hostKey: line }];
    });
    return Object.fromEntries(await Promise.all(keys));
}

const upsesOf = (plays: readonly { title: string; layout: Layout; redeployed?: Layout }[]): Record<string, RigVariables> =>
    Object.fromEntries(plays.flatMap(({ title, layout, redeployed }) => Object.entries({ ...layout.upses, ...redeployed?.upses }).map(([ups, says]) => [upsName(keyOf(title), ups), says])));

const credentialsOf = (plays: readonly { title: string; layout: Layout }[]): Record<string, Record<string, string>> =>
    Object.fromEntries(plays.flatMap(({ title, layout: { login } }) => [[idOf(keyOf(title), "telegram"), { token: telegramToken }], ...(login ? [[idOf(keyOf(title), "server"), login]] : [])]));

/** Waits until every UPS of a scenario has been read and judged. */
async function begun(stage: Stage, { asksFor, upses }: Layout): Promise<void> {
    if (asksFor !== undefined) return;
    await stage.until("the first readings", () => Object.keys(upses).every((ups) => stage.verdict(ups) !== undefined), 90_000);
}

/**
 * So many scenarios log in to hosts at a time, and where the hosts are real, from a Node-RED that does little else: on a busy machine one that
 * polls every UPS twice a second and logs in to all hosts at once takes longer for it than a login may take.
 */
const mostArmed = 5;
const calm = { interval: "2", batteryInterval: "1" };

/** Plays every scenario at once, each on a tab of its own of one Node-RED, those with a break on a second one, and has a test for each. */
export function describeScenarios(what: string, rigs: Rigs, skip?: string): void {
    const played = scenarios.filter(({ ownMachine }) => !ownMachine || rigs.own !== undefined);
    describe(`Eneru's scenarios on ${what}`, function () {
        this.timeout(480_000);
        const undo: Undo[] = [];
        let outcomes: ReadonlyMap<string, Promise<unknown>> = new Map();
        let broken: Promise<ReadonlyMap<string, unknown>> = Promise.resolve(new Map());
        before(async function () {
            if (skip !== undefined) return this.skip();
            broken = playBroken(rigs, undo);
            // A failure of the rig is the failure of each test.
            broken.catch(() => undefined);
            outcomes = await playAll(played, rigs, undo);
        });
        after(async () => {
            await Promise.allSettled([...outcomes.values(), broken]);
            for (const end of undo.toReversed()) await end();
        });
        for (const { title } of played) {
            it(title, async () => {
                const failure = await outcomes.get(title);
                if (failure !== undefined) throw failure;
            });
        }
        for (const { title } of brokenScenarios) {
            it(title, async () => {
                const failure = (await broken).get(title);
                if (failure !== undefined) throw failure;
            });
        }
    });
}

/** @returns by title, how each ends: with its failure, or with nothing */
async function playAll(played: readonly Scenario[], { nut, machine, own }: Rigs, undo: Undo[]): Promise<ReadonlyMap<string, Promise<unknown>>> {
    const open = opener(undo);
    const start = async (container?: string): Promise<{ red: NodeRed; own?: OwnMachine; folder: string }> => {
        const folder = temporaryFolder();
        undo.push(() => folder.remove());
        const itself = own && await open(own());
        const red = await open(startNodeRed({ userDir: folder.path, ...(itself && { prefix: itself.inside(container) }) }));
        // Before anything is armed: nothing that it can start is real.
        if (itself) assert.match(readFileSync(`/proc/${red.child.pid}/root/usr/sbin/shutdown`, "utf8"), /^#!\/bin\/sh\nsaid=/);
        return { red, folder: folder.path, ...(itself && { own: itself }) };
    };
    const [shared, telegram, onMachine, forArmed, inContainer] = await Promise.all([
        open(nut({ upses: upsesOf(played.filter(({ alone }) => !alone)) })), open(startTelegram({ token: telegramToken })), start(), own && start(), own && start(containerOf("node-red")),
    ]);
    const keys = newKeys(onMachine.folder);

    const stages = await Promise.all(played.map(async (scenario) => {
        const { title, layout, alone, ownTelegram, inContainer: contained } = scenario;
        const home = (contained && inContainer) ?? (layout.hosts && forArmed) ?? onMachine;
        const wired = layout.hosts && own ? { ...layout, reader: { ...calm, ...layout.reader } } : layout;
        const [rig, phone, ...machines] = await Promise.all([alone ? open(nut({ upses: upsesOf([scenario]) })) : shared, ownTelegram ? open(startTelegram({ token: telegramToken })) : telegram, ...startMachines(scenario, machine, keys).map(open)]);
        const flow = tabOf(keyOf(title), title, wired, { nutPort: rig.port, telegramUrl: phone.url, keyFile: keys.file, ssh: await known(scenario, machines, home.red) });
        return { scenario, home, flow, stage: new Stage(keyOf(title), layout, rig, home.red, phone, machines, home.own) };
    }));
    for (const home of [onMachine, forArmed, inContainer]) {
        const mine = stages.filter((each) => each.home === home);
        await home?.red.deploy(mine.flatMap(({ flow }) => flow), { credentials: credentialsOf(mine.map(({ scenario }) => scenario)) });
    }
    const inTurn = slots(mostArmed);
    return new Map(stages.map(({ stage, scenario: { title, layout, play } }) => {
        const story = (): Promise<void> => play(stage);
        const played = begun(stage, layout).then(() => (layout.hosts ? inTurn(story) : story()));
        return [title, played.then(() => undefined, (failure: unknown) => failure ?? new Error(title))];
    }));
}

/** @returns the failures by title */
async function playBroken({ nut, machine }: Rigs, undo: Undo[]): Promise<ReadonlyMap<string, unknown>> {
    const open = opener(undo);
    const folder = temporaryFolder();
    undo.push(() => folder.remove());
    const keys = newKeys(folder.path);
    const [rig, telegram] = await Promise.all([open(nut({ upses: upsesOf(brokenScenarios) })), open(startTelegram({ token: telegramToken }))]);
    let red: NodeRed = await startNodeRed({ userDir: folder.path });
    undo.push(() => red.kill("SIGTERM"));

    const stages = await Promise.all(brokenScenarios.map(async (scenario) => {
        const machines = await Promise.all(startMachines(scenario, machine, keys).map(open));
        const place: Place = { nutPort: rig.port, telegramUrl: telegram.url, keyFile: keys.file, ssh: await known(scenario, machines, red) };
        return { scenario, place, stage: new Stage(keyOf(scenario.title), scenario.layout, rig, red, telegram, machines) };
    }));
    const deploy = (again: boolean): Promise<void> => {
        const flows = stages.flatMap(({ scenario: { title, layout, redeployed }, place }) => tabOf(keyOf(title), title, (again ? redeployed : undefined) ?? layout, place));
        return red.deploy(flows, { credentials: credentialsOf(brokenScenarios) });
    };
    const failures = new Map<string, unknown>();
    /** All at once; who has failed plays no more. */
    const each = (play: (scenario: BrokenScenario, stage: Stage) => Promise<void> | undefined): Promise<unknown> => Promise.all(stages
        .filter(({ scenario: { title } }) => !failures.has(title))
        .map(({ scenario, stage }) => (play(scenario, stage) ?? Promise.resolve()).catch((failure: unknown) => void failures.set(scenario.title, failure))));

    await deploy(false);
    await each(({ layout }, stage) => begun(stage, layout));
    for (const how of breaks) {
        await each((scenario, stage) => scenario.acts[how]?.before(stage));
        if (how === "kill" || how === "stop") await red.kill(how === "kill" ? "SIGKILL" : "SIGTERM");
        if (how === "server") await rig.down();
        await each((scenario, stage) => scenario.acts[how]?.meanwhile?.(stage));
        if (how === "kill" || how === "stop") red = await startNodeRed({ userDir: folder.path });
        for (const { stage } of stages) stage.red = red;
        red.forget();
        if (how === "server") await rig.up();
        if (how === "redeploy") await deploy(true);
        await each((scenario, stage) => scenario.acts[how]?.after(stage));
    }
    return failures;
}
