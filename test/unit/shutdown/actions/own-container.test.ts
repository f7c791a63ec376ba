import { equal } from "node:assert/strict";
import { containerIn } from "../../../../lib/shutdown/actions/own-container";

const id = "0123456789abcdef".repeat(4);

describe("the container that we run in", () => {
    for (const [what, mountinfo, cgroup, expected] of [
        ["Docker", `1201 1190 0:98 / / rw - overlay overlay rw\n1210 1201 254:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw`, "0::/", id],
        ["Docker with a data folder of its own", `1210 1201 254:1 /srv/dk/containers/${id}/resolv.conf /etc/resolv.conf rw - ext4 /dev/vda1 rw`, "0::/", id],
        ["podman", `910 901 0:22 /containers/storage/overlay-containers/${id}/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw`, "0::/", id],
        ["podman with another storage", `910 901 0:22 /containers/storage/zfs-containers/${id}/userdata/.containerenv /run/.containerenv rw - tmpfs tmpfs rw`, "0::/", id],
        ["control groups of the first version", "1 0 0:1 / / rw - overlay overlay rw", `12:pids:/docker/${id}\n1:name=systemd:/docker/${id}`, id],
        ["podman's control groups", "", `0::/machine.slice/libpod-${id}.scope/container`, id],
        ["no container", "22 1 254:1 / / rw - ext4 /dev/vda1 rw", "0::/user.slice/user-1000.slice", undefined],
        ["a host that looks into containers", `99 22 0:98 /var/lib/docker/containers/${id}/mounts/shm /var/lib/docker/containers/${id}/mounts/shm rw - tmpfs shm rw`, "0::/", undefined],
    ] as const) {
        it(`is known: ${what}`, () => equal(containerIn(mountinfo, cgroup), expected));
    }
});
