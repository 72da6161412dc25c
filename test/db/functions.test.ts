import { expect, test } from "vitest";
import type { Json } from "../../shared/domain/json.ts";
import { createTestDatabase } from "../support/database.ts";
import { block, checkAfterEach, engineOf, error, failure, leaseOf, member, newRun, newRuns, sleep, step } from "../support/engine-calls.ts";
import { both, hooked } from "../support/hooked-runs.ts";
import { storeRun } from "../support/stored-runs.ts";

const database = await createTestDatabase();
await database.query(`alter database ${database.name} set track_functions = 'all'`);
await database.query(`alter database ${database.name} set check_function_bodies = on`);
// Sessions that were there before count nothing, this one too.
await database.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()").catch(() => undefined);
const engine = engineOf(database);
checkAfterEach(database);

/** Become part of the statements that use them, so that they are never called. */
const INLINED =
  "{count_digits,is_double,has_member,never,id_time,list_weeks,list_sources,list_tables,week_indexes,most_entries,count_pages,has_expired,hidden_below,list_chunks,is_closed,ms_between,wait_until,key_lock,signal_id,recall_family,recall_items,list_stops,new_ids,path_of_child,list_hooks,list_bands}";

/** Of search, which is optional, and of pg_partman, which is elsewhere. */
const OPTIONAL = "{search_runs,search_week,walk_week,search_schema,attribute_text,ask_partman}";

/** One life of the engine that needs every function. */
async function everything(): Promise<void> {
  const request = { workflow: "fulfil-order", key: "monday", hash: "h" };
  await engine.enqueue([newRun({ key: "k", hash: "h", attributes: { stage: "new" } }), ...newRuns(7)], request);
  await engine.enqueue([newRun({ key: "k", hash: "h" })], request);
  const { token, runs } = await engine.claim();
  await engine.claim({}, token);
  const [done, failed, slept, parked, blocked, stopped, twice, left] = runs.map((run) => ({ id: run.id, place: run.place }));
  await engine.advance(token, 1, { steps: [step(twice!)] });
  await engine.cancel(stopped!.id);
  const round = {
    checked: true as const,
    steps: [step(done!), step(twice!)],
    failures: [failure(failed!, { delay_ms: null })],
    sleeps: [sleep(slept!)],
    parks: [{ ...member(parked!), delay_ms: 0 }],
    released: [{ ...member(left!), delay_ms: 0 as const }],
    done: [member(done!)],
    failed: [{ ...member(failed!), error }],
    blocked: [block(blocked!)],
    attributes: [{ ...member(done!), patch: { stage: "done" } }],
    claim: { max: 1, max_bytes: 1_000_000, low: {}, manifest: [] },
  };
  expect(await engine.advance(token, 2, round)).toMatchObject({ lost: [twice!.id], stopped: [stopped!.id] });
  await engine.advance(token, 2, round);
  await engine.beat(token, 30_000);
  await engine.release(token);
  await engine.redrive(failed!.id);
  await engine.changeAttributes(failed!.id, { seen: true });
  const skips = [{ path: "reserve", floor: "over" }];
  await engine.claim({ manifest: [{ name: "fulfil-order", version: 1, shape: "new", skips }] });
  await leaseOf(engine, 2, { max_bytes: 1 });
  await database.advance("31 seconds");
  await engine.tick();
  // A clock that is set back.
  await engine.enqueue([newRun({ delay_ms: 60_000 })]);
  await database.advance("1 hour");
  await engine.tick();
  await database.advance("-1 hour");
  await engine.tick();
  const suspects = await engine.claim({ suspects: true });
  await engine.advanceWith(suspects.token, suspects.round + 1, {}, [{ text: "select 1" }]);
  await engine.release(suspects.token);
  await engine.enqueue([newRun()]);
  await database.query("update baton.ready set bytes = 10000000");
  await engine.claim();
  await Promise.all([engine.findRun(done!.id), engine.state(done!.id), nested(), engine.listRuns({ limit: 10, status: "ready" })]);
  await engine.listRuns({ limit: 10, attributes: { customerId: "c-1" } });
  await signalled();
  await family();
  await items();
  await followed();
  await undone();
  await elsewhere();
  await database.database.query("select baton.repair(), baton.new_id(), baton.missing_indexes()");
  await database.database.query(
    `select baton.list_unclaimed('{"limit": 1}'), baton.list_workflows('{"limit": 1}'), baton.list_names_of_week('', 1, null, baton.id_at(baton.now()), baton.new_id())`,
  );
  // By a program that did not look whether JavaScript gives the input back; what raises is not
  // counted.
  await database.database.query("select baton.enqueue(jsonb_build_object('runs', jsonb_build_array($1::jsonb)))", [
    JSON.stringify(newRun()),
  ]);
  await database.database.query(`select baton.find_pointer('{"a":1}', '1')`);
  const again = [newRun()];
  await engine.enqueue(again);
  await database.advance("25 hours");
  await engine.enqueue(again);
}

/** A run whose ending starts another. */
async function followed(): Promise<void> {
  const manifest = hooked(both);
  await engine.enqueue(newRuns(2));
  const { token, runs } = await engine.claim({ manifest });
  const [failed, ...done] = runs.filter(({ workflow }) => workflow === "fulfil-order");
  await engine.advance(token, 1, { failed: [{ ...member(failed!), error }], done: done.map(member) });
  await database.database.query("select baton.replace_hooks($1)", [JSON.stringify({ manifest: hooked() })]);
}

/** A run that is cancelled, and undone before it ends. */
async function undone(): Promise<void> {
  const manifest = [{ name: "fulfil-order", version: 1, shape: "x", undoes: true as const }];
  await engine.enqueue([newRun()]);
  await database.advance("1 second");
  const { token, runs } = await engine.claim({ manifest });
  const run = runs.find(({ workflow }) => workflow === "fulfil-order")!;
  await engine.advance(token, 1, { steps: [step(run)] });
  await engine.cancel(run.id, { undo: true });
  await engine.advance(token, 2, { released: runs.map((each) => ({ ...member(each), delay_ms: 0 as const })) });
  const again = await engine.claim({ manifest });
  expect(again.runs.find(({ id }) => id === run.id)!.finished).toMatchObject({ "~verdict": expect.anything() });
  await engine.release(again.token);
}

/** A run that goes on elsewhere. */
async function elsewhere(): Promise<void> {
  await engine.enqueue([newRun()]);
  const { token, runs } = await engine.claim();
  await engine.advance(token, 1, { parks: [{ ...member(runs[0]!), delay_ms: 0, queue: "heavy" }] });
  expect((await engine.claim({ queue: "heavy" })).runs.map(({ id }) => id)).toEqual([runs[0]!.id]);
}

/** A run that waits for a signal, is asked of its mail, and is answered. */
async function signalled(): Promise<void> {
  await engine.enqueue([newRun()]);
  await database.advance("1 second");
  const [waiting] = await engine.claim().then(({ token, runs }) => runs.map((run) => ({ token, ...run })));
  const { token } = waiting!;
  const named = { ...member(waiting!), names: ["paid"] };
  await engine.advance(token, 1, { asks: [named], consumed: [{ ...member(waiting!), n: 1 }] });
  await engine.advance(token, 2, { waits: [{ ...named, delay_ms: 0, bytes: 2 }] });
  await engine.signal({ run: waiting!.id, name: "paid", body: 1, id: "a" });
  const manifest = [{ name: "fulfil-order", version: 1, shape: "x", waits: true as const }];
  const again = await engine.claim({ manifest });
  expect(again.runs.map(({ mail }) => mail?.letters.map(({ name }) => name))).toEqual([["paid"]]);
  const answer = { run: waiting!.id, path: "sign-off", name: "sign-off/~decision/00000", body: { decision: "approve" }, generation: 0 };
  expect(await engine.answerWait(answer)).toMatchObject({ status: "accepted" });
  const byKey = { workflow: "fulfil-order", key: "o-1", name: "paid", body: 1 };
  await engine.signal(byKey);
  const keyed = { ...member(again.runs[0]!), names: ["paid"], keys: [byKey] };
  await engine.advance(again.token, 1, { timeouts: [keyed], asks: [keyed] });
  await engine.signal(byKey);
}

/** A run with children, of which one is stopped with it and goes on again. */
async function family(): Promise<void> {
  const { runs: parents } = await engine.enqueue(newRuns(2));
  await database.advance("1 second");
  const { token, runs } = await engine.claim({ max: 100 });
  const [parent, other] = parents.map(({ id }) => runs.find((run) => run.id === id)!);
  const start = (of: typeof parent, node: string) => ({ ...member(of!), node, id: newRun().id, workflow: "pay", version: 1, input: 1 });
  const [left, right] = [start(parent, "left"), start(parent, "right")];
  const waits = { ...member(parent!), awaits: ["left", "right"] };
  const parks = [{ ...member(parent!), delay_ms: null, bytes: 2 }];
  await engine.advance(token, 1, { children: [left, right, { ...start(other, "free"), detached: true }], family: [waits], parks });
  await engine.cancel(left.id);
  await engine.cancel(parent!.id);
  await database.query("select baton.revive($1), baton.settle_families(null, baton.now())", [left.id]);
  const again = await engine.claim({ max: 100, manifest: [{ name: "fulfil-order", version: 1, shape: "x", family: true }] });
  const child = again.runs.find(({ id }) => id === left.id)!;
  await engine.advance(again.token, 1, { failed: [{ ...member(child), error }] });
  await engine.advance(token, 2, { family: [{ ...member(other!), awaits: [], redriven: [{ node: "free", child: left.id }] }] });
  await engine.listChildren(parent!.id, { limit: 10 });
  await engine.findRun(parent!.id);
  await database.query(
    "select baton.gather_families($1), baton.recount_children(baton.now()), baton.redrive_child($2, baton.now()), baton.settle_families(null, baton.now()), baton.has_open_family($2), baton.refuse_deep(array[]::uuid[], baton.now())",
    [[parent!.id], right.id],
  );
}

/** A run of whose items one fails, and goes on again. */
async function items(): Promise<void> {
  const manifest = [{ name: "fulfil-order", version: 1, shape: "x", family: true as const, skips: [{ path: "list/~plan", floor: "all" }] }];
  const { runs: accepted } = await engine.enqueue([newRun()]);
  await database.advance("1 second");
  const { token, runs } = await engine.claim({ max: 100 });
  const parent = runs.find(({ id }) => id === accepted[0]!.id)!;
  const row = (node: string, output: Json) => ({ ...step(parent), node, attempt: 0, output });
  const start = { ...member(parent), node: "list", part: 0, workflow: "pay", version: 1, tolerated: 0, most: 1 };
  const steps = [row("list/~plan/00000", { from: 0, inputs: [1, 2] }), row("list", { runs: 2, parts: 1, redrives: 0 })];
  const family = [{ ...member(parent), awaits: ["list"] }];
  await engine.advance(token, 1, { steps, items: [start], family, parks: [{ ...member(parent), delay_ms: null, bytes: 2 }] });
  const { token: other, runs: due } = await engine.claim({ max: 100 });
  const items = due.filter(({ workflow }) => workflow === "pay");
  expect(items).toHaveLength(1);
  await engine.advance(other, 1, { failed: [{ ...member(items[0]!), error }] });
  const again = await engine.claim({ max: 100, manifest });
  const woken = again.runs.find(({ id }) => id === parent.id)!;
  expect(woken.family).toMatchObject({ list: { open: 1, failed: 1, first: { run: items[0]!.id } } });
  await engine.advance(again.token, 1, { done: again.runs.filter(({ workflow }) => workflow === "pay").map(member) });
  await engine.advance(again.token, 2, { family: [{ ...member(woken), awaits: ["list"], repeats: [{ node: "list", anew: true }] }] });
  await engine.release(again.token);
}

/** A look at a run of which more is stored than is told one by one. */
async function nested(): Promise<void> {
  const rows = [{ node: "pages", position: 0, attempt: 0, output: { items: Array.from({ length: 101 }, () => 1) } }];
  const id = await storeRun(database.query, { status: "done", rows });
  expect(await engine.findRun(id)).toMatchObject({ hidden: [{ under: "pages", counts: { skipped: 1 } }] });
  expect(await engine.listSteps(id, { under: "pages", limit: 1 })).toMatchObject({ parts: [{ path: "pages/00000" }], more: true });
}

/** What views, people and the maintenance call, over the runs that are there. */
async function maintenance(): Promise<void> {
  const query = (text: string, values: readonly unknown[] = []) => database.database.query<Record<string, string>>(text, values);
  await query("select baton.fingerprint('a', 'b'), baton.moment(), baton.quantile('{\"1\": 1}', 0.5), baton.sweep_rollup(64, baton.now())");
  await query("select count(*) from baton.runs_between(baton.now() - interval '1 day', baton.now())");
  await query("select count(*) from baton.count_minutes(baton.now() - interval '1 day')");
  await query("select baton.delete_run(run_id) from baton.ending limit 1");
  await query("select baton.refresh_daily(), baton.keep_weeks(), baton.keep_months(), baton.kept_until(baton.new_id())");
  const [week] = await query(
    "select starts::text, 'run_' || to_char(starts, 'YYYYMMDD') as part from (select date_trunc('week', baton.now()) as starts) as w",
  );
  await database.advance("16 days");
  await query("select baton.list_closed_weeks(), baton.lend_table($1)", [week!["part"]]);
  await query("select baton.take_back_tables()");
  const ofWeek = `$1::timestamptz, '{"done": {"": 1}, "failed": {"": 1}, "cancelled": {"": 1}}', baton.now()`;
  await query(`select baton.weigh_week(${ofWeek})`, [week!["starts"]]);
  await query(`select baton.read_expired(${ofWeek}, null, 100), baton.let_go_taken(${ofWeek}, '{"ids": [], "digests": []}')`, [
    week!["starts"],
  ]);
  await query(`select baton.drop_week(${ofWeek})`, [week!["starts"]]);
  await query(`select baton.let_go_runs(${ofWeek}, null, 100)`, [week!["starts"]]);
}

test("every function of the schema runs in one life of the engine", async () => {
  await everything();
  await maintenance();
  const uncounted = `select p.proname from pg_proc p left join pg_stat_user_functions s on s.funcid = p.oid and s.calls > 0
    where p.pronamespace = 'baton'::regnamespace and s.funcid is null and p.proname <> all ('${INLINED}') and p.proname <> all ('${OPTIONAL}') order by 1`;
  // Sessions report what they counted when they end.
  await database.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
  );
  // By name, so that a failure says which.
  await expect.poll(() => database.query<{ proname: string }>(uncounted), { timeout: 100_000, interval: 100 }).toEqual([]);
});

test("the body of every function is valid against the schema", async () => {
  const functions = await database.query<{ name: string; definition: string }>(
    "select proname as name, pg_get_functiondef(oid) as definition from pg_proc where pronamespace = 'baton'::regnamespace",
  );
  expect(functions.length).toBeGreaterThan(40);
  for (const { definition } of functions) await database.query(definition);
});

test("no function's text has a backslash, which a session may read as an escape, but in E''", async () => {
  const rows = await database.query(
    `select proname from pg_proc where pronamespace = 'baton'::regnamespace
     and position(chr(92) in regexp_replace(prosrc, 'E''[^'']*''', '', 'g')) > 0`,
  );
  expect(rows).toEqual([]);
});

test("every function says what it costs others: volatile where it writes or reads the clock", async () => {
  const rows = await database.query(
    `select proname from pg_proc where pronamespace = 'baton'::regnamespace and provolatile <> 'v'
     and prosrc ~* '\\m(insert into|update baton|delete from|for update|clock_timestamp)\\M'`,
  );
  expect(rows).toEqual([]);
});

test("new ids are UUIDv7 of the database's time and never the same", async () => {
  const now = new Date("2031-02-03T04:05:06.789Z");
  await database.setNow(now);
  const rows = await database.query("select baton.new_id()::text as id from generate_series(1, 1000)");
  const ids = rows.map(({ id }) => id as string);
  expect(new Set(ids).size).toBe(1_000);
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(now.getTime());
  }
});
