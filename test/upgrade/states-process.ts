// A poller of one version as a process of its own: "leave" stores a run for each state that there
// is and ends with them as they are; "finish" works whatever is due until it gets SIGTERM. It is of
// the version whose sources lie beside it. Its argument, as JSON: StatesOptions.
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { createClient } from "../../shared/client.ts";
import { connect, type ConnectOptions } from "../../shared/db/connect.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { createRegistry } from "../../shared/domain/registry.ts";
import type { PollerSettings } from "../../shared/engine/poll/poller.ts";
import type { pollQueue as PollQueue } from "../../shared/engine/poll/poll-queue.ts";
import { systemClock } from "../../shared/engine/ports.ts";
import { defineWorkflow, NonRetryableError, RetryAfterError } from "../../shared/index.ts";

export interface StatesOptions {
  readonly version: "older" | "newer";
  readonly part: "leave" | "finish";
  readonly connection: ConnectOptions;
}

/** What becomes of a run in the version that leaves it, by its input. */
export const STATES = ["ready", "delayed", "asleep", "retrying", "running", "blocked", "failed", "cancelled", "done"] as const;
type State = (typeof STATES)[number];

const { version, part, connection } = JSON.parse(process.argv[2]!) as StatesOptions;
const room = { older: "engine", newer: "engine/poll" }[version];
const { pollQueue } = (await import(`../../shared/${room}/poll-queue.ts`)) as { readonly pollQueue: typeof PollQueue };
const { defaultSettings } = (await import(`../../shared/${room}/poller.ts`)) as { readonly defaultSettings: PollerSettings };

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const now = { working: true, holds: false };
process.once("SIGTERM", () => (now.working = false));
const isLeft = (state: State, found: string) => part === "leave" && state === found;

const journey = (name: string) =>
  defineWorkflow({ name, version: 1, input: z.object({ state: z.enum(STATES) }) })
    .step("first", () => version)
    .sleep("rest", ({ input }) => (input.state === "asleep" ? "1 hour" : "0 seconds"))
    .step("second", async ({ input }) => {
      if (isLeft(input.state, "retrying")) throw new RetryAfterError("1 hour");
      if (isLeft(input.state, "failed")) throw new NonRetryableError("not by this version");
      if (isLeft(input.state, "running")) {
        now.holds = true;
        await new Promise(() => {});
      }
      return version;
    })
    .step("last", () => version);
const known = journey("journey");
const stranger = journey("stranger");

const database = connect(connection);
const client = createClient({ database, logger: silent });
const enqueue = (state: State) =>
  client.enqueue(
    state === "blocked" ? stranger : known,
    { state },
    state === "delayed" || state === "cancelled" ? { delay: "1 hour" } : {},
  );
const poller = {
  store: runRepository(database),
  registry: createRegistry(part === "leave" ? [known] : [known, stranger], { pollerTimeoutMs: 300_000 }),
  logger: silent,
  clock: systemClock,
  random: Math.random,
  newToken: randomUUID,
  memory: { low: {} },
  remainingMs: () => 300_000,
  settings: { ...defaultSettings, lingerMs: 500 },
};

if (part === "leave") {
  for (const state of STATES.filter((each) => each !== "running" && each !== "ready")) await enqueue(state);
  await pollQueue(poller);
  await enqueue("running");
  void pollQueue(poller);
  while (!now.holds) await pause(10);
  await enqueue("ready");
  // As after a kill -9: its lease stays.
  process.exit(0);
}
while (now.working) {
  await pollQueue(poller);
  await pause(10);
}
await database[Symbol.asyncDispose]();
