import { describeError } from "../../domain/errors.ts";
import type { Logger } from "../../domain/node.ts";

/** How much time is left, in milliseconds. */
export interface Deadline {
  remainingMs(): number;
}

/** What a chore did, in numbers and short texts, for the log. */
export type ChoreFacts = Readonly<Record<string, unknown>>;

/**
 * One thing that is done once a day. Cut short anywhere, or run twice at once, it must leave
 * everything whole; what it did not come to, the next day does.
 */
export interface Chore {
  readonly name: string;
  /** Stops by itself before the deadline is over. */
  run(deadline: Deadline): Promise<ChoreFacts>;
}

/** What one maintenance came to. */
export interface MaintenanceReport {
  /** It left the database asleep. */
  readonly rested: boolean;
  /** What each chore did, in their order; of one that failed half-way, what it had done. */
  readonly done: Readonly<Record<string, ChoreFacts>>;
  /** Chores that there was no time for. */
  readonly left: readonly string[];
  /** Chores that failed, with their reasons. */
  readonly failed: Readonly<Record<string, string>>;
}

/** What a maintenance works with. */
export interface Maintenance {
  readonly chores: readonly Chore[];
  readonly deadline: Deadline;
  readonly logger: Logger;
  /** Whether nothing ended since the last one; absent: it is not asked. */
  isAsleep?(): Promise<boolean>;
}

/** No chore begins with less: its first statement might outlast the process. */
const leastMs = 5_000;

/** Does one chore after the other: one that fails does not keep the next from its turn. */
export async function maintain(maintenance: Maintenance): Promise<MaintenanceReport> {
  const { chores, deadline, logger } = maintenance;
  const report = { rested: (await maintenance.isAsleep?.()) ?? false, done: {}, left: [] as string[], failed: {} };
  for (const chore of report.rested ? [] : chores) {
    if (deadline.remainingMs() < leastMs) report.left.push(chore.name);
    else Object.assign(report, await perform(chore, report, maintenance));
  }
  logger.info(report.rested ? "maintenance: nothing has ended, the database sleeps on" : "maintenance", report);
  return report;
}

async function perform(
  chore: Chore,
  { done, failed }: Pick<MaintenanceReport, "done" | "failed">,
  { deadline, logger }: Maintenance,
): Promise<Pick<MaintenanceReport, "done" | "failed">> {
  try {
    return { done: { ...done, [chore.name]: await chore.run(deadline) }, failed };
  } catch (thrown) {
    const error = describeError(thrown);
    logger.error("a chore of the maintenance failed; the next maintenance does it again", { chore: chore.name, error });
    const half = thrown instanceof HalfDoneError ? { [chore.name]: thrown.facts } : {};
    return { done: { ...done, ...half }, failed: { ...failed, [chore.name]: error.message } };
  }
}

/** A chore failed half-way; its facts are what it had done. */
export class HalfDoneError extends Error {
  override readonly name = "HalfDoneError";
  readonly facts: ChoreFacts;

  constructor(facts: ChoreFacts, cause: unknown) {
    super((cause as Error).message, { cause });
    this.facts = facts;
  }
}

/** Some chores of a maintenance failed; the others were done. */
export class MaintenanceFailedError extends Error {
  override readonly name = "MaintenanceFailedError";
  readonly failed: MaintenanceReport["failed"];

  constructor(failed: MaintenanceReport["failed"]) {
    const reasons = Object.entries(failed).map(([chore, reason]) => `${chore}: ${reason}`);
    super(`The maintenance did not do all of its work; the next one tries again. ${reasons.join(" ")}`);
    this.failed = failed;
  }
}
