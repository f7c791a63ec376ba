import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateKeyPair, startSshHost, type SshHost } from "../../simulators/ssh-host";
import { startTelegram, type TelegramSimulator } from "../../simulators/telegram";
import { startNodeRed, type FlowNode, type NodeRed } from "../node-red";
import type { NutRig, RigOptions, RigVariables } from "../nut-rig";
import { temporaryFolder } from "../temporary-folder";
import { idOf, tabOf, telegramToken, upsName, type Layout } from "./layout";
import { outages } from "./outages";
import { quorumScenarios } from "./quorum";
import { restarts } from "./restarts";
import { breaks, keyOf, type BrokenScenario, type Scenario } from "./scenario";
import { Stage } from "./stage";
import { tellings } from "./tellings";

export const scenarios: readonly Scenario[] = [...outages, ...quorumScenarios, ...tellings];
export const brokenScenarios: readonly BrokenScenario[] = restarts;

export type StartRig = (options: RigOptions) => Promise<NutRig>;

/** Something to be undone in the end, newest first. */
type Undo = () => unknown;

const upsesOf = (plays: readonly { title: string; layout: Layout; redeployed?: Layout }[]): Record<string, RigVariables> =>
    Object.fromEntries(plays.flatMap(({ title, layout, redeployed }) => Object.entries({ ...layout.upses, ...redeployed?.upses }).map(([ups, says]) => [upsName(keyOf(title), ups), says])));

const telegramCredentials = (plays: readonly { title: string }[]): Record<string, Record<string, string>> =>
    Object.fromEntries(plays.map(({ title }) => [idOf(keyOf(title), "telegram"), { token: telegramToken }]));

/** Waits until every UPS of a scenario has been read and judged. */
async function begun(stage: Stage, { asksFor, upses }: Layout): Promise<void> {
    if (asksFor !== undefined) return;
    await stage.until("the first readings", () => Object.keys(upses).every((ups) => stage.verdict(ups) !== undefined), 40_000);
}

/** Plays every scenario at once, each on a tab of its own of one Node-RED, those with a break on a second one, and has a test for each. */
export function describeScenarios(what: string, start: StartRig, skip?: string): void {
    describe(`Eneru's scenarios on ${what}`, function () {
        this.timeout(180_000);
        const undo: Undo[] = [];
        let outcomes: ReadonlyMap<string, Promise<unknown>> = new Map();
        let broken: Promise<ReadonlyMap<string, unknown>> = Promise.resolve(new Map());
        before(async function () {
            if (skip !== undefined) return this.skip();
            broken = playBroken(start, undo);
            // A failure of the rig is the failure of each test.
            broken.catch(() => undefined);
            outcomes = await playAll(start, undo);
        });
        after(async () => {
            await Promise.allSettled([...outcomes.values(), broken]);
            for (const end of undo.toReversed()) await end();
        });
        for (const { title } of scenarios) {
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
async function playAll(start: StartRig, undo: Undo[]): Promise<ReadonlyMap<string, Promise<unknown>>> {
    const folder = temporaryFolder();
    undo.push(() => folder.remove());
    const keys = generateKeyPair();
    const keyFile = join(folder.path, "key");
    writeFileSync(keyFile, keys.private, { mode: 0o600 });
    const open = async <Thing extends { stop(): Promise<unknown> }>(thing: Promise<Thing>): Promise<Thing> => {
        const opened = await thing;
        undo.push(() => opened.stop());
        return opened;
    };
    const [shared, telegram] = await Promise.all([open(start({ upses: upsesOf(scenarios.filter(({ alone }) => !alone)) })), open(startTelegram({ token: telegramToken }))]);
    const red = await open(startNodeRed({ userDir: folder.path }));

    const stages: { stage: Stage; scenario: Scenario }[] = [];
    const flows: FlowNode[] = [];
    for (const scenario of scenarios) {
        const { title, layout, alone, ownTelegram } = scenario;
        const rig = alone ? await open(start({ upses: upsesOf([scenario]) })) : shared;
        const phone: TelegramSimulator = ownTelegram ? await open(startTelegram({ token: telegramToken })) : telegram;
        const hosts: SshHost[] = [];
        for (const { name } of layout.hosts ?? []) hosts.push(await open(startSshHost({ name, authorizedKey: keys.public })));
        stages.push({ scenario, stage: new Stage(keyOf(title), layout, rig, red, phone, hosts) });
        flows.push(...tabOf(keyOf(title), title, layout, { nutPort: rig.port, telegramUrl: phone.url, keyFile, ssh: Object.fromEntries(hosts.map(({ name, port, hostKey }) => [name, { port, hostKey }])) }));
    }
    await red.deploy(flows, { credentials: telegramCredentials(scenarios) });
    return new Map(stages.map(({ stage, scenario: { title, layout, play } }) => [title, begun(stage, layout).then(() => play(stage)).then(() => undefined, (failure: unknown) => failure ?? new Error(title))]));
}

/** @returns the failures by title */
async function playBroken(start: StartRig, undo: Undo[]): Promise<ReadonlyMap<string, unknown>> {
    const folder = temporaryFolder();
    undo.push(() => folder.remove());
    const rig = await start({ upses: upsesOf(brokenScenarios) });
    undo.push(() => rig.stop());
    const telegram = await startTelegram({ token: telegramToken });
    undo.push(() => telegram.stop());
    let red: NodeRed = await startNodeRed({ userDir: folder.path });
    undo.push(() => red.kill("SIGTERM"));

    const stages = brokenScenarios.map((scenario) => ({ scenario, stage: new Stage(keyOf(scenario.title), scenario.layout, rig, red, telegram) }));
    const place = { nutPort: rig.port, telegramUrl: telegram.url, keyFile: "", ssh: {} };
    const deploy = (again: boolean): Promise<void> => {
        const flows = brokenScenarios.flatMap(({ title, layout, redeployed }) => tabOf(keyOf(title), title, (again ? redeployed : undefined) ?? layout, place));
        return red.deploy(flows, { credentials: telegramCredentials(brokenScenarios) });
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
