import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, expect, test } from "vitest";
import type { AdvanceRequest, ClaimAnswer, ClaimRequest } from "../../shared/domain/protocol.ts";
import { decodeRuns } from "../../shared/domain/wire.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { advanceRequest, block, claimRequest, error, failure, member, type Member, newRuns, sleep, step } from "../support/engine-calls.ts";

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
  for (const table of ["run", "checkpoint", "failure", "ending", "ready", "blocked", "redrive", "control"])
    await database.query(`delete from baton.${table}`);
}

test("no call locks a partition of another week, at 5 and at 265 weeks", async () => {
  const counts: Record<string, number>[] = [];
  for (const weeks of [5, 265]) {
    await using database = await createTestDatabase();
    await database.query("select baton.ensure_partitions()");
    await database.query("select baton.make_partitions(baton.now() - interval '1 week' * $1, baton.now(), false)", [weeks - 4]);
    await using session = await countingSession(database);
    for (let n = 0; n < 10; n++) await live(session, database);
    measured.push(`partitions locked at ${weeks} weeks: ${JSON.stringify(session.locked)}`);
    counts.push(session.locked);
  }
  // Four tables, one week.
  for (const { find_run: _, ...locked } of counts) expect(Object.entries(locked).filter(([, n]) => n > 4)).toEqual([]);
});
