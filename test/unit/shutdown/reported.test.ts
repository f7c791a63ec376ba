import assert from "node:assert/strict";
import { Reported } from "../../../lib/shutdown/reported";

describe("what hosts report to have stopped", () => {
    it("is kept by step, each name once, in the order of the first report", () => {
        const reported = new Reported();
        assert.deepEqual(reported.add("kvm/stop-vms", ["web", "db", "web"]), ["web", "db"]);
        assert.deepEqual(reported.add("kvm/stop-vms", ["db", "mail"]), ["mail"]);
        assert.deepEqual(reported.add("apps/stop-docker", ["web"]), ["web"]);
        assert.deepEqual([reported.of("kvm/stop-vms"), reported.of("apps/stop-docker"), reported.of("nas/sync")], [["web", "db", "mail"], ["web"], []]);
    });
});
