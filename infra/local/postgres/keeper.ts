import { setTimeout as pause } from "node:timers/promises";
import { type EmbeddedPostgres, PostgresStartError, type PostgresOptions, startPostgres } from "../embedded-postgres.ts";
import { watchLog } from "./log-watch.ts";

export interface KeeperOptions extends PostgresOptions {
  /** Receives what happens to the server, in lines for people. */
  readonly say: (line: string) => void;
  /** Told each time that the server takes connections again. */
  readonly onRestart: () => void;
  /** Told once, with a sentence, when it cannot be kept running. */
  readonly onGivenUp: (reason: string) => void;
  /**
   * How long to wait before each start of a server that did not live for a minute. Default: 0, 0.5,
   * 2, 5 and 10 s, then no more.
   */
  readonly pausesMs?: readonly number[];
  /** How often to look for trouble in its log. Default: a second. */
  readonly lookEveryMs?: number;
}

const PAUSES_MS = [0, 500, 2_000, 5_000, 10_000];
const WELL_AFTER_MS = 60_000;

/**
 * A server that is started again when it ends by itself or is killed: the same data, port and URL.
 */
export interface KeptPostgres extends Pick<EmbeddedPostgres, "port" | "url" | "dataDir" | "stop"> {
  /** The process of now. */
  readonly pid: number;
}

/** Starts Postgres and keeps it running. Throws what startPostgres throws, of the first start. */
export async function keepPostgres(options: KeeperOptions): Promise<KeptPostgres> {
  const { say, onRestart, onGivenUp, pausesMs = PAUSES_MS } = options;
  let server = await startPostgres(options);
  const { port, url, dataDir } = server;
  const unwatch = watchLog(dataDir, (trouble) => say(`Runs wait: ${trouble}, and they go on.`), options.lookEveryMs);
  const stopped = new AbortController();
  let restarts = 0;
  void keep();
  return {
    port,
    url,
    dataDir,
    get pid() {
      return server.pid;
    },
    stop: async () => {
      stopped.abort();
      unwatch();
      await server.stop();
    },
  };

  async function keep(): Promise<void> {
    while (!stopped.signal.aborted) {
      const startedAt = performance.now();
      const how = await server.ended;
      if (stopped.signal.aborted) return;
      if (performance.now() - startedAt > WELL_AFTER_MS) restarts = 0;
      say(`Postgres ended by itself (${how}); it is started again.`);
      const failure = await startAgain();
      if (failure !== undefined) return onGivenUp(failure);
    }
  }

  /** Resolves with the reason why it cannot be, or with nothing once it runs. */
  async function startAgain(): Promise<string | undefined> {
    let last = `it ended ${pausesMs.length + 1} times in a row (log: ${dataDir}.log). Start again once its cause is gone`;
    while (restarts < pausesMs.length) {
      await pause(pausesMs[restarts++], undefined, { ref: false, signal: stopped.signal }).catch(() => undefined);
      if (stopped.signal.aborted) return undefined;
      try {
        server = await startPostgres({ ...options, port });
        if (stopped.signal.aborted) await server.stop();
        else onRestart();
        return undefined;
      } catch (error) {
        last = (error as Error).message;
        if (error instanceof PostgresStartError && error.needsHelp) break;
      }
    }
    return `Postgres ended and does not start again: ${last.replace(/^Postgres did not start: /, "")}`;
  }
}
