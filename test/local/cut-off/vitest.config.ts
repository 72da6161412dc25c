import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import project from "../../../vitest.config.ts";

// The tests' own set-up, for the one file that a test cuts off.
export default defineConfig({
  ...project,
  root: fileURLToPath(new URL("../../..", import.meta.url)),
  test: { ...project.test, include: ["test/local/cut-off/holds.ts"], reporters: ["default"] },
});
