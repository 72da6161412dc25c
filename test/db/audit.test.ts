import { expect, test } from "vitest";
import { withClient } from "../../infra/migrate/connection.ts";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, engineOf, error, leaseOf, member, newRun } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

interface Action {
  readonly action: string;
  readonly run_id: string;
  readonly actor: string;
  readonly details: unknown;
}

const actions = () => database.connect("reader").query<Action>("select action, run_id, actor, details from baton.actions order by at");
const login = async () => (await database.connect("operator").query<{ name: string }>("select session_user::text as name", []))[0]!.name;

async function failedRun(): Promise<string> {
  const { token, round, runs } = await leaseOf(engine, 1);
  await engine.advance(token, round + 1, { failed: [{ ...member(runs[0]!), error }] });
  return runs[0]!.id;
}

test("a cancel of a run that waits and a redrive each add one row, with the name that the request brings", async () => {
  const run = newRun();
  await engine.enqueue([run]);
  await engine.cancel(run.id, { redrives: 0, by: "ann@shop" });
  const id = await failedRun();
  await engine.redrive(id, { redrives: 0, by: "key-7" });
  expect(await actions()).toEqual([
    { action: "cancel", run_id: run.id, actor: "ann@shop", details: { redrives: 0 } },
    { action: "redrive", run_id: id, actor: "key-7", details: { redrives: 0 } },
  ]);
});

test("without a name the login is noted", async () => {
  const run = newRun();
  await engine.enqueue([run]);
  await engine.cancel(run.id);
  expect((await actions()).map(({ actor }) => actor)).toEqual([await login()]);
});

test("a call sent again adds none, also while the cancel is only asked for and when it is applied by another", async () => {
  const { token, round, runs } = await leaseOf(engine, 2);
  const [held, released] = runs.map(({ id }) => id) as [string, string];
  for (const id of [held, released]) for (let n = 0; n < 2; n++) expect(await engine.cancel(id)).toEqual({ status: "cancelling" });
  await engine.advance(token, round + 1, {});
  await engine.release(token);
  for (const id of [held, released]) expect(await engine.cancel(id)).toEqual({ status: "cancelled" });
  const id = await failedRun();
  for (let n = 0; n < 2; n++) await engine.redrive(id, { redrives: 0 });
  expect((await actions()).map(({ action, run_id }) => [action, run_id])).toEqual([
    ["cancel", held],
    ["cancel", released],
    ["redrive", id],
  ]);
});

test("a stop that was asked for and not applied is noted once when a second call applies it", async () => {
  const { runs } = await leaseOf(engine, 1);
  const { id } = runs[0]!;
  await engine.cancel(id);
  // As where the run is parked before its lease saw the stop.
  await database.query("delete from baton.lease");
  await database.query("insert into baton.ready (run_id, band, run_at, bytes, begun) values ($1, 2, baton.now(), 1, false)", [id]);
  expect(await engine.cancel(id)).toEqual({ status: "cancelled" });
  expect(await actions()).toHaveLength(1);
});

test("a cancel or a redrive that finds nothing to do adds none, and one that is rolled back leaves none", async () => {
  const id = await failedRun();
  expect(await engine.cancel(id)).toEqual({ status: "failed" });
  expect(await engine.redrive(id, { redrives: 4 })).toMatchObject({ changed: false });
  expect(await engine.cancel(crypto.randomUUID())).toBeNull();
  await expect(
    database.connect("operator").transaction([
      { text: "select baton.redrive($1::uuid)", values: [id] },
      { text: "select 1 / 0", values: [] },
    ]),
  ).rejects.toMatchObject({ sqlstate: "22012" });
  expect(await actions()).toEqual([]);
});

test("an action is noted in a month that nobody has made yet, which is one of UTC whatever the session's zone", async () => {
  await withClient(database.ownerUrl, async (session) => {
    await session.query("set timezone = 'Europe/Berlin'");
    for (const at of ["2031-04-02", "2031-03-31 23:30:00+00"])
      await session.query("select baton.note_action('cancel', null, 'ann', null, $1)", [at]);
    await session.query("set timezone = 'UTC'");
    const months = `select a.tableoid::regclass::text as month, pg_get_expr(relpartbound, c.oid) as bounds
      from baton.audit a join pg_class c on c.oid = a.tableoid where a.at < '2031-04-01'`;
    expect((await session.query(months)).rows).toEqual([
      { month: "baton.audit_p20310301", bounds: "FOR VALUES FROM ('2031-03-01 00:00:00+00') TO ('2031-04-01 00:00:00+00')" },
    ]);
  });
});
