import { readFileSync } from "node:fs";
import type { QueryAsOwner } from "./database.ts";

interface Violation {
  readonly invariant: string;
  readonly run_id: string | null;
  readonly detail: string | null;
}

/** Something that must be true at every moment is not. */
export class InvariantsBrokenError extends Error {
  override readonly name = "InvariantsBrokenError";
  readonly violations: readonly Violation[];

  constructor(violations: readonly Violation[]) {
    const lines = violations.slice(0, 20).map((one) => `  ${one.invariant}: run ${one.run_id}: ${one.detail}`);
    super([`${violations.length} broken invariants, the first of them:`, ...lines].join("\n"));
    this.violations = violations;
  }
}

const INVARIANTS = new URL("../../sql/invariants.sql", import.meta.url);

/** Runs `sql/invariants.sql` and throws when a row comes back. */
export async function assertInvariants(query: QueryAsOwner): Promise<void> {
  const violations = await query<Violation>(readFileSync(INVARIANTS, "utf8"));
  if (violations.length > 0) throw new InvariantsBrokenError(violations);
}
