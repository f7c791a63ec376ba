import type { ActionParameters } from "../../lib/shutdown/catalogue";

/** Parameters for every action of the catalogue, each given at least once: what docs and tests take for an example. */
export const exampleParameters: Readonly<Record<string, ActionParameters>> = {
    "stop-service": { service: "web" },
    "stop-vms": { only: ["web", "db"], except: ["dns"], connection: "qemu:///system", graceS: 60, sudo: true },
    "stop-proxmox": { only: ["100", "200"], except: ["dns"], kinds: "all", graceS: 60 },
    "stop-esxi-vms": { only: ["web"], except: ["dns"], graceS: 60 },
    "stop-xcp-ng-vms": { only: ["web"], except: ["dns"], graceS: 60 },
    "stop-docker": { only: ["web"], except: ["dns"], graceS: 20, sudo: true },
    "stop-podman": { only: ["web"], except: ["dns"], user: "alice", graceS: 20, sudo: true },
    "stop-compose": { file: "/srv/app/compose.yaml", program: "docker compose", how: "stop", graceS: 20, sudo: true },
    unmount: { mounts: ["/mnt/nas", "/srv/media"], lazy: ["/srv/media"], stuck: "lazy", graceS: 10 },
    sync: {},
    command: { command: ["/usr/local/bin/park", "--all"], undo: ["/usr/local/bin/unpark"], sudo: true },
    wait: { seconds: 30 },
    shutdown: { delayMinutes: 2 },
    poweroff: {},
    "synology-power-off": { sudo: true },
    "qnap-power-off": { sudo: false },
    "truenas-power-off": { version: "25.04", sudo: true },
    "pfsense-power-off": { sudo: false },
    "esxi-power-off": { sudo: false },
};
