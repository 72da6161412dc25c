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
    file: "shared/domain/decide-fate.ts",
    find: "(delayMs < WAIT_IN_LEASE_BELOW_MS",
    replace: "(delayMs <= WAIT_IN_LEASE_BELOW_MS",
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
    file: "shared/domain/refuse-large.ts",
    find: "all > MAX_STATE_BYTES",
    replace: "all >= MAX_STATE_BYTES",
    ...caught(decide, "may fill the state up to 4 MiB"),
  },
  {
    name: "An output of exactly 256 KiB is too large",
    file: "shared/domain/refuse-large.ts",
    find: "if (bytes > mostBytes)",
    replace: "if (bytes >= mostBytes)",
    ...caught(decide, "may have an output of 256 KiB"),
  },
  {
    name: "A run jumps over a node",
    file: "shared/domain/chain.ts",
    find: "position++;",
    replace: "position += 2;",
    ...caught(decide, "is stored, and lets the run go on with the next"),
  },
  {
    name: "What a redrive forgave counts twice",
    file: "shared/domain/decide.ts",
    find: "const counted = attempt - forgiven;",
    replace: "const counted = attempt - 2 * forgiven;",
    ...caught(decide, "has all attempts anew after a redrive"),
  },
  {
    name: "A sleep is over as soon as it is stored",
    file: "shared/domain/nodes/sleep.ts",
    find: "this.until <= now ?",
    replace: "this.until <= now + 1e9 ?",
    ...caught(decide, "parks the run again for what is left, whatever woke it before its end"),
  },
  {
    name: "An attempt that is out begins once more",
    file: "shared/domain/decide.ts",
    find: "moves.filter(({ path }) => !out.has(path))",
    replace: "moves.filter(() => true)",
    ...caught(decide, "begins no attempt that is out"),
  },
];
