import pg from "pg";
import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { advanceRequest, engineOf, member, newRun, newRuns, step, type Held, type Member } from "../support/engine-calls.ts";
import { seededRandom } from "../support/random.ts";
import { until } from "../support/until.ts";

const PARENTS = 50;
const POLLERS = 4;
const ROUNDS = 3;
const NODE = "items";

/** Parents, each of which waits at one node for four children, one in each of four leases. */
async function families(engine: ReturnType<typeof engineOf>): Promise<readonly Held[]> {
  await engine.enqueue(newRuns(PARENTS, { workflow: "parents", input: {} }));
  const parents = await engine.claim({ max: PARENTS });
  const leases: Held[] = [];
  for (let n = 0; n < POLLERS; n++) {
    const starts = parents.runs.map((parent) => ({ parent, id: newRun().id }));
    await engine.advance(parents.token, n + 1, {
      steps: starts.map(({ parent, id }) => step(parent, { node: `${NODE}/0000${n}/~child/00000`, attempt: 0, output: { run: id } })),
      children: starts.map(({ parent, id }) => ({ ...member(parent), node: NODE, id, workflow: "children", version: 1, input: {} })),
    });
    leases.push(await engine.claim({ max: PARENTS }));
  }
  await engine.advance(parents.token, POLLERS + 1, {
    family: parents.runs.map((parent) => ({ ...member(parent), awaits: [NODE] })),
    parks: parents.runs.map((parent) => ({ ...member(parent), delay_ms: null, bytes: 2 })),
  });
  return leases;
}

const { random, seed } = seededRandom();
/** Each lease ends its children in an order of its own. */
const shuffled = (runs: readonly Member[]) =>
  runs
    .map((run) => ({ run, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ run }) => run);

test(
  `four pollers that end children of the same 50 parents at one moment meet no deadlock, and each parent goes on (BATON_SEED=${seed})`,
  { timeout: 240_000 },
  async () => {
    await using database = await createTestDatabase();
    const engine = engineOf(database);
    const sessions = Array.from({ length: POLLERS }, () => new pg.Client(database.url("poller")));
    const holder = new pg.Client(database.ownerUrl);
    await Promise.all([...sessions, holder].map((session) => session.connect()));
    const pids = await Promise.all(
      sessions.map(async (session) => (await session.query("select pg_backend_pid() as pid")).rows[0].pid as number),
    );
    const waiting = async () => {
      const text = "select count(*)::int as n from pg_stat_activity where pid = any ($1) and wait_event_type = 'Lock'";
      return (await holder.query<{ n: number }>(text, [pids])).rows[0]!.n;
    };
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const leases = await families(engine);
        expect(leases.map(({ runs }) => runs.length)).toEqual(Array(POLLERS).fill(PARENTS));
        // All of them have begun before one goes on.
        await holder.query("begin");
        await holder.query(
          "select from baton.awaited where parent_id = (select parent_id from baton.awaited order by random() limit 1) for update",
        );
        const ends = leases.map(({ token, runs }, n) => {
          const order = shuffled(runs);
          const request = advanceRequest({ steps: order.map((run) => step(run, { node: "work", output: 1 })), done: order.map(member) });
          return sessions[n]!.query("select baton.advance($1, 1, $2)", [token, request]);
        });
        const ended = Promise.all(ends);
        await until("all of them wait", async () => (await waiting()) === POLLERS);
        await holder.query("commit");
        await ended;
        await database.assertInvariants();
        expect(await database.query("select count(*)::int as n from baton.awaited where open <> 0")).toEqual([{ n: 0 }]);
        const due =
          "select count(*)::int as n from baton.ready q join baton.run r on r.id = q.run_id where r.workflow = 'parents' and q.run_at <= baton.now()";
        expect(await database.query(due)).toEqual([{ n: PARENTS }]);
        await database.query("truncate baton.ready, baton.run, baton.checkpoint, baton.ending, baton.child, baton.awaited, baton.lease");
      }
    } finally {
      await Promise.all([...sessions, holder].map((session) => session.end()));
    }
    const deadlocks = "select deadlocks::int from pg_stat_database where datname = current_database()";
    expect(await database.query(deadlocks)).toEqual([{ deadlocks: 0 }]);
  },
);
