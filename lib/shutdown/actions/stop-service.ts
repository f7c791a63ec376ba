import type { ActionParameters, CatalogueAction } from "../catalogue";
import { serviceNameProblem } from "../commands";
import { asRoot } from "./as-root";
import { strangeParameters, type CheckedParameter } from "./parameters";
import { probeOf } from "./probe";
import { rootWord } from "./shell";

/**
 * Starts a unit again that went inactive after we began ($3 s ago, with some room for the way): one that was stopped long
 * before stays stopped. systemd itself remembers when, so that nothing had to be asked before.
 */
const startAgain = `
since=$(systemctl show -p InactiveEnterTimestampMonotonic --value -- "$1" 2>/dev/null) || since=
now=$(cut -d. -f1 /proc/uptime)
case $since in ""|*[!0-9]*) echo "systemd does not say when $1 was stopped" >&2; exit 1;; esac
[ $((since / 1000000)) -ge $((now - $3)) ] || exit 0
[ "$2" = yes ] || exec sudo -n systemctl start -- "$1"
exec systemctl start -- "$1"
`;

const known = `
command -v systemctl >/dev/null 2>&1 && { systemctl cat -- "$1" </dev/null >/dev/null 2>&1 || { echo "there is no service $1" >&2; exit 1; }; }
shift
`;

const parameters: readonly CheckedParameter[] = [{ name: "service", kind: "name", required: true }];
const unit = ({ service }: ActionParameters): string => String(service);
const start = (params: ActionParameters): string[] => ["systemctl", "start", "--", unit(params)];
const stop = (params: ActionParameters): string[] => ["systemctl", "stop", "--", unit(params)];

/** Stops one systemd unit and waits until it has stopped. */
export const stopService: CatalogueAction = {
    verb: "stop-service",
    parameters,
    problems(params) {
        const wrong = typeof params.service === "string" ? serviceNameProblem(params.service) : "stop-service: service is missing";
        return [...strangeParameters("stop-service", parameters, params), ...(wrong === undefined ? [] : [wrong])];
    },
    label: (params) => `stop ${unit(params)}`,
    program: (params, place) => ({ argv: asRoot(stop(params), place) }),
    undo: (params, { sinceS }, place) => ({ script: startAgain, args: [unit(params), rootWord(place.root), String(Math.ceil(sinceS) + 5)] }),
    repeatable: true,
    privileged: (params) => [stop(params), start(params)],
    probe: (params, { root }) => probeOf({ begin: known, args: [unit(params)], programs: ["systemctl"], rules: [stop(params), start(params)], root }),
};
