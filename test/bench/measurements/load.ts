import { cpus } from "node:os";

/** Milliseconds of CPU that all processes of this machine have used. */
function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

/** Counts from now on; mean: how many cores were busy on average, by whomever. */
export function loadSince(): { mean(): number } {
  const [startedAt, busy] = [performance.now(), busyMs()];
  return { mean: () => (busyMs() - busy) / (performance.now() - startedAt) };
}
