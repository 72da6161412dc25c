// Not a test of its own: starts each kind of process that tests start, says so, and never comes
// back.
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { startEmptyServer } from "../../db/empty-server.ts";
import { startPoller } from "../../faults/kill/supervisor.ts";
import { inGroup } from "../../journeys/service-copy.ts";
import { createTestDatabase } from "../../support/database.ts";
import { firstLine, startScript } from "../../support/processes.ts";

test("holds", async () => {
  const database = await createTestDatabase();
  await startEmptyServer();
  const poller = startPoller(
    { database, ledger: process.env["CUT_OFF_LEDGER"]!, offers: `${process.env["CUT_OFF_LEDGER"]!}.offers`, ttlMs: 60_000 },
    "at-random",
    Infinity,
  );
  const script = startScript(new URL("../hold-watchdog.ts", import.meta.url));
  // As npm does: a process whose child does the work.
  const group = inGroup("sh", ["-c", "sleep 600; true"], { stdio: "ignore" });
  await Promise.all([firstLine(poller), firstLine(script)]);
  expect(group.pid).toBeGreaterThan(0);
  writeFileSync(process.env["CUT_OFF_HOLDS"]!, "all are there");
  await new Promise(() => {});
});
