import { baton } from "../baton.ts";
import { chainOf } from "../baton/workflows.ts";

/** W7: ten steps of 50 to 500 ms, which finish at different moments. */
export default baton({
  name: "Baton, steps that trickle",
  driver: "pg",
  settings: { leases: 1 },
  workflow: (_, progress) => chainOf(10, () => 50 + Math.random() * 450, progress),
});
