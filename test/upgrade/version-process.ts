// A part of a deployment as a process of its own, until it gets SIGTERM; then it prints its
// Account. A call that is refused ends it with the error. It is of the version whose sources lie
// beside it: for the older one it is copied there. Its argument, as JSON: VersionOptions.
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { createClient } from "../../shared/client.ts";
import { connect, type ConnectOptions } from "../../shared/db/connect.ts";
import type { Database } from "../../shared/db/database.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { createRegistry } from "../../shared/domain/registry.ts";
import type { PollerSettings } from "../../shared/engine/poll/poller.ts";
import type { pollQueue as PollQueue } from "../../shared/engine/poll/poll-queue.ts";
import { systemClock } from "../../shared/engine/ports.ts";
import { defineWorkflow } from "../../shared/index.ts";

export interface VersionOptions {
  /** What steps return, so that one sees which version has made them. */
  readonly version: "older" | "newer";
  readonly part: "producer" | "pollers";
  /** The producer's, or one for each poller. */
  readonly connections: readonly ConnectOptions[];
}

/** What a process saw happen. */
export interface Account {
  /** Runs that it was told are stored. */
  readonly accepted: string[];
  /** Each call of a step's handler: the key, which names run and node, and the attempt. */
  readonly attempts: string[];
}

const { version, part, connections } = JSON.parse(process.argv[2]!) as VersionOptions;

/** Where a version has the poller. */
const room = { older: "engine", newer: "engine/poll" }[version];
const { pollQueue } = (await import(`../../shared/${room}/poll-queue.ts`)) as { readonly pollQueue: typeof PollQueue };
const { defaultSettings } = (await import(`../../shared/${room}/poller.ts`)) as { readonly defaultSettings: PollerSettings };

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const account: Account = { accepted: [], attempts: [] };
const now = { working: true };
process.once("SIGTERM", () => (now.working = false));

const attempted = (key: string, attempt: number) => void account.attempts.push(`${key} ${attempt}`);

/** Every version has it alike; the charge fails once. */
const booking = defineWorkflow({
  name: "booking",
  version: 1,
  input: z.object({ n: z.int() }),
  attributes: ({ input }) => ({ n: input.n }),
})
  .step("pack", (_state, { idempotencyKey, attempt, setAttributes }) => {
    attempted(idempotencyKey, attempt);
    setAttributes({ packedBy: version });
    return version;
  })
  .step("charge", { retry: { backoff: "100 milliseconds", jitter: "none" } }, (_state, { idempotencyKey, attempt }) => {
    attempted(idempotencyKey, attempt);
    if (attempt === 1) throw new Error("the bank did not answer");
    return version;
  })
  .sleep("rest", "300 milliseconds")
  .sql("book", ({ input }, { runId }) => ({
    statements: [{ text: "insert into test.booking values ($1, $2)", values: [runId, input.n] }],
    output: version,
  }))
  .step("notify", (_state, { idempotencyKey, attempt }) => (attempted(idempotencyKey, attempt), version));

async function produce(database: Database): Promise<void> {
  const client = createClient({ database, logger: silent });
  for (let n = 0; now.working; n++) {
    const stored = await client.enqueueMany(
      booking,
      Array.from({ length: 4 }, () => ({ input: { n } })),
    );
    account.accepted.push(...stored.map(({ id }) => id));
    await pause(40);
  }
}

/** The time that an invocation has left; once it is told to end, too little for another step. */
const remainingMs = () => (now.working ? 300_000 : 20_000);

async function pollOn(database: Database): Promise<void> {
  const poller = {
    store: runRepository(database),
    registry: createRegistry([booking], { pollerTimeoutMs: 300_000 }),
    logger: silent,
    clock: systemClock,
    random: Math.random,
    newToken: randomUUID,
    memory: { low: {} },
    remainingMs,
    settings: { ...defaultSettings, batch: 20, lingerMs: 500 },
  };
  while (now.working) {
    await pollQueue(poller);
    await pause(10);
  }
}

const databases = connections.map((options) => connect(options));
await Promise.all(databases.map(part === "producer" ? produce : pollOn));
await Promise.all(databases.map((database) => database[Symbol.asyncDispose]()));
process.stdout.write(JSON.stringify(account));
