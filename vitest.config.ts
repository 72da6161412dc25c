import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{test,examples}/**/*.test.ts"],
    // Millions of rows: `npm run test:long`. Needs the AWS CLI on the machine: `npm run test:aws-cli`.
    exclude: [...configDefaults.exclude, "test/long/**", ...(process.env["BATON_TEST_AWS_CLI"] ? [] : ["test/aws-cli/**"])],
    globalSetup: ["test/support/global-setup.ts"],
    setupFiles: ["test/support/cpu/file-cpu.ts", "test/support/own-workflows.ts"],
    reporters: ["default", "./test/support/cpu/reporter.ts"],
    // No verdict: it only ends what hangs.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    coverage: {
      include: ["shared/domain/**"],
      thresholds: { lines: 100, functions: 100, branches: 100, statements: 100 },
    },
  },
});
