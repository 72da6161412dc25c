import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";
import project from "../../vitest.config.ts";

// Millions of rows: `npm run test:long`, and no part of `npm test`.
export default defineConfig({
  ...project,
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: { ...project.test, include: ["test/long/**/*.test.ts"], exclude: configDefaults.exclude, maxWorkers: 1 },
});
