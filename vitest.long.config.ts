import { configDefaults, defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

/** What takes minutes: `test/long/`, and the tests that do more with BATON_TEST_LONG=1. */
export default defineConfig({
  test: {
    ...base.test,
    include: [
      "test/long/**/*.test.ts",
      // 50,000 seeds.
      "test/simulation/nested*.test.ts",
      ...["family-races", "lists", "search", "settings", "years"].map((name) => `test/db/${name}.test.ts`),
    ],
    exclude: configDefaults.exclude,
    testTimeout: 1_200_000,
    hookTimeout: 1_200_000,
    maxWorkers: 1,
  },
});
