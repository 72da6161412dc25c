import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, expect, test } from "vitest";
import type { AdvanceRequest, ClaimAnswer, ClaimRequest } from "../../shared/domain/protocol.ts";
import { decodeRuns } from "../../shared/domain/wire.ts";
import type { TestDatabase } from "../support/database.ts";
import { advanceRequest, block, claimRequest, error, failure, member, type Member, newRuns, sleep, step } from "../support/engine-calls.ts";
import { clonesOf } from "../support/filled.ts";

const measured: string[] = [];
afterAll(() => console.log(measured.join("\n")));

/** A session that tells how many partitions each call has locked in its transaction. */
async function countingSession(database: TestDatabase) {
  const session = new pg.Client({ connectionString: database.ownerUrl });
  await session.connect();
  const locked: Record<string, number> = {};
  const call = async <Answer>(name: string, text: string, ...values: unknown[]): Promise<Answer> => {
    await session.query("begin");
    const { rows } = await session.query(`select ${text} as answer`, values);
    const { rows: held } = await session.query(
      `select count(distinct l.relation)::int as n from pg_locks l join pg_class c on c.oid = l.relation
       where l.pid = pg_backend_pid() and c.relkind = 'r' and c.relispartition`,
    );
    await session.query("commit");
    locked[name] = Math.max(locked[name] ?? 0, held[0].n);
    return rows[0].answer;
  };
  return { call, locked, [Symbol.asyncDispose]: () => session.end() };
}

/** A poller's life with every kind of call; all runs are of this week. */
async function live({ call }: Awaited<ReturnType<typeof countingSession>>, database: TestDatabase): Promise<void> {
  let token = "";
  const claim = async (name: string, facts: Partial<ClaimRequest> = {}): Promise<readonly Member[]> => {
    token = randomUUID();
    const text = JSON.stringify(claimRequest({ max: 20, ...facts }));
    return decodeRuns<ClaimAnswer>(await call<never>(name, "baton.claim($1, $2)", token, text)).runs;
  };
  const advance = (name: string, round: number, facts: Partial<AdvanceRequest>) =>
    call(`advance: ${name}`, "baton.advance($1, $2, $3)", token, round, advanceRequest(facts));
  await call("enqueue", "baton.enqueue($1)", JSON.stringify({ runs: newRuns(12) }));
  const [a, b, c, d, e, f, ...rest] = (await claim("claim")) as [Member, Member, Member, Member, Member, Member, ...Member[]];
  await advance("steps", 1, { steps: rest.map((run) => step(run)) });
  await advance("checked steps", 2, { checked: true, steps: rest.map((run) => step(run, { node: "charge", position: 1 })) } as never);
  await advance("failures", 3, { failures: [failure(a)] });
  await advance("sleeps", 4, { sleeps: [sleep(b)] });
  await advance("parks", 5, { parks: [{ ...member(c), delay_ms: 0 }] });
  await advance("released", 6, { released: [member(d)] } as never);
  await advance("blocked", 7, { blocked: [block(e)] });
  await advance("failed", 8, { failed: [{ ...member(f), error }] });
  await advance("done and claim", 9, { done: [member(rest[0]!)], claim: claimRequest({ max: 2 }) });
  await call(
    "advance: again",
    "baton.advance($1, $2, $3)",
    token,
    9,
    advanceRequest({ done: [member(rest[0]!)], claim: claimRequest({ max: 2 }) }),
  );
  await call("cancel a member", "baton.cancel($1)", rest[1]!.id);
  await advance("a cancel", 10, {});
  await call("claim again", "baton.claim($1, $2)", token, JSON.stringify(claimRequest()));
  await call("redrive", "baton.redrive($1)", f.id);
  await call("cancel what waits", "baton.cancel($1)", b.id);
  await call("release", "baton.release($1)", token);
  await claim("claim what was blocked", { manifest: [{ name: "fulfil-order", version: 1, shape: "new" }] });
  await database.query("update baton.lease set expires_at = now() - interval '1 hour'");
  await call("tick", "baton.tick()");
  await claim("claim suspects", { suspects: true });
  await call("release suspects", "baton.release($1)", token);
  await claim("claim");
  await call("release", "baton.release($1)", token);
  await call("find_run", "baton.find_run($1)", a.id);
  await call("state", "baton.state($1)", a.id);
  await call("redrives", "baton.redrives($1)", a.id);
  await call("cancel of another life", "baton.cancel($1, $2)", f.id, '{"redrives":7}');
  await call("redrive of another life", "baton.redrive($1, $2)", f.id, '{"redrives":7}');
  await database.query("insert into baton.control select run_id, 'cancel', now() from baton.ready limit 2");
  await call("tick with cancels", "baton.tick()");
  await call("beat", "baton.beat($1, 1000)", token);
  for (const table of ["run", "checkpoint", "failure", "ending", "ready", "blocked", "redrive", "control"])
    await database.query(`delete from baton.${table}`);
}

/** A database with so many weeks of partitions. */
const aged = clonesOf(async (query, weeks: number) => {
  await query("select baton.ensure_partitions()");
  await query("select baton.make_partitions(baton.now() - interval '1 week' * $1, baton.now(), false)", [weeks - 4]);
});

for (const weeks of [5, 265]) {
  test(`no call for a run or a lease locks a partition of another week, at ${weeks} weeks`, async () => {
    await using database = await aged(weeks);
    await using session = await countingSession(database);
    for (let n = 0; n < 10; n++) await live(session, database);
    measured.push(`partitions locked at ${weeks} weeks: ${JSON.stringify(session.locked)}`);
    // Four tables, one week; a redrive one month of the audit beside them, who looks at a run its
    // attributes.
    expect(Object.entries(session.locked).filter(([name, n]) => n > (["redrive", "find_run"].includes(name) ? 5 : 4))).toEqual([]);
  });

  test(`an enqueue that is sent again when its ids are old locks the partitions of their week alone, at ${weeks} weeks`, async () => {
    await using database = await aged(weeks);
    await using session = await countingSession(database);
    const request = JSON.stringify({ runs: newRuns(3) });
    await session.call("enqueue", "baton.enqueue($1)", request);
    await database.advance("2 days");
    for (let n = 0; n < 10; n++) await session.call("enqueue again", "baton.enqueue($1)", request);
    expect(session.locked["enqueue again"]).toBeLessThanOrEqual(4);
  });

  test(`a list locks the partitions of the weeks that its page needs, all where it finds less, at ${weeks} weeks`, async () => {
    await using database = await aged(weeks);
    await using session = await countingSession(database);
    const list = (name: string, facts: object) =>
      session.call(name, "baton.list_runs($1)", JSON.stringify({ limit: 5, paged: true, ...facts }));
    for (const status of ["done", "failed", "cancelled"]) {
      const stored =
        "with stored as (insert into baton.run select baton.new_id(), 'w', 1, 2, '{}', now(), now() from generate_series(1, 5) returning id)";
      await database.query(`${stored} insert into baton.ending select id, $1, null, now() from stored`, [status]);
    }
    await database.query("select baton.enqueue($1)", [JSON.stringify({ runs: newRuns(5, { workflow: "w" }) })]);
    for (let n = 0; n < 10; n++) {
      for (const status of [undefined, "done", "failed", "cancelled", "ready"])
        for (const workflow of [undefined, "w"]) await list("a page", { status, workflow });
      await list("all", { status: "failed", limit: 6, workflow: "w" });
      await list("none", { status: "running", workflow: "w" });
    }
    measured.push(`partitions locked by lists at ${weeks} weeks: ${JSON.stringify(session.locked)}`);
    // This week and the three ahead of run and of ending; all of them, once, where the page is not
    // full.
    expect(session.locked["a page"]).toBeLessThanOrEqual(8);
    expect(session.locked["all"]).toBeLessThanOrEqual(2 * weeks);
    expect(session.locked["none"]).toBeLessThanOrEqual(weeks);
  });

  test(`a repair, which looks at every run, locks the four partitions of each week, at ${weeks} weeks`, async () => {
    await using database = await aged(weeks);
    await using session = await countingSession(database);
    await session.call("repair", "baton.repair()");
    expect(session.locked["repair"]).toBeLessThanOrEqual(4 * weeks);
  });
}
