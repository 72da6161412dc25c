import { describeError } from "../../domain/errors.ts";
import type { Logger } from "../../domain/node.ts";
import type { Attempt } from "./attempt.ts";

/**
 * What a handler writes its lines to. Each line has the workflow, the run, the node and the
 * attempt, and the handler's own fields below `fields`: there they can take the place of nothing,
 * and what looks like a metric (`_aws`) is none.
 *
 * Most attempts log nothing, so that a method is made when it is read. It needs no `this`:
 * `catch(logger.error)` works.
 */
export class AttemptLogger implements Logger {
  readonly #logger: Logger;
  readonly #workflow: string;
  readonly #attempt: Attempt;

  constructor(logger: Logger, workflow: string, attempt: Attempt) {
    this.#logger = logger;
    this.#workflow = workflow;
    this.#attempt = attempt;
  }

  get debug() {
    return this.#at("debug");
  }

  get info() {
    return this.#at("info");
  }

  get warn() {
    return this.#at("warn");
  }

  get error() {
    return this.#at("error");
  }

  #at(level: keyof Logger): Logger["info"] {
    const { runId, path, number } = this.#attempt;
    return (message, fields) => {
      const about = { workflow: this.#workflow, runId, node: path, attempt: number };
      this.#logger[level](textOf(message), fields === undefined ? about : { ...about, fields });
    };
  }
}

/**
 * JavaScript may hand over what is no text; an object would be taken apart into keys of the line.
 */
function textOf(message: unknown): string {
  return typeof message === "string" ? message : describeError(message).message;
}
