import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LedgerLine, OfferLine } from "./workflow.ts";

/**
 * What is known about the runs outside the database: what producers were promised, and what
 * operators asked for.
 */
export class Ledger {
  /** Every tag that was sent, answered or not. */
  readonly sent = new Set<string>();
  /** The tags of runs that wait for others, as they were sent. */
  readonly waiting: string[] = [];
  /** The ids that were promised, and the tag of each. */
  readonly accepted = new Map<string, string>();
  /** The runs that somebody wanted to be cancelled. */
  readonly cancels = new Set<string>();
  /** What must not be, in the order in which it was seen. */
  readonly problems: string[] = [];
  /** Outputs and final endings as they were seen first. */
  readonly seen = new Map<string, string>();
  readonly counts = { answers: 0, restarts: 0, terminated: 0, kills: 0, freezes: 0, lostAnswers: 0, repeats: 0 };
  /** What there was of them at the end. */
  readonly families = { children: 0, hooks: 0, undone: 0, redriven: 0 };
  /** Runs that ended for good, so far as anybody looked. */
  ended = 0;

  problem(text: string): void {
    this.problems.push(text);
  }

  /** A promise; a repeat of it must be the same. */
  accept(tags: readonly string[], ids: readonly string[]): void {
    if (ids.length !== tags.length) this.problem(`${tags.length} runs were answered with ${ids.length} ids`);
    ids.forEach((id, index) => {
      const tag = tags[index] ?? "none";
      const known = this.accepted.get(id);
      if (known !== undefined && known !== tag) this.problem(`the id ${id} was promised to ${known} and to ${tag}`);
      this.accepted.set(id, tag);
    });
  }

  /** Remembers what was seen, and complains when it was another one before. */
  remember(what: string, value: string): void {
    const before = this.seen.get(what);
    if (before !== undefined && before !== value) this.problem(`${what} was ${before} and became ${value}`);
    this.seen.set(what, value);
  }
}

/** The attempts that all pollers together have begun. */
export function readAttempts(folder: string): LedgerLine[] {
  return readLines(folder, ".jsonl") as LedgerLine[];
}

/** What they have handed out. */
export function readOffers(folder: string): OfferLine[] {
  return readLines(folder, ".offers") as OfferLine[];
}

/** The last one may be half written. */
function readLines(folder: string, ending: string): unknown[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(ending));
  return files.flatMap((name) =>
    readFileSync(join(folder, name), "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as unknown),
  );
}
