import { caught, type Mutant } from "./mutant.ts";

const transition = "domain/transition.test.ts";

/** What becomes of a run after an attempt. */
export const decisions: readonly Mutant[] = [
  {
    name: "A step has one attempt more than its policy says",
    file: "shared/domain/transition.ts",
    find: "attempt >= node.retry.maxAttempts",
    replace: "attempt > node.retry.maxAttempts",
    ...caught(transition, "fails the run when the attempts are used up"),
  },
  {
    name: "A retry in exactly 2 seconds stays in the lease",
    file: "shared/domain/transition.ts",
    find: "delayMs < RETRY_IN_LEASE_BELOW_MS",
    replace: "delayMs <= RETRY_IN_LEASE_BELOW_MS",
    ...caught(transition, "stays in the lease when the retry is less than 2 seconds away"),
  },
  {
    name: "The first retry waits as long as the second",
    file: "shared/domain/retry-policy.ts",
    find: "policy.factor ** (failedAttempt - 1)",
    replace: "policy.factor ** failedAttempt",
    ...caught("domain/retry-policy.test.ts", "grows by the factor with every failure, up to the longest backoff"),
  },
  {
    name: "A state of exactly 4 MiB is too large",
    file: "shared/domain/transition.ts",
    find: "if (run.bytes + bytes > MAX_STATE_BYTES)",
    replace: "if (run.bytes + bytes >= MAX_STATE_BYTES)",
    ...caught(transition, "may fill the state up to 4 MiB"),
  },
  {
    name: "An output of exactly 256 KiB is too large",
    file: "shared/domain/transition.ts",
    find: "if (bytes > MAX_OUTPUT_BYTES)",
    replace: "if (bytes >= MAX_OUTPUT_BYTES)",
    ...caught(transition, "may have an output of 256 KiB"),
  },
  {
    name: "A run goes on after its last node",
    file: "shared/domain/transition.ts",
    find: "run.position + 1 === run.workflow.nodes.length",
    replace: "run.position === run.workflow.nodes.length",
    ...caught(transition, "ends the run when it is the last"),
  },
  {
    name: "What a redrive forgave counts twice",
    file: "shared/domain/run.ts",
    find: "attemptOf(run, node) - countOf(run.forgiven, node)",
    replace: "attemptOf(run, node) - 2 * countOf(run.forgiven, node)",
    ...caught(transition, "has all attempts anew after a redrive"),
  },
];
