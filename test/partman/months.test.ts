import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { migrate } from "../../infra/migrate.ts";
import { createClock } from "../support/clock.ts";
import { type EmptyServer, query } from "../db/empty-server.ts";
import { startPartmanServer } from "./servers.ts";

const sessions: pg.Client[] = [];
const servers = { "4.7.2": await startPartmanServer(4), "5.2.4": await startPartmanServer(5) };
afterAll(async () => {
  await Promise.all(sessions.map((session) => session.end()));
  await Promise.all(Object.values(servers).map((server) => server[Symbol.asyncDispose]()));
});

/** Where each row lies, and the bounds of each month. */
const STATE = `
  select c.relname as month, pg_get_expr(c.relpartbound, c.oid) as bounds,
    (select array_agg(a.at || ' ' || a.actor order by a.at) from baton.audit as a where a.tableoid = c.oid) as rows
  from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
  where i.inhparent = 'baton.audit'::regclass order by c.relname`;

interface Month {
  readonly month: string;
  readonly bounds: string;
  readonly rows: readonly string[] | null;
}

async function openSession(url: string): Promise<pg.Client> {
  const session = new pg.Client({ connectionString: url });
  await session.connect();
  sessions.push(session);
  return session;
}

const templates = new Map<EmptyServer, Promise<string>>();

/** A migrated database of a server, for others to begin as a copy of. */
function migrated(server: EmptyServer): Promise<string> {
  const made = templates.get(server) ?? server.createDatabase().then((url) => migrate({ url, roles: true }).then(() => url));
  templates.set(server, made);
  return made;
}

/** A migrated database in Berlin, with a session of its zone. */
async function createBerlin(server: EmptyServer) {
  const [template, url] = [await migrated(server), await server.createDatabase()];
  const nameOf = (database: string) => new URL(database).pathname.slice(1);
  await query(template.replace(/[^/]*$/, "postgres"), `drop database ${nameOf(url)}`);
  await query(template.replace(/[^/]*$/, "postgres"), `create database ${nameOf(url)} template ${nameOf(template)}`);
  await query(url, `alter database ${nameOf(url)} set timezone = 'Europe/Berlin'`);
  const session = await openSession(url);
  const lines: string[] = [];
  const rows = async (text: string, values?: unknown[]) => (await session.query(text, values)).rows;
  const clock = createClock(rows as never);
  return {
    url,
    session,
    lines,
    deploy: () => migrate({ url, roles: true, log: (line) => void lines.push(line) }),
    install: () =>
      session.query(`create schema partman; create extension pg_partman schema partman; grant all on schema partman to baton_migrator;
        grant all on all tables in schema partman to baton_migrator`),
    keep: async () => (await rows("select baton.keep_months() as answer"))[0]!["answer"] as { by: string; made: number; dropped: number },
    state: async (): Promise<Month[]> => {
      await session.query("set timezone = 'UTC'");
      const { rows: months } = await session.query<Month>(STATE);
      await session.query("reset timezone");
      return months;
    },
    setNow: (at: Date) => clock.setNow(at),
  };
}
type Berlin = Awaited<ReturnType<typeof createBerlin>>;

const { rows: began } = await (
  await openSession(await servers["5.2.4"].createDatabase())
).query<{ at: Date }>("select date_trunc('month', now(), 'UTC') as at");

/** The first moment of a month, so many months after this one. */
function beginOf(months: number): Date {
  const { at } = began[0]!;
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months));
}

const HOUR_MS = 3_600_000;

/**
 * Moments that matter to who reckons by months: in the first half hour of UTC; past the middle; and
 * when the next month has begun in Berlin and not in UTC.
 */
const momentsOf = (month: number) => [
  new Date(beginOf(month).getTime() + HOUR_MS / 2),
  new Date(beginOf(month).getTime() + 17 * 24 * HOUR_MS),
  new Date(beginOf(month + 1).getTime() - HOUR_MS / 2),
];

/** Somebody acts, and the maintenance runs, at each of the moments of these months. */
async function liveThrough(database: Berlin, from: number, to: number) {
  const lived = [];
  for (let month = from; month <= to; month++)
    for (const at of momentsOf(month)) {
      await database.setNow(at);
      await database.session.query("select baton.note_action('cancel', null, $1, '{}', baton.now())", [`of month ${month}`]);
      lived.push({ at, answer: await database.keep(), state: await database.state() });
    }
  return lived;
}

for (const [version, server] of Object.entries(servers)) {
  test(`through 14 months pg_partman ${version} has the same months, bounds and rows as Baton, in a database of Berlin's zone`, async () => {
    const [one, other] = [await createBerlin(server), await createBerlin(server)];
    await one.install();
    await one.deploy();
    const byPartman = await liveThrough(one, 0, 14);
    const byBaton = await liveThrough(other, 0, 14);
    expect(byPartman.filter(({ answer }) => answer.by !== "pg_partman")).toEqual([]);
    expect(byBaton.filter(({ answer }) => answer.by !== "baton")).toEqual([]);
    expect(byPartman.map((each) => ({ ...each, answer: { ...each.answer, by: "baton" } }))).toEqual(byBaton);
    const { state } = byPartman.at(-1)!;
    const kept = Array.from({ length: 16 }, (_, n) => n + 2);
    expect(state.map(({ month }) => month)).toEqual(kept.map((n) => `audit_p${beginOf(n).toISOString().slice(0, 10).replaceAll("-", "")}`));
    expect(state.map(({ rows }) => rows?.length ?? 0)).toEqual(kept.map((n) => (n > 14 ? 0 : 3)));
    for (const { bounds } of state)
      expect(bounds).toMatch(/^FOR VALUES FROM \('[-\d]{8}01 00:00:00\+00'\) TO \('[-\d]{8}01 00:00:00\+00'\)$/);
  });

  test(`months that Baton kept are handed to pg_partman ${version} with their rows, and taken back when it goes`, async () => {
    const [one, other] = [await createBerlin(server), await createBerlin(server)];
    const lived = await liveThrough(one, 0, 4);
    await one.install();
    await one.deploy();
    expect(await one.state()).toEqual(lived.at(-1)!.state);
    for (const { answer } of await liveThrough(one, 5, 6)) expect(answer.by).toBe("pg_partman");
    await one.session.query("drop extension pg_partman cascade");
    for (const { answer } of await liveThrough(one, 7, 8)) expect(answer.by).toBe("baton");
    expect(await one.state()).toEqual((await liveThrough(other, 0, 8)).at(-1)!.state);
  });

  test(`the maintenance that pg_partman ${version} does for all tables leaves the audit alone, in whatever zone`, async () => {
    const database = await createBerlin(server);
    await database.install();
    await database.deploy();
    const before = await database.state();
    await database.session.query("call partman.run_maintenance_proc()");
    expect(await database.state()).toEqual(before);
  });

  test(`a session that asked pg_partman ${version} has the search path that it had, and one with temporary tables is refused`, async () => {
    const database = await createBerlin(server);
    await database.install();
    await database.deploy();
    await database.session.query(`alter database ${new URL(database.url).pathname.slice(1)} set search_path = partman, public`);
    const session = await openSession(database.url);
    await session.query("select baton.keep_months()");
    expect((await session.query("show search_path")).rows).toEqual([{ search_path: "partman, public" }]);
    await session.query("create temp table pg_inherits ()");
    await expect(session.query("select baton.keep_months()")).rejects.toMatchObject({ code: "BT040" });
  });

  test(`a deployment says whether pg_partman ${version} keeps the months, and what it lacks where it does not`, async () => {
    const database = await createBerlin(server);
    const said = async () => {
      database.lines.length = 0;
      await database.deploy();
      return database.lines.filter((line) => line.includes("the months of"));
    };
    const byItself = "the months of baton.audit are kept by Baton itself. To let pg_partman";
    const [first] = (await said()) as [string];
    expect(first).toMatch(
      new RegExp(`^${byItself} do it: create schema partman; create extension pg_partman schema partman; grant all on schema`),
    );
    await database.session.query("create schema partman; create extension pg_partman schema partman");
    const [second] = (await said()) as [string];
    expect(second).toMatch(new RegExp(`^${byItself} ${version} do it: grant all on schema partman to baton_migrator;`));
    // What it says is what is lacking.
    await database.session.query(/do it: (.*) and migrate/.exec(second)![1]!);
    expect(await said()).toEqual([`the months of baton.audit are kept by pg_partman ${version}`]);
  });
}
