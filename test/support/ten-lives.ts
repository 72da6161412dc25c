import { randomUUID } from "node:crypto";
import type { Database } from "../../shared/db/database.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { AdvanceRequest, ClaimRequest } from "../../shared/domain/protocol.ts";
import type { Clock } from "./clock.ts";
import { advanceRequest, block, claimRequest, error, failure, member, type Member, newRun, sleep, step } from "./engine-calls.ts";

const ORDER = ["done", "retried", "slept", "redriven", "blocked", "stopped", "strict", "crashed", "cancelled", "released"] as const;

type Name = (typeof ORDER)[number];

/**
 * Ten runs from enqueue to their endings, each with another life, or as many times ten side by
 * side, through one connection, with the time in the test's hands. Gives what became of each, with
 * all times as milliseconds since the start.
 */
export async function liveTenLives(database: Database, clock: Clock, start: Date, times = 1): Promise<Record<string, unknown>> {
  const calls = runRepository(database);
  await clock.setNow(start);
  const runs = Array.from({ length: ORDER.length * times }, (_, n) => {
    const name = ORDER[n % ORDER.length]!;
    return { ...newRun({ at: start, input: { name, n, text: "ü€あ" } }), ...(name === "done" && { key: `k${n}`, hash: "h" }) };
  });
  const names = new Map(runs.map(({ id }, n) => [id, ORDER[n % ORDER.length]!]));
  const request = { workflow: "fulfil-order", key: "request", hash: "h" };
  const first = await calls.enqueue({ runs, request });
  const again = await calls.enqueue({ runs, request });
  let token = "";
  const claim = async (facts: Partial<ClaimRequest> = {}): Promise<readonly Member[]> => {
    token = randomUUID();
    return (await calls.claim(token, claimRequest({ max: runs.length, ...facts }))).runs;
  };
  // Of runs that come together, each is due a microsecond after the one before.
  await clock.advance("1 second");
  await calls.tick();
  const members = await claim();
  const of = (...wanted: Name[]) => members.filter(({ id }) => wanted.includes(names.get(id)!));
  await calls.advance(token, 1, advanceRequest(firstRound(of)));
  for (const { id } of of("redriven")) await calls.redrive(id);
  for (const { id } of of("stopped", "cancelled")) await calls.cancel(id);
  const effects = of("strict").map(({ id }) => ({ text: "insert into public.effect values ($1)", values: [id] }));
  const strict = { steps: of("strict").map((run) => step(run)), done: of("strict").map(member) };
  await calls.advanceWith(token, 2, advanceRequest({ strict: true, ...strict }), effects);
  await calls.advance(token, 3, advanceRequest({ released: of("released").map(member) } as never));
  // The poller is gone with the runs that crashed.
  await clock.advance("2 minutes");
  const ticked = await calls.tick();
  for (const facts of [{ manifest: [{ name: "fulfil-order", version: 1, shape: "new" }] }, {}, { suspects: true }]) {
    for (let rest = await claim(facts); rest.length > 0; rest = await claim(facts)) {
      const steps = rest.map((run) => step(run, { node: "ship", position: names.get(run.id) === "slept" ? 1 : 0 }));
      await calls.advance(token, 1, advanceRequest({ steps, done: rest.map(member) }));
      await calls.release(token);
    }
  }
  const lives: Record<string, unknown> = {
    stored: first.runs?.length,
    again: JSON.stringify(again.runs) === JSON.stringify(first.runs),
    crashed: ticked.crashed,
    listed: (await calls.listRuns({ limit: 20 })).runs.length,
  };
  for (const [n, { id }] of runs.entries()) {
    const facts = (await calls.findRun(id)) as unknown as Record<string, unknown>;
    lives[`${names.get(id)} ${n}`] = [sinceStart(facts, start), await calls.state(id)];
  }
  return lives;
}

function firstRound(of: (...wanted: Name[]) => readonly Member[]): Partial<AdvanceRequest> {
  return {
    steps: of("done").map((run) => step(run)),
    done: of("done").map(member),
    failures: of("retried").map((run) => failure(run)),
    parks: of("retried", "cancelled").map((run) => ({ ...member(run), delay_ms: 90_000 })),
    sleeps: of("slept").map((run) => sleep(run)),
    failed: of("redriven").map((run) => ({ ...member(run), error })),
    blocked: of("blocked").map((run) => block(run)),
  };
}

/** Without ids, and with each time as milliseconds since the start. */
function sinceStart(facts: Record<string, unknown>, start: Date): unknown {
  return JSON.parse(
    JSON.stringify({ ...facts, id: undefined }, (_, value: unknown) =>
      typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) - start.getTime() : value,
    ),
  );
}
