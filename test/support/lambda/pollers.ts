import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { PollReport } from "../../../shared/engine/poll/poll-report.ts";
import { createTestDatabase, type TestDatabase } from "../database.ts";
import { apiKeyHash } from "../http-event.ts";
import { type Outside, startOutside } from "../outside.ts";
import { enqueue } from "../poller.ts";
import { deployBundles } from "./deploy.ts";
import type { LambdaInstance } from "./instance.ts";
import type { Outcome } from "./outcome.ts";
import { entryTable, errand } from "./workflows.ts";

/** A database of one test's own, the service that its runs call, and pollers between the two. */
export interface Scene extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly outside: Outside;
  /** Cold-starts the poller's bundle; without a linger unless env says otherwise. */
  readonly start: (env?: Readonly<Record<string, string>>, timeoutMs?: number) => Promise<LambdaInstance>;
  /** Cold-starts the bundle of `enqueue-run`, which takes the API key of `http-event.ts`. */
  readonly startProducer: (env?: Readonly<Record<string, string>>) => Promise<LambdaInstance>;
  /** Stores errands without waking anybody, and gives their ids. */
  readonly enqueue: (count: number) => Promise<string[]>;
}

/** What a producer sends to wake the poller. */
export const nudge = { nudged: true };

/** What EventBridge Scheduler sends. */
export const tick = {
  version: "0",
  id: "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
  "detail-type": "Scheduled Event",
  source: "aws.scheduler",
  account: "123456789012",
  time: "2026-11-24T10:00:00Z",
  region: "eu-central-1",
  resources: ["arn:aws:scheduler:eu-central-1:123456789012:schedule/default/baton-poll"],
  detail: "{}",
};

/** Builds the poller with the workflows of `workflows.ts`, once for a test file. */
export async function deployPollers(): Promise<() => Promise<Scene>> {
  const bundles = await deployBundles(fileURLToPath(new URL("workflows.ts", import.meta.url)));
  return async () => {
    const [database, outside] = await Promise.all([createTestDatabase(), startOutside()]);
    await database.query(entryTable);
    const neon = { BATON_DRIVER: "neon", BATON_NEON_ENDPOINT: database.neon.url };
    const poller = { ...neon, DATABASE_URL: database.url("poller"), BATON_LINGER_SECONDS: "0", OUTSIDE_URL: outside.url };
    const producer = { ...neon, DATABASE_URL: database.url("producer"), BATON_API_KEY_HASHES: apiKeyHash };
    const instances: Promise<LambdaInstance>[] = [];
    const start = (...coldStart: Parameters<typeof bundles.start>) => {
      const instance = bundles.start(...coldStart);
      instances.push(instance);
      return instance;
    };
    return {
      database,
      outside,
      start: (env = {}, timeoutMs = 300_000) => start("poll-queue", { ...poller, ...env }, timeoutMs),
      startProducer: (env = {}) => start("enqueue-run", { ...producer, ...env }, 15_000),
      enqueue: (count) => enqueue(database.database, errand, numbered(count)),
      [Symbol.asyncDispose]: async () => {
        for (const instance of await Promise.all(instances)) await instance.kill();
        await outside[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  };
}

const numbered = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));

/** What an invocation of the poller reports; fails when it ended in an error. */
export function reportOf(outcome: Outcome): PollReport {
  if ("error" in outcome) throw new Error(outcome.error.errorMessage);
  return JSON.parse(outcome.payload) as PollReport;
}

/** Everything that is stored of the runs' past, as text: to see that nothing of it changes. */
export async function stored({ database }: Scene): Promise<string> {
  const tables = ["baton.checkpoint", "baton.failure", "baton.ending", "test.entry"];
  const rows = tables.map((table) => `select '${table}' as place, to_jsonb(t)::text as row from ${table} t`);
  return JSON.stringify(await database.query(`${rows.join(" union all ")} order by place, row`));
}

/**
 * Expects these errands, and no others, to be done, each booked once with what its second step
 * said, and nothing to be left over.
 */
export async function expectDone({ database }: Scene, ids: readonly string[]): Promise<void> {
  const rows = await database.query(
    `select r.id, e.status, array_agg(c.output ->> 'nonce') as said, array(select nonce from test.entry where run_id = r.id) as booked
     from baton.run r left join baton.ending e on e.run_id = r.id left join baton.checkpoint c on c.run_id = r.id and c.node = 'second'
     group by r.id, e.status order by r.id`,
  );
  expect(rows).toEqual(ids.toSorted().map((id) => ({ id, status: "done", said: [expect.any(String)], booked: [expect.any(String)] })));
  for (const { said, booked } of rows) expect(booked).toEqual(said);
  expect(await database.query("select * from baton.lease")).toEqual([]);
  await database.assertInvariants();
}
