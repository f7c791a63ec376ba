import { equal } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { actionsPage } from "../../../scripts/actions-page";

describe("docs/actions.md", () => {
    it("says what the catalogue does (node --import tsx scripts/actions-page.ts makes it anew)", () => {
        equal(readFileSync(join(__dirname, "../../../docs/actions.md"), "utf8"), actionsPage());
    });
});
