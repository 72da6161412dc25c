import pg from "pg";
import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { Statement } from "../../shared/domain/statement.ts";
import { createTestDatabase, type Driver } from "../support/database.ts";
import { until } from "../support/until.ts";
import { checkAfterEach, engineOf, leaseOf, step } from "../support/engine-calls.ts";

const database = await createTestDatabase();
checkAfterEach(database);

beforeAll(() =>
  database.query(`create table service.effect (name text); grant select, insert on service.effect to baton_poller;
    create function service.deferred() returns trigger language plpgsql as $$ begin
      if new.name = 'deferred' then raise exception 'too late' using errcode = 'BT002'; end if;
      if new.name = 'tenant' and current_setting('app.tenant', true) is distinct from 'a' then raise exception 'no tenant'; end if;
      if new.name = 'durable' and current_setting('synchronous_commit') = 'off' then raise exception 'not durable'; end if;
      return null; end $$;
    create constraint trigger late after insert on service.effect deferrable initially deferred for each row execute function service.deferred();
    create procedure service.committing() language plpgsql as $$ begin commit; end $$`),
);
beforeEach(() => database.query("delete from service.effect"));

const insert = (name: string): Statement => ({ text: "insert into service.effect values ($1)", values: [name] });
const effects = async () =>
  (await database.query<{ name: string }>("select name from service.effect order by name")).map(({ name }) => name);
const raise = (sqlstate: string): Statement => ({ text: `do $$ begin raise exception 'mine' using errcode = '${sqlstate}'; end $$` });

/** What would end the transaction or the role, sent as it is; and how it ends. */
const doors: [string, string][] = [
  ["rollback", "BT004"],
  ["do $$ begin commit; end $$", "2D000"],
  ["do $$ begin rollback; end $$", "2D000"],
  ["call service.committing()", "2D000"],
  ["do $$ begin execute 'commit'; end $$", "0A000"],
  ["select set_config('role', 'baton_poller', false)", "BT004"],
  ["select set_config('role', 'baton_poller', true)", "BT004"],
  ["set role baton_poller", "BT004"],
  ["select 1; commit", "42601"],
];

for (const driver of ["neon", "pg"] as Driver[]) {
  const engine = engineOf(database, driver);
  const poller = database.connect("poller", driver);

  test.each(doors)(`through ${driver}, neither effect nor checkpoint is stored after: %s`, async (text, sqlstate) => {
    const { token, runs } = await leaseOf(engine, 1);
    const call = engine.advanceWith(token, 1, { steps: [step(runs[0]!)] }, [insert("once"), { text }]);
    await expect(call).rejects.toMatchObject({ name: "DatabaseRefusedError", sqlstate });
    expect(await effects()).toEqual([]);
    expect((await engine.findRun(runs[0]!.id))!.checkpoints).toEqual([]);
    // The lease goes on, in a session that is as it was.
    await engine.advanceWith(token, 2, { steps: [step(runs[0]!)] }, [insert("once")]);
    expect(await effects()).toEqual(["once"]);
  });

  test.each(["BT001", "BT002", "BT003"])(
    `through ${driver}, a statement that raises %s is refused, and is not the engine's word`,
    async (sqlstate) => {
      const { token, runs } = await leaseOf(engine, 1);
      const call = engine.advanceWith(token, 1, { steps: [step(runs[0]!)] }, [raise(sqlstate)]);
      await expect(call).rejects.toMatchObject({ name: "DatabaseRefusedError", sqlstate: undefined, message: "mine" });
      expect((await engine.findRun(runs[0]!.id))!.checkpoints).toEqual([]);
    },
  );

  test(`through ${driver}, a copy from the client, which has nothing to send, is refused`, async () => {
    const { token, runs } = await leaseOf(engine, 1);
    const copy = { text: "copy service.effect from stdin" };
    const call = engine.advanceWith(token, 1, { steps: [step(runs[0]!)] }, [insert("once"), copy]);
    await expect(call).rejects.toMatchObject({
      name: "DatabaseRefusedError",
      message: expect.stringMatching(/^COPY from stdin/i) as unknown,
    });
    expect(await effects()).toEqual([]);
    await engine.advanceWith(token, 2, { steps: [step(runs[0]!)] }, [insert("once")]);
    expect(await effects()).toEqual(["once"]);
  });

  test(`through ${driver}, a trigger that raises BT002 at the commit is refused too`, async () => {
    const { token, runs } = await leaseOf(engine, 1);
    const call = engine.advanceWith(token, 1, { steps: [step(runs[0]!)] }, [insert("deferred")]);
    await expect(call).rejects.toMatchObject({ name: "DatabaseRefusedError", sqlstate: undefined, message: "too late" });
    expect((await engine.findRun(runs[0]!.id))!.checkpoints).toEqual([]);
  });

  test.each([
    ["08006", "DatabaseRefusedError"],
    ["57P01", "DatabaseRefusedError"],
    ["40003", "DatabaseBusyError"],
    ["58030", "DatabaseRefusedError"],
    ["XX000", "DatabaseRefusedError"],
    ["53100", "DatabaseBusyError"],
    ["40P01", "DatabaseBusyError"],
  ])(`through ${driver}, a statement that raises %s is a %s: it was rolled back`, async (sqlstate, name) => {
    const { token, runs } = await leaseOf(engine, 1);
    const call = engine.advanceWith(token, 1, { steps: [step(runs[0]!)] }, [raise(sqlstate)]);
    await expect(call).rejects.toMatchObject({ name, sqlstate, rolledBack: true });
  });

  test(`through ${driver}, what a statement sets in its session is gone in the next transaction`, async () => {
    const { token, runs } = await leaseOf(engine, 1);
    const dirt = [
      "set app.tenant = 'a'",
      "set search_path = service",
      "select pg_advisory_lock(4711)",
      "create temp table scratch (n int)",
      "prepare mine as select 1",
      "declare c cursor with hold for select 1",
      "listen news",
    ];
    await engine.advanceWith(token, 1, { steps: [step(runs[0]!)] }, [...dirt.map((text) => ({ text })), insert("tenant")]);
    expect(await effects()).toEqual(["tenant"]);
    // Neon's session is cleaned after its answer, and another may look before that.
    const locks = `select from pg_locks where locktype = 'advisory' and objid = 4711
      and database = (select oid from pg_database where datname = current_database())`;
    await until("the lock is gone", async () => (await database.query(locks)).length === 0);
    const left = `select nullif(current_setting('app.tenant', true), '') as tenant,
      to_regclass('pg_temp.scratch') as scratch, (select count(*)::int from pg_prepared_statements where name = 'mine') as prepared,
      (select count(*)::int from pg_cursors where name = 'c') as cursors, current_setting('search_path') <> 'service' as searches`;
    expect((await poller.transaction([{ text: left }]))[0]).toEqual([
      { tenant: null, scratch: null, prepared: 0, cursors: 0, searches: true },
    ]);
  });
}

test("statements that say that a commit need not wait for the disk do not say it for their round", async () => {
  const engine = engineOf(database, "neon");
  const { token, runs } = await leaseOf(engine, 1);
  await engine.advanceWith(token, 1, { steps: [step(runs[0]!)] }, [{ text: "set local synchronous_commit = off" }, insert("durable")]);
  expect(await effects()).toEqual(["durable"]);
});

test("through pg, begin, each statement, and proof, reset and commit together are one message each", async () => {
  const pool = database.connect("poller", "pg");
  const sent = vi.spyOn(pg.Client.prototype, "query");
  await pool.transaction([{ text: "select 1" }, { text: "select $1::int", values: [2] }], { last: { text: "select 3" } });
  expect(sent).toHaveBeenCalledTimes(4);
  const closing = sent.mock.calls.at(-1)![0];
  sent.mockRestore();
  // The session's own word is that no commit waits for the disk.
  const careless = new pg.Client({ connectionString: database.ownerUrl, options: "-c synchronous_commit=off" });
  await careless.connect();
  await careless.query("begin");
  await careless.query(closing.replace(/commit$/, ""));
  expect((await careless.query("show synchronous_commit")).rows).toEqual([{ synchronous_commit: "on" }]);
  await careless.end();
});
