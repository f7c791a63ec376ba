import { nutMissing, RealNut } from "../support/nut";
import { describeScenarios } from "../support/scenarios/play";

describeScenarios("Debian's upsd", (options) => new RealNut(options).start(), nutMissing());
