import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterEach, expect, test } from "vitest";
import { type EmbeddedPostgres, findLeftover, startPostgres } from "../../infra/local/embedded-postgres.ts";
import { migrate } from "../../infra/migrate.ts";
import type { ClaimAnswer } from "../../shared/domain/protocol.ts";
import { decodeRuns } from "../../shared/domain/wire.ts";
import { chosenPostgres } from "../support/cluster.ts";
import { advanceRequest, claimRequest, error, member, newRuns, step } from "../support/engine-calls.ts";
import { createTestDatabase } from "../support/database.ts";
import { query } from "./empty-server.ts";

const folder = mkdtempSync(join(tmpdir(), "baton-durability-"));
const started: EmbeddedPostgres[] = [];
afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A server on the test's data that writes nothing out by itself within ten seconds. */
async function serve(): Promise<EmbeddedPostgres> {
  const settings = { wal_writer_delay: "10s" };
  const server = await startPostgres({ dataDir: join(folder, "postgres"), fsync: false, settings, ...chosenPostgres() });
  started.push(server);
  return server;
}

async function crash(server: EmbeddedPostgres): Promise<void> {
  process.kill(server.pid, "SIGQUIT");
  while (findLeftover(server.dataDir) !== null) await pause(10);
}

async function settled(url: string): Promise<void> {
  await query(url, "alter database postgres set synchronous_commit = off");
  await query(url, "select baton.tick()");
  await query(url, "checkpoint");
}

test("with synchronous_commit off for the database, all runs whose enqueue was answered are there after an immediate stop", async () => {
  const server = await serve();
  await migrate({ url: server.url, roles: true });
  await settled(server.url);
  const session = new pg.Client({ connectionString: server.url });
  session.on("error", () => undefined);
  await session.connect();
  const call = async (text: string, ...values: unknown[]) => (await session.query(`select ${text} as answer`, values)).rows[0].answer;
  const stored = newRuns(50);
  for (const run of stored) await call("baton.enqueue($1)", JSON.stringify({ runs: [run] }));
  await crash(server);
  const again = await serve();
  expect(await query(again.url, "select id from baton.run order by id")).toEqual(stored.map(({ id }) => ({ id })));
  await session.end().catch(() => undefined);
});

test.each([
  ["off", "on"],
  ["local", "local"],
  ["remote_apply", "remote_apply"],
])(
  "with synchronous_commit %s, every call whose answer is a promise commits with %s, and leaves the session as it was",
  async (set, commits) => {
    await using database = await createTestDatabase();
    const session = new pg.Client({ connectionString: database.ownerUrl });
    await session.connect();
    await session.query(`set synchronous_commit = ${set}`);
    const shown = async () => (await session.query("show synchronous_commit")).rows[0].synchronous_commit;
    const seen: Record<string, unknown> = {};
    const call = async (name: string, ...values: unknown[]) => {
      await session.query("begin");
      const places = values.map((_, n) => `$${n + 1}`).join(", ");
      const { rows } = await session.query(`select baton.${name}(${places}) as answer`, values);
      seen[name] = await shown();
      await session.query("commit");
      expect(await shown()).toBe(set);
      return rows[0].answer as never;
    };
    await call("enqueue", JSON.stringify({ runs: newRuns(3) }));
    const token = randomUUID();
    const { runs } = decodeRuns<ClaimAnswer>(await call("claim", token, JSON.stringify(claimRequest())));
    const round = { steps: [step(runs[0]!)], failed: [{ ...member(runs[1]!), error }] };
    await call("advance", token, 1, advanceRequest(round));
    await call("redrive", runs[1]!.id);
    await call("release", token);
    await call("cancel", runs[2]!.id);
    await call("repair");
    await session.end();
    const promised = ["enqueue", "advance", "redrive", "release", "cancel", "repair"];
    // A claim that a crash undoes has given its runs to nobody: they are ready again, and its
    // poller is fenced.
    expect(seen).toEqual({ ...Object.fromEntries(promised.map((name) => [name, commits])), claim: set });
  },
);
