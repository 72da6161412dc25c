import type { Decision } from "../decision.ts";
import type { Json } from "../json.ts";
import { sleepRow } from "../decide-fate.ts";
import type { RunRecord } from "../run.ts";
import type { Row } from "../standing.ts";

/** What a database would hold of a run, for one that is walked through in memory. */
export class WalkRows {
  private readonly outputs: Record<string, Json> = {};
  private readonly failures: Record<string, number> = {};
  private readonly fatal: Record<string, NonNullable<RunRecord["fatal"]>[string]> = {};
  private readonly finished: Record<string, number> = {};
  private kept = 0;

  keep({ rows, sleeps, failures }: Decision, now: number): void {
    for (const { path, durationMs } of sleeps) this.outputs[path] = (sleepRow(now + durationMs) as Row).output;
    for (const { path, output } of rows) {
      this.outputs[path] = output;
      this.finished[path] = ++this.kept;
    }
    for (const { path, attempt, error, delayMs } of failures) {
      this.failures[path] = attempt;
      this.finished[path] = ++this.kept;
      if (delayMs === null) this.fatal[path] = { attempt, at: now, error };
    }
  }

  get record(): Pick<RunRecord, "outputs" | "failures" | "fatal" | "finished"> {
    const { outputs, failures, fatal, finished } = this;
    return { outputs, failures, fatal, finished };
  }
}
