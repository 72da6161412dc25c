import { measureInvocation } from "../measurements/invocation.ts";
import { measureLoneRun } from "../measurements/lone-run.ts";
import { measureStorage } from "../measurements/storage.ts";
import type { Measurement } from "../suite.ts";

/** A backlog that outlasts an invocation of 60 seconds. */
const invocations = (
  [
    { batch: 100, concurrency: 50, backlog: 900_000 },
    { batch: 500, concurrency: 500, backlog: 1_300_000 },
  ] as const
).map((task): Measurement => ({
  id: `cost/invocation/${task.batch}`,
  title: `one invocation of 60 s, batch ${task.batch}, concurrency ${task.concurrency}`,
  shown: "steps",
  run: async (server) => ({ ...(await measureInvocation(server, task)), settings: task }),
}));

const lone: Measurement = { id: "cost/lone", title: "lone runs, posts and looks", shown: "pollerMs", run: measureLoneRun };

const storage = [200, 1_000].map((bytes): Measurement => ({
  id: `cost/storage/${bytes}`,
  title: `100,000 finished runs with payloads of ${bytes} bytes`,
  shown: "storedBytes",
  run: (server) => measureStorage(server, 100_000, bytes),
}));

/** What `npm run cost` calculates with. */
export const costSuite: readonly Measurement[] = [lone, ...invocations, ...storage];
