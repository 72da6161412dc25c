import type { JsonObject } from "../../domain/json.ts";
import type { Logger, StepContext } from "../../domain/node.ts";
import { idempotencyKey, type Run } from "../../domain/run.ts";
import type { Attempt } from "./attempt.ts";
import { AttemptLogger } from "./attempt-logger.ts";
import type { Poller } from "./poller.ts";

/** What the handler of an attempt is given beside the state. It may be taken apart, and copied. */
export class AttemptContext implements StepContext {
  readonly runId: string;
  readonly attempt: number;
  readonly idempotencyKey: string;
  declare readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly setAttributes: (patch: JsonObject) => void;
  readonly #attempt: Attempt;

  constructor(poller: Poller, run: Run, attempt: Attempt) {
    this.runId = run.id;
    this.attempt = attempt.number;
    this.idempotencyKey = idempotencyKey(run.id, attempt.path);
    this.logger = new AttemptLogger(poller.logger, run.workflow.name, attempt);
    this.setAttributes = (patch) => attempt.setAttributes(patch);
    this.#attempt = attempt;
    Object.defineProperty(this, "signal", AttemptContext.#signal);
  }

  /** One getter for all: one of each object's own takes a microsecond a step. */
  static readonly #signal: PropertyDescriptor & ThisType<AttemptContext> = {
    enumerable: true,
    configurable: true,
    get() {
      return this.#attempt.signal;
    },
  };
}
