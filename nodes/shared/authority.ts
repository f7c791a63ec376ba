import { readFileSync } from "node:fs";
import { errorText } from "../../lib/kit/trouble";
import type { Settings } from "./settings";

/** The certificate authority in the file that the setting `caFile` names, PEM text; undefined without one, for the public ones. */
export function authority(settings: Settings): string | undefined {
    const path = settings.text("caFile");
    if (path === "") return undefined;
    try {
        const text = readFileSync(path, "utf8");
        if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
        settings.problem(`${path} holds no certificate in PEM form`);
    } catch (error) {
        settings.problem(`the certificate file can't be read: ${errorText(error)}`);
    }
    return undefined;
}
