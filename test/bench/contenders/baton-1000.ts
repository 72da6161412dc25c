import { baton } from "../baton.ts";

/** In the size at which raw is fastest too. */
export default baton({ name: "Baton", driver: "pg", settings: { batch: 1_000, concurrency: 1_000 } });
