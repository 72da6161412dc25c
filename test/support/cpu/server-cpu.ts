import { childrenOf, databaseOf, secondsOf } from "./seconds.ts";

/**
 * How often the sessions of the server are looked at; what one uses after the last look counts for
 * nobody.
 */
const EVERY_MS = 250;

/** What the shared Postgres uses, by database, as far as it can be told from outside. */
export interface ServerCpu {
  of(database: string): number;
  /** All of it, with what no database accounts for. */
  total(): number;
}

/** Looks at a postmaster's processes until it ends; the timer keeps no process alive. */
export function watchServer(postmaster: number): ServerCpu {
  const sessions = new Map<string, { readonly database: string; readonly seconds: number }>();
  let total = 0;
  const look = (): void => {
    const itself = secondsOf(postmaster);
    if (itself === undefined) return clearInterval(timer);
    let living = 0;
    for (const pid of childrenOf(postmaster)) {
      const seconds = secondsOf(pid)?.own ?? 0;
      living += seconds;
      const database = databaseOf(pid);
      if (database !== undefined) sessions.set(`${pid} ${database}`, { database, seconds });
    }
    total = itself.own + itself.children + living;
  };
  const timer = setInterval(look, EVERY_MS);
  timer.unref();
  return {
    of: (wanted) => [...sessions.values()].reduce((sum, { database, seconds }) => sum + (database === wanted ? seconds : 0), 0),
    total: () => (look(), total),
  };
}
