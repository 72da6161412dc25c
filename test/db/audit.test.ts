import { expect, test } from "vitest";
import { withClient } from "../../infra/migrate/connection.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
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

test("changed attributes are noted by their keys, without a value, and a repeat adds none", async () => {
  const run = newRun();
  await engine.enqueue([run]);
  const operator = runRepository(database.connect("operator"));
  const request = { patch: { customerId: "c-1", tags: ["eu"] }, checked: true, by: "ann" } as const;
  for (let n = 0; n < 2; n++) await operator.changeAttributes(run.id, request);
  expect(await actions()).toEqual([
    { action: "change attributes", run_id: run.id, actor: "ann", details: { keys: ["customerId", "tags"] } },
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

test.each([
  [
    "an action that is noted twice",
    "insert into baton.audit select baton.new_id(), at, action, run_id, actor, details from baton.audit",
    /on one life of a run is noted once/,
  ],
  [
    "a redrive that is not noted",
    "insert into baton.redrive select run_id, baton.now(), '{}' from baton.redrive",
    /the last one is: run .*: 0 is noted last/,
  ],
])("the invariants name %s", async (_, statement, sentence) => {
  await engine.redrive(await failedRun());
  await database.query(statement);
  await expect(database.assertInvariants()).rejects.toThrow(sentence);
  await database.query("delete from baton.audit");
});

const months = () =>
  database.query<{ month: string }>("select unnest(baton.list_months()) as month").then((rows) => rows.map(({ month }) => month.slice(-8)));
const keep = async () => (await database.query<{ answer: object }>("select baton.keep_months() as answer"))[0]!.answer;

test("this month and the three ahead are made, the thirteenth month back is dropped with its rows, and a second call does nothing", async () => {
  await database.query("select baton.make_months('2041-01-01', '2042-01-31')");
  await database.query("select baton.note_action('cancel', null, 'ann', null, '2041-01-31 23:59:59Z')");
  await database.query("select baton.note_action('cancel', null, 'ann', null, '2041-02-01')");
  await database.setNow(new Date("2042-02-01T00:00:00Z"));
  await keep();
  // Not a moment too early.
  expect((await months())[0]).toBe("20410101");
  await database.setNow(new Date("2042-02-01T00:00:01Z"));
  expect(await keep()).toEqual({ by: "baton", made: 0, dropped: 1 });
  expect(await months()).toEqual([
    ...Array.from({ length: 11 }, (_, n) => `2041${String(n + 2).padStart(2, "0")}01`),
    "20420101",
    "20420201",
    "20420301",
    "20420401",
    "20420501",
  ]);
  expect(await keep()).toEqual({ by: "baton", made: 0, dropped: 0 });
  expect(await actions()).toHaveLength(1);
});

test("who holds the audit keeps the maintenance waiting for two seconds, and no longer", async () => {
  await database.setNow(new Date("2043-06-01T00:00:00Z"));
  await withClient(database.ownerUrl, async (holder) => {
    await holder.query("begin; lock table baton.audit in share update exclusive mode");
    await expect(keep()).rejects.toMatchObject({ code: "55P03" });
    await holder.query("rollback");
  });
  expect(await keep()).toMatchObject({ made: 4 });
});
