import { deepEqual, equal } from "node:assert/strict";
import type { ClusterTotal } from "../../lib/devices/gpu-cluster";
import { allFields } from "../../lib/devices/nvidia-csv";
import { fakeGpus, fakeNvidiaSmi, nvidiaCsv } from "../simulators/gpu-tools";
import { generateKeyPair, startSshHost, type SshHost } from "../simulators/ssh-host";
import { startTelegram, type TelegramSimulator } from "../simulators/telegram";
import { botToken, example, nodeOf } from "../support/example-flow";
import { startNodeRed, type NodeRed } from "../support/node-red";
import { temporaryFolder } from "../support/temporary-folder";

describe("the example 07 GPU cluster", function () {
    this.timeout(60_000);
    const tools = temporaryFolder();
    const user = generateKeyPair();
    const flow = example("07 GPU cluster");
    let red: NodeRed;
    let gpu1: SshHost;
    let telegram: TelegramSimulator;

    before(async () => {
        gpu1 = await startSshHost({ name: "gpu1", authorizedKey: user.public });
        telegram = await startTelegram({ token: botToken });
        red = await startNodeRed({ env: { PATH: `${tools.path}:${process.env.PATH}` } });
    });
    after(async () => {
        await red?.stop();
        await gpu1?.stop();
        await telegram?.stop();
        await tools.remove();
    });

    it("tells each GPU and the total, once that one is hot, and once that a machine fell silent", async () => {
        fakeNvidiaSmi(tools.path, [fakeGpus.rtx4080s]);
        gpu1.setBehaviour({ output: nvidiaCsv([{ ...fakeGpus.l40s, "temperature.gpu": "91" }], allFields) });
        const [host, alert, reader] = [nodeOf(flow, "power-host"), nodeOf(flow, "telegram-alert"), nodeOf(flow, "gpu-reader")];
        await red.deploy(flow.map((node) => {
            if (node === host) return { ...node, host: "127.0.0.1", port: String(gpu1.port), hostKey: gpu1.hostKey };
            if (node === alert) return { ...node, baseUrl: telegram.url, chatId: "456" };
            return node === reader ? { ...node, interval: "1" } : node;
        }), { credentials: { [host.id]: { privateKey: user.private }, [alert.id]: { token: botToken } } });

        const totals = nodeOf(flow, "debug", "cluster's total").id;
        await red.until(totals, 2, 15_000);
        const first = red.received(totals)[0]?.cluster as ClusterTotal;
        deepEqual([first.total_watts, first.nodes_reporting, first.nodes_expected], [156.44, 2, 2]);
        deepEqual(red.received(nodeOf(flow, "debug", "every GPU").id).slice(0, 2).map(({ topic }) => topic).sort(), ["gpu_gpu1_0", "gpu_gpu2_0"]);
        const texts = (about: string): string[] => telegram.messages.map(({ text }) => text).filter((text) => text.includes(about));
        await red.eventually(() => texts("GPU HOT").length > 0, 15_000, () => "the hot GPU on the phone");

        gpu1.setBehaviour({ command: "vanish" });
        await red.eventually(() => texts("GPUS MISSING").length > 0, 15_000, () => "the silent machine on the phone");
        const seen = red.received(totals).length;
        await red.until(totals, seen + 2, 15_000);
        deepEqual([texts("GPU HOT").length, texts("GPUS MISSING").length], [1, 1]);
        equal(texts("gpu_gpu1_0: 91 °C").length, 1);
        equal(texts("1 of 2 machines report").length, 1);
    });
});
