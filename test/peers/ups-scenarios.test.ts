import { nutMissing, RealNut } from "../support/nut";
import { ownWorldMissing } from "../support/own-world";
import { describeScenarios } from "../support/scenarios/play";
import { OwnMachine, realMachineMissing, startRealMachine } from "../support/scenarios/real-machine";

describeScenarios("Debian's upsd, with OpenSSH and sudo on the hosts", { nut: (options) => new RealNut(options).start(), machine: startRealMachine, own: () => new OwnMachine() }, nutMissing() ?? realMachineMissing() ?? ownWorldMissing());
