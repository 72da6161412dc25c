import type { AttemptView, RunView } from "../../shared/client.ts";
import type { ErrorRecord } from "../../shared/domain/error-record.ts";
import { findStep } from "./find-step.ts";

/** What a test framework hands to its matchers. */
interface Asked {
  equals(this: void, one: unknown, other: unknown): boolean;
}

interface Verdict {
  readonly pass: boolean;
  message(): string;
}

/** Why a run has failed: an error's name or part of its message, a pattern of it, or facts. */
export type ExpectedError = string | RegExp | Partial<Pick<ErrorRecord, "name" | "message" | "code">>;

/** Matchers for `expect.extend`; `pgbaton/testing/vitest` does that for vitest. */
export const matchers = {
  /** The run is done; with this output, if it is given. */
  toBeDone(this: Asked, run: RunView, expected: { readonly output?: unknown } = {}): Verdict {
    const isAsExpected = !("output" in expected) || this.equals(run.output, expected.output);
    const output = "output" in expected ? ` with ${JSON.stringify(expected.output)}` : "";
    return verdict(run, run.status === "done" && isAsExpected, `be done${output}`);
  },

  /** The run has failed, with such an error. */
  toHaveFailedWith(this: Asked, run: RunView, expected: ExpectedError): Verdict {
    const { error } = run;
    return verdict(run, error !== null && isSuch(error, expected, this), `have failed with ${textOf(expected)}`);
  },

  /** The run waits at this node: for the end of a sleep or of a child, a signal, or an attempt. */
  toBeWaitingFor(this: Asked, run: RunView, node: string): Verdict {
    const step = findStep(run.steps, node);
    // While the clock stands no handler runs: a node that failed waits, in its poller's lease too.
    const waits = step?.status === "waiting" || (step?.status === "running" && hasFailed(step.attempts));
    return verdict(run, waits, `be waiting for ${JSON.stringify(node)}`);
  },
};

function hasFailed(attempts: readonly AttemptView[]): boolean {
  return attempts.at(-1)?.error != null;
}

function isSuch(error: ErrorRecord, expected: ExpectedError, { equals }: Asked): boolean {
  if (typeof expected === "string") return error.name === expected || error.message.includes(expected);
  if (expected instanceof RegExp) return expected.test(error.message);
  return Object.entries(expected).every(([fact, value]) => equals(error[fact as "name"], value));
}

function textOf(expected: ExpectedError): string {
  return expected instanceof RegExp ? String(expected) : JSON.stringify(expected);
}

function verdict(run: RunView, pass: boolean, what: string): Verdict {
  return { pass, message: () => `The run ${run.id} is expected ${pass ? "not " : ""}to ${what}; it ${tell(run)}.` };
}

/** How a run stands, as a sentence goes on. */
function tell({ status, output, error, waiting, steps }: RunView): string {
  if (status === "done") return `is done with ${JSON.stringify(output)}`;
  const at = steps.find((step) => step.status !== "done")?.name;
  if (error !== null) return `has failed at ${JSON.stringify(at)} with ${error.name}: ${error.message}`;
  if (waiting !== null) return `is ${status}: ${waiting.reason}${waiting.until === null ? "" : `, until ${waiting.until}`}`;
  return `is ${status} at ${JSON.stringify(at)}`;
}
