let last: Promise<unknown> = Promise.resolve();

/**
 * Does work when what was given before is done, unless `signal` aborts first. Handlers of one
 * poller share its processor: side by side they would all take as long as all together, and run out
 * of time at once.
 */
export function inTurn<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
  const turn = last.then(() => {
    signal.throwIfAborted();
    return work();
  });
  last = turn.catch(() => undefined);
  return turn;
}
