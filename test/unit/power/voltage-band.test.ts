import assert from "node:assert/strict";
import { followNominal, gridOf, nominalVolts, parseNominal, placeOf, type Nominal } from "../../../lib/power/voltage-band";

const times = (count: number, volts: number): number[] => Array<number>(count).fill(volts);
/** What is known after measurements on mains, and the news on the way. */
function measure(volts: readonly number[], claim?: number, start?: Nominal): { nominal: Nominal; news: string[] } {
    let nominal = start;
    const news: string[] = [];
    for (const each of volts) {
        const step = followNominal(nominal, each, claim);
        nominal = step.nominal;
        if (step.news !== undefined) news.push(step.news);
    }
    return { nominal: nominal ?? { settled: false, seen: [] }, news };
}

describe("the grid of a voltage", () => {
    for (const [volts, grid] of [[118, 120], [122.5, 120], [110, 110], [228, 230], [244, 240], [212, 208], [115, 115], [127, 127], [98, 100], [50, undefined], [175, undefined], [300, undefined], [0, undefined], [-12, undefined]] as const) {
        it(`${volts} V: ${grid ?? "none"}`, () => assert.equal(gridOf(volts), grid));
    }
});

describe("the nominal voltage", () => {
    const cases: [what: string, volts: number[], claim: number | undefined, nominal: number | undefined, news: string[]][] = [
        ["is what the UPS claims", [], 230, undefined, []],
        ["is the claim from the first measurement on", [231], 230, 230, []],
        ["is the grid's next to the claim", [121], 121.5, 120, []],
        ["stays the claim when the measurements fit", [228, 230, 231, 229, 230, 232, 228, 230, 231, 230], 230, 230, []],
        ["stays the claim on a low grid", times(10, 210), 230, 230, []],
        ["stays the claim when the measurements are no grid's: a long brownout", times(10, 165), 230, 230, []],
        ["is not doubted by nine", times(9, 120.5), 230, 230, []],
        ["is measured when ten stand against the claim", times(10, 120.5), 230, 120, ["measured 120.5 V: taken for a grid of 120 V, not of 230 V as the UPS claims"]],
        ["is told once", times(500, 120.5), 230, 120, ["measured 120.5 V: taken for a grid of 120 V, not of 230 V as the UPS claims"]],
        ["goes by the median, not by outliers", [120, 120, 0.1, 120, 599, 120, 121, 120, 119, 120], 230, 120, ["measured 120 V: taken for a grid of 120 V, not of 230 V as the UPS claims"]],
        ["is the claim again when ten in a row fit it: it was a brownout", [...times(10, 201), ...times(10, 229)], 230, 230,
            ["measured 201 V: taken for a grid of 200 V, not of 230 V as the UPS claims", "measured 229 V: a grid of 230 V, as the UPS claims"]],
        ["is not the claim again for nine", [...times(10, 201), ...times(9, 229), 200, 229], 230, 200, ["measured 201 V: taken for a grid of 200 V, not of 230 V as the UPS claims"]],
        ["is unknown without a claim and with too little measured", times(9, 231), undefined, undefined, []],
        ["is measured without a claim, which contradicts nobody", times(10, 231), undefined, 230, []],
        ["is measured without a claim as soon as there is a grid", [...times(10, 170), ...times(10, 231)], undefined, 230, []],
    ];
    for (const [what, volts, claim, wanted, news] of cases) {
        it(what, () => {
            const { nominal, news: told } = measure(volts, claim);
            assert.deepEqual([nominalVolts(nominal), told], [wanted, news]);
        });
    }
    it("is measured anew when another UPS claims another one", () => assert.equal(nominalVolts(measure([118], 120, measure(times(10, 231), 230).nominal).nominal), 120));
    it("keeps the claim while one answer leaves it out", () => assert.equal(nominalVolts(measure([231], undefined, measure(times(10, 231), 230).nominal).nominal), 230));
    it("survives a restart, and what was seen in part does not", () => {
        for (const nominal of [measure(times(10, 120), 230).nominal, measure(times(10, 230), 230).nominal, measure(times(10, 230)).nominal]) assert.deepEqual(parseNominal(JSON.parse(JSON.stringify(nominal))), nominal);
        assert.deepEqual(parseNominal({ ...measure(times(4, 230), 230).nominal }), { claimed: 230, settled: false, seen: [] });
        for (const foreign of [undefined, null, 7, "x"]) assert.equal(parseNominal(foreign), undefined);
        assert.deepEqual(parseNominal({ claimed: -1, detected: "x", settled: true }), { settled: false, seen: [] });
    });
});

describe("a voltage's place", () => {
    const on = (claim: number): Nominal => measure(times(10, claim), claim).nominal;
    const cases: [nominal: number, volts: number, percent: number, kind: string, severe: boolean, detail: string][] = [
        [230, 230, 10, "voltage-normal", false, "230 V"],
        [230, 207, 10, "voltage-normal", false, "207 V"],
        [230, 206.9, 10, "brownout", false, "206.9 V, below 207 V (230 V - 10 %)"],
        [230, 253, 10, "voltage-normal", false, "253 V"],
        [230, 254, 10, "over-voltage", false, "254 V, above 253 V (230 V + 10 %)"],
        [230, 195.5, 10, "brownout", false, "195.5 V, below 207 V (230 V - 10 %)"],
        [230, 195.4, 10, "brownout", true, "195.4 V, below 207 V (230 V - 10 %)"],
        [230, 165, 10, "brownout", true, "165 V, below 207 V (230 V - 10 %)"],
        [230, 265, 10, "over-voltage", true, "265 V, above 253 V (230 V + 10 %)"],
        [230, 218, 5, "brownout", false, "218 V, below 218.5 V (230 V - 5 %)"],
        [230, 196, 15, "voltage-normal", false, "196 V"],
        [230, 195, 15, "brownout", true, "195 V, below 195.5 V (230 V - 15 %)"],
        [120, 122.4, 10, "voltage-normal", false, "122.4 V"],
        [120, 132, 10, "voltage-normal", false, "132 V"],
        [120, 108, 10, "voltage-normal", false, "108 V"],
        [120, 107, 10, "brownout", false, "107 V, below 108 V (120 V - 10 %)"],
    ];
    for (const [nominal, volts, percent, kind, severe, detail] of cases) {
        it(`${volts} V of ${nominal} V within ${percent} %: ${kind}${severe ? ", severe" : ""}`, () => assert.deepEqual(placeOf(on(nominal), volts, percent), { kind, severe, detail }));
    }
    it("can't be said without a nominal voltage", () => assert.equal(placeOf({ settled: false, seen: [] }, 165, 10), undefined));
    it("is not said while it may be of another grid than the claimed one", () => assert.equal(placeOf({ claimed: 230, settled: false, seen: [] }, 120.5, 10), undefined));
    it("is said at once where no grid is", () => assert.equal(placeOf({ claimed: 230, settled: false, seen: [] }, 165, 10)?.kind, "brownout"));
});
