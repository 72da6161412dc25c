import { exitWithoutGuard } from "../lambda/guard-process.ts";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Closes at the first signal, and then ends the process with code 0: a container's first process
 * would not end by the signal itself. A second signal ends it at once, with 130. Gives what takes
 * the listeners back.
 */
export function onSignals(close: () => Promise<void>): () => void {
  let asked = false;
  const listen = () => {
    // Steps that still run are guarded: to them the exit would be a mistake of their own.
    if (asked) exitWithoutGuard(130);
    asked = true;
    void close().finally(() => exitWithoutGuard(0));
  };
  for (const signal of SIGNALS) process.on(signal, listen);
  return () => {
    if (!asked) for (const signal of SIGNALS) process.off(signal, listen);
  };
}
