import assert from "node:assert/strict";
import { gatewayIn } from "../../../lib/shutdown/gateway";

describe("the default gateway", () => {
    const head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
    const cases: [string, string[], string | undefined][] = [
        ["a home network", ["eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0", "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0"], "192.0.2.1"],
        ["a default route without a gateway", ["ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0"], undefined],
        ["routes to other networks only", ["eth0\t000200C0\t010200C0\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0"], undefined],
        ["no routes", [], undefined],
        ["something else", ["<html>"], undefined],
    ];
    for (const [name, lines, gateway] of cases) it(`of ${name} is ${gateway ?? "none"}`, () => assert.equal(gatewayIn([head, ...lines, ""].join("\n")), gateway));
});
