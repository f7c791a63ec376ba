import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AnkerCloudSimulator } from "../simulators/anker-cloud";
import { repository } from "./node-red";

/** A module that sends the built package's accounts to the simulated cloud: no setting can do that. @returns what NODE_OPTIONS must have */
export function ankerDiversion(cloud: AnkerCloudSimulator, folder: string): string {
    const { serverPublicKey, mqttPort, ca, baseUrl } = cloud.cloud();
    const path = join(folder, "diversion.cjs");
    writeFileSync(path, `const { useCloud } = require(${JSON.stringify(join(repository, "dist/lib/devices/anker-cloud.js"))});
useCloud({ ...${JSON.stringify({ serverPublicKey, mqttPort, ca })}, baseUrl: (country) => ${JSON.stringify(baseUrl(""))} + country, allows: (host) => host === "localhost" });\n`);
    return `--require ${path}`;
}
