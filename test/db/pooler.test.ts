import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase();

// Elsewhere there is no pooler to look at; this shows that the suite really ran behind one.
test.runIf(process.env["BATON_TEST_PGBOUNCER"] === "1")("behind PgBouncer, forty callers at once share twenty sessions", async () => {
  const callers = Array.from({ length: 8 }, () => database.connect("reader", "pg"));
  const busy = callers.flatMap((caller) =>
    Array.from({ length: 5 }, () => caller.query<{ pid: number }>("select pg_backend_pid() as pid, pg_sleep(0.05)")),
  );
  const pids = (await Promise.all(busy)).map(([row]) => row!.pid);
  expect(pids).toHaveLength(40);
  expect(new Set(pids).size).toBeLessThanOrEqual(20);
});
