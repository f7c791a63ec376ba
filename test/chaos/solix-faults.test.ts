import assert from "node:assert/strict";
import type { Node } from "node-red";
import { useCloud } from "../../lib/devices/anker-cloud";
import type { Reading } from "../../lib/power/reading";
import ankerAccount from "../../nodes/anker-account/anker-account";
import solixReader from "../../nodes/solix-reader/solix-reader";
import accountStored from "../fixtures/configs/anker-account.v1.json";
import stored from "../fixtures/configs/solix-reader.v1.json";
import { AnkerCloudSimulator } from "../simulators/anker-cloud";
import { startFaultyServer, type Behaviour, type FaultyServer } from "../simulators/faulty-server";
import { waitsForDisk } from "../support/disk-at-rest";
import { eventually, loadFlow, temporaryFolder, type LoadedFlow } from "../support/helper";

const faults: Behaviour[] = ["refused", "black-hole", "slow", "garbage", "truncated", "oversized", "half-closed", "vanish"];
/** Late, or without an end of the connection: no fault for us. */
const harmless: readonly Behaviour[] = ["slow", "half-closed"];

for (const place of ["cloud", "broker"] as const) {
    describe(`solix-reader: faults of Anker's ${place}`, () => {
        let folder: ReturnType<typeof temporaryFolder>;
        let cloud: AnkerCloudSimulator;
        let server: FaultyServer;
        let back: () => void;
        let flow: LoadedFlow;

        const load = async (behaviour: Behaviour): Promise<void> => {
            const real = cloud.cloud();
            const upstream = place === "cloud" ? Number(new URL(real.baseUrl("US")).port) : real.mqttPort;
            server = await startFaultyServer(behaviour, { upstream, delayMs: 20 });
            back = useCloud(place === "cloud" ? { ...real, baseUrl: (country) => `https://localhost:${server.port}/${country}` } : { ...real, mqttPort: server.port });
            flow = await loadFlow([ankerAccount, solixReader], [
                { ...accountStored }, { ...stored, interval: "1", fastInterval: "1", stale: "2" },
                { id: "readings", type: "helper" }, { id: "events", type: "helper" }, { id: "fields", type: "helper" },
                { id: "catch", type: "catch", scope: null, uncaught: false, wires: [["errors"]] }, { id: "errors", type: "helper" },
            ], { userDir: folder.path, credentials: { anker: { email: "user@example.com", password: "correct horse battery" } } });
        };
        const readings = (): Reading[] => flow.received("readings").map(({ reading }) => reading as Reading);
        const good = (from = 0): Promise<void> => eventually(() => readings().slice(from).some(({ quality }) => quality === "good"), 60_000, () => JSON.stringify([readings().at(-1), errors()]));
        const errors = (): string[] => flow.received("errors").map((msg) => (msg.error as { message: string }).message);
        const closes = async (): Promise<void> => {
            const warnings: string[] = [];
            for (const id of ["solix", "anker"]) flow.node<Node>(id).warn = (text: unknown) => void (waitsForDisk() || warnings.push(String(text)));
            await flow.unload();
            assert.deepEqual(warnings, [], "nothing held the deploy up");
            await eventually(() => server.open === 0, 60_000, () => `no connection left, ${server.open} are open`);
        };

        beforeEach(async () => {
            folder = temporaryFolder();
            cloud = await new AnkerCloudSimulator({ frameMs: 20, secondMs: 10 }).start();
        });
        afterEach(async () => {
            await flow.unload();
            back();
            await server.stop();
            await cloud.stop();
            await folder.remove();
        });

        for (const fault of faults) {
            it(`${fault} from the start: ${harmless.includes(fault) ? "no fault for us" : "told once, never 0 W; works by itself when it does"}`, async () => {
                await load(fault);
                if (!harmless.includes(fault)) {
                    await eventually(() => errors().length > 0, 60_000);
                    assert.ok(["red", "yellow"].includes(flow.status("solix")?.fill ?? ""), JSON.stringify(flow.status("solix")));
                    assert.ok(readings().every(({ quality, watts, charge }) => quality === "missing" && watts === undefined && charge === undefined));
                    assert.doesNotMatch(errors().join("\n"), /correct horse|user@example/);
                    await server.behave("well");
                }
                await good();
                assert.equal(errors().length, harmless.includes(fault) ? 0 : 1, errors().join("\n"));
                assert.ok(cloud.logins <= 2, `${cloud.logins} logins`);
                await closes();
            });
        }

        it("redeployed during a call: closes at once, leaves no connection, reports nothing", async () => {
            await load("black-hole");
            await eventually(() => server.open > 0, 60_000);
            await closes();
            assert.deepEqual(errors(), []);
        });
    });
}
