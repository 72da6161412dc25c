import { caught, type Mutant } from "./mutant.ts";

const decide = "domain/decide.test.ts";

/** What becomes of a run after an attempt. */
export const decisions: readonly Mutant[] = [
  {
    name: "A step has one attempt more than its policy says",
    file: "shared/domain/decide.ts",
    find: "counted >= node.retry.maxAttempts",
    replace: "counted > node.retry.maxAttempts",
    ...caught(decide, "fails the run when the attempts are used up"),
  },
  {
    name: "A retry in exactly 2 seconds stays in the lease",
    file: "shared/domain/decide.ts",
    find: "out.size > 0 || delayMs < WAIT_IN_LEASE_BELOW_MS",
    replace: "out.size > 0 || delayMs <= WAIT_IN_LEASE_BELOW_MS",
    ...caught(decide, "stays in the lease when the retry is less than 2 seconds away"),
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
    file: "shared/domain/decide.ts",
    find: "return all > MAX_STATE_BYTES",
    replace: "return all >= MAX_STATE_BYTES",
    ...caught(decide, "may fill the state up to 4 MiB"),
  },
  {
    name: "An output of exactly 256 KiB is too large",
    file: "shared/domain/decide.ts",
    find: "if (bytes > MAX_OUTPUT_BYTES)",
    replace: "if (bytes >= MAX_OUTPUT_BYTES)",
    ...caught(decide, "may have an output of 256 KiB"),
  },
  {
    name: "A run jumps over a node",
    file: "shared/domain/decide.ts",
    find: "this.position++",
    replace: "this.position += 2",
    ...caught(decide, "is stored, and lets the run go on with the next"),
  },
  {
    name: "What a redrive forgave counts twice",
    file: "shared/domain/run.ts",
    find: "attemptAt(run, path) - countAt(run.forgiven, path)",
    replace: "attemptAt(run, path) - 2 * countAt(run.forgiven, path)",
    ...caught(decide, "has all attempts anew after a redrive"),
  },
  {
    name: "A sleep is over as soon as it is stored",
    file: "shared/domain/nodes/wait.ts",
    find: "until > scene.now",
    replace: "until > scene.now + 1e9",
    ...caught(decide, "parks the run again for what is left, whatever woke it before its end"),
  },
  {
    name: "An attempt that is out begins once more",
    file: "shared/domain/decide.ts",
    find: "else if (!out.has(move.path)) starts.push(move)",
    replace: "else starts.push(move)",
    ...caught(decide, "begins no attempt that is out"),
  },
];
