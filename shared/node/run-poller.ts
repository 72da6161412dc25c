import { type Duration, toMilliseconds } from "../domain/duration.ts";
import { nextLookMs } from "../domain/next-look.ts";
import { queuesOf } from "../domain/queue.ts";
import { newReport } from "../engine/poll/poll-report.ts";
import { pollQueue } from "../engine/poll/poll-queue.ts";
import type { Poller } from "../engine/poll/poller.ts";
import { QueueNudges } from "../engine/poll/queue-nudges.ts";
import type { Keeping } from "../lambda/chores.ts";
import { errorFields } from "../lambda/error-fields.ts";
import { guardProcess } from "../lambda/guard-process.ts";
import { dailyMaintenance } from "./daily-maintenance.ts";
import { connectAs } from "./options.ts";
import { pollerOf, UNHURRIED_MS, type WorkOptions } from "./poller-of.ts";
import { onSignals } from "./signals.ts";
import { createWait, type Wait } from "./wait.ts";

export interface RunPollerOptions extends WorkOptions, Keeping {
  /**
   * How often it looks for what others enqueued without a nudge. Default: 5 seconds. What is due at
   * a known time is looked for then.
   */
  readonly pollEvery?: Duration | undefined;
  /**
   * Whose runs it claims: those of each queue by a poller of its own. Default: all queues that the
   * workflows name.
   */
  readonly queues?: readonly string[] | undefined;
  /** Whether it does what is done once a day. Default: true. */
  readonly maintenance?: boolean | undefined;
  /**
   * Whether SIGTERM and SIGINT close it and then end the process with code 0; a second one ends it
   * at once. Default: true.
   */
  readonly signals?: boolean | undefined;
  /**
   * How long `close` waits for steps that run; what runs longer is given back and starts again
   * elsewhere. Default: 25 seconds, which is less than what a container is left.
   */
  readonly grace?: Duration | undefined;
}

/** A poller that runs until it is closed. */
export interface RunningPoller {
  /** Makes it look at once: for a client in the same process. */
  readonly nudge: () => Promise<void>;
  /** Takes no new work, stores what is done, and gives the rest back. */
  close(): Promise<void>;
  /** Resolves once it is closed. */
  readonly closed: Promise<void>;
}

/** After a poll that failed, such as while the database is away. */
const PAUSE_MS = 5_000;

interface Resident {
  readonly everyMs: number;
  stopping: boolean;
}

/** The poller of one queue, and what it waits with between its polls. */
interface Desk {
  readonly poller: Poller;
  readonly wait: Wait;
}

/**
 * Runs workflows in a process that lives on, in a container or on a machine of one's own, any
 * number of them side by side.
 *
 * Throws InvalidWorkflowError and DatabaseConfigurationError at once; a database that is away is
 * logged and asked again.
 *
 * @example
 * const poller = runPoller({ workflows, url: process.env.DATABASE_URL });
 * await poller.closed;
 */
export function runPoller(options: RunPollerOptions): RunningPoller {
  const graceMs = toMilliseconds(options.grace ?? "25 seconds");
  const everyMs = toMilliseconds(options.pollEvery ?? "5 seconds");
  const database = connectAs(options);
  // Once it stops, a step would have no time: nothing begins, and what is held is given back.
  const poller = pollerOf(options, database, () => (resident.stopping ? 0 : UNHURRIED_MS));
  const leases = rememberLeases(poller);
  const resident: Resident = { everyMs, stopping: false };
  const desks = desksOf(leases.poller, options.queues ?? queuesOf(options.workflows));
  const wake = () => desks.forEach(({ wait }) => wait.wake());
  const maintenance = options.maintenance === false ? undefined : dailyMaintenance(options, database, poller.logger);
  const polling = Promise.all([...desks.values()].map((desk) => pollOn(resident, desk))).then(() => undefined);
  const givenUp = new Promise<void>((resolve) => (leases.givenUp = resolve));
  const closed = Promise.race([polling, givenUp]).then(async () => {
    await maintenance?.close();
    await database[Symbol.asyncDispose]();
    restore?.();
  });
  const close = async () => {
    resident.stopping = true;
    wake();
    await endWithin(graceMs, polling, leases);
    await closed;
  };
  const restore = options.signals === false ? undefined : onSignals(close);
  return { nudge: async () => wake(), close, closed };
}

/** Each wakes the others, for which it has parked runs. */
function desksOf(poller: Poller, queues: readonly string[]): ReadonlyMap<string, Desk> {
  const others = new QueueNudges(async (queue) => desks.get(queue)?.wait.wake());
  const desks = new Map(queues.map((queue) => [queue, { poller: { ...poller, queue, others, memory: { low: {} } }, wait: createWait() }]));
  return desks;
}

async function pollOn(resident: Resident, { poller, wait }: Desk): Promise<void> {
  const { everyMs } = resident;
  while (!resident.stopping) {
    const report = newReport();
    try {
      await guardProcess(poller, (guarded) => pollQueue(guarded, true, report));
      if (!resident.stopping) await wait.until(nextLookMs(report, everyMs));
    } catch (thrown) {
      poller.logger.error("a poll failed; the next one comes in a moment", { error: errorFields(thrown) });
      if (!resident.stopping) await wait.until(PAUSE_MS);
    }
  }
}

interface Leases {
  /** The poller, whose leases are remembered. */
  readonly poller: Poller;
  /** Gives back what is held although its steps still run. */
  release(): Promise<void>;
  /** Called once that was done. */
  givenUp: () => void;
}

function rememberLeases(poller: Poller): Leases {
  const tokens: string[] = [];
  const newToken = () => {
    const token = poller.newToken();
    // Those of before have ended: there are a few at a time.
    tokens.splice(0, Math.max(0, tokens.length - 20));
    tokens.push(token);
    return token;
  };
  const release = async () => void (await Promise.allSettled(tokens.map((token) => poller.store.release(token))));
  return { poller: { ...poller, newToken }, release, givenUp: () => undefined };
}

/**
 * Steps that run longer than the grace start again elsewhere; what they would store here is
 * refused.
 */
async function endWithin(graceMs: number, polling: Promise<void>, leases: Leases): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<"over">((resolve) => (timer = setTimeout(() => resolve("over"), graceMs)));
  const ended = await Promise.race([polling, over]);
  clearTimeout(timer);
  if (ended !== "over") return;
  await leases.release();
  leases.givenUp();
}
