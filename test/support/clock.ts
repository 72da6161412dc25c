/** Runs one statement as the database's owner and returns its rows. */
type Query = (text: string, values?: unknown[]) => Promise<unknown[]>;

/** The time of one test database, in the test's hands. */
export interface Clock {
  /** Stops `baton.now()` at a moment; null lets it run with the real time again. */
  setNow(moment: Date | null): Promise<void>;
  /**
   * Moves `baton.now()` forward by a Postgres interval, such as "10 seconds", whether it stands or
   * runs.
   */
  advance(interval: string): Promise<void>;
}

const INSTALL = `
  create schema if not exists test;
  create table if not exists test.clock (stopped_at timestamptz, ahead interval not null);
  insert into test.clock select null, '0' where not exists (select from test.clock);
  grant usage on schema test to public;
  grant select on test.clock to public;
  create or replace function baton.now() returns timestamptz language sql volatile
    as $$ select coalesce(stopped_at, clock_timestamp()) + ahead from test.clock $$;
`;

/** The engine's own clock function stays in place until a test first sets the time. */
export function createClock(query: Query): Clock {
  let installed: Promise<unknown> | undefined;
  const set = async (text: string, value: unknown): Promise<void> => {
    await (installed ??= query(INSTALL));
    await query(text, [value]);
  };
  return {
    setNow: (moment) => set("update test.clock set stopped_at = $1::timestamptz, ahead = '0'", moment?.toISOString() ?? null),
    advance: (interval) => set("update test.clock set ahead = ahead + $1::interval", interval),
  };
}
