import { baton } from "../baton.ts";
import { chainOf } from "../baton/workflows.ts";

/** W7, to compare with: ten steps of 275 ms, the mean of the others, which finish together. */
export default baton({
  name: "Baton, steps that finish together",
  driver: "pg",
  settings: { leases: 1 },
  workflow: (_, progress) => chainOf(10, () => 275, progress),
});
