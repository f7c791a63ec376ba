import { NutServerSimulator } from "../simulators/nut-server";
import { describeScenarios } from "../support/scenarios/play";

describeScenarios("the mock upsd", (options) => new NutServerSimulator(options).start());
