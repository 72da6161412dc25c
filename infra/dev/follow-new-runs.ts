import type { Operator } from "../../shared/operator.ts";

/** How often it looks for runs that somebody enqueued, by whatever way. */
const EVERY_MS = 500;
const AT_MOST = 20;

/** Tells of each run that is enqueued from now on, and of those that had not ended before. */
export function followNewRuns(operator: Operator, found: (id: string) => void): () => void {
  const known = new Set<string>();
  let isFirst = true;
  const look = async () => {
    const { runs } = await operator.list({ limit: AT_MOST });
    for (const { id, finishedAt } of runs.toReversed()) {
      if (!known.has(id) && !(isFirst && finishedAt !== null)) found(id);
      known.add(id);
    }
    isFirst = false;
  };
  const timer = setInterval(() => void look().catch(() => undefined), EVERY_MS);
  void look().catch(() => undefined);
  return () => clearInterval(timer);
}
