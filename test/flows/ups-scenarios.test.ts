import { NutServerSimulator } from "../simulators/nut-server";
import { startSimulatedMachine } from "../support/scenarios/machine";
import { describeScenarios } from "../support/scenarios/play";

describeScenarios("the mock upsd", { nut: (options) => new NutServerSimulator(options).start(), machine: startSimulatedMachine });
