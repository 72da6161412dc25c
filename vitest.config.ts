import { configDefaults, defineConfig } from "vitest/config";
import { doorAliases } from "./test/support/door-aliases.ts";
import { allButATenth } from "./test/support/tenth.ts";
import { WITHOUT_POOLER } from "./test/support/without-pooler.ts";

export default defineConfig({
  // What imports the package by its name gets the sources.
  resolve: { alias: doorAliases() },
  test: {
    include: ["{test,examples}/**/*.test.ts"],
    exclude: [
      ...configDefaults.exclude,
      // Millions of rows: `npm run test:long`.
      "test/long/**",
      // Needs the AWS CLI on the machine: `npm run test:aws-cli`.
      ...(process.env["BATON_TEST_AWS_CLI"] ? [] : ["test/aws-cli/**"]),
      // Installs the packed package: `npm run test:package`.
      ...(process.env["BATON_TEST_PACKAGE"] ? [] : ["test/package/**"]),
      ...(process.env["BATON_TEST_PGBOUNCER"] ? WITHOUT_POOLER : []),
      // The rest of them: `npm run test:servers`.
      ...(process.env["BATON_TEST_TENTH"] ? allButATenth() : []),
      // Needs pg_partman and Debian's PostgreSQL 15 on the machine: `npm run test:partman`.
      ...(process.env["BATON_TEST_PARTMAN"] ? [] : ["test/partman/**"]),
    ],
    globalSetup: ["test/support/global-setup.ts"],
    setupFiles: ["test/support/cpu/file-cpu.ts", "test/support/own-workflows.ts"],
    reporters: ["default", "./test/support/cpu/reporter.ts"],
    // No verdict: it only ends what hangs.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // More than the two cores of the machine that runs this with every change: with 3, tests used
    // 57 % of them, and waited for the rest.
    maxWorkers: 5,
    coverage: {
      include: ["shared/domain/**"],
      thresholds: { lines: 100, functions: 100, branches: 100, statements: 100 },
    },
  },
});
