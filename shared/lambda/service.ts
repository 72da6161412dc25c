import type { Redact } from "../domain/redact.ts";
import type { AnyWorkflow } from "../domain/workflow-types.ts";

/** What a function is made of: the parts of a service that are its own. */
export interface Service {
  /** What it runs; every function of a service is given the same. */
  readonly workflows: readonly AnyWorkflow[];
  /** Masks secrets in what is stored, shown and logged. Default: `redactSecrets`. */
  readonly redact?: Redact | undefined;
}
