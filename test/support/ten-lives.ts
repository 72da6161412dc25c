import { randomUUID } from "node:crypto";
import type { Database } from "../../shared/db/database.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { ClaimRequest } from "../../shared/domain/protocol.ts";
import type { Clock } from "./clock.ts";
import { advanceRequest, block, claimRequest, error, failure, member, type Member, newRun, sleep, step } from "./engine-calls.ts";

const ORDER = ["done", "retried", "slept", "redriven", "blocked", "stopped", "strict", "crashed", "cancelled", "released"] as const;

/**
 * Ten runs from enqueue to their endings, each with another life, through one connection, with the
 * time in the test's hands. Gives what became of each, with all times as milliseconds since the
 * start.
 */
export async function liveTenLives(database: Database, clock: Clock, start: Date): Promise<Record<string, unknown>> {
  const calls = runRepository(database);
  await clock.setNow(start);
  const runs = ORDER.map((name, n) => ({ ...newRun({ at: start, input: { name, n } }), ...(n === 0 && { key: "k", hash: "h" }) }));
  const request = { workflow: "fulfil-order", key: "request", hash: "h" };
  const first = await calls.enqueue({ runs, request });
  const again = await calls.enqueue({ runs, request });
  let token = "";
  const claim = async (facts: Partial<ClaimRequest> = {}): Promise<readonly Member[]> => {
    token = randomUUID();
    return (await calls.claim(token, claimRequest(facts))).runs;
  };
  // Of runs that come together, each is due a microsecond after the one before.
  await clock.advance("1 second");
  await calls.tick();
  const members = await claim();
  const of = (name: (typeof ORDER)[number]) => members.find(({ id }) => id === runs[ORDER.indexOf(name)]!.id)!;
  await calls.advance(
    token,
    1,
    advanceRequest({
      steps: [step(of("done"))],
      done: [member(of("done"))],
      failures: [failure(of("retried"))],
      parks: [
        { ...member(of("retried")), delay_ms: 90_000 },
        { ...member(of("cancelled")), delay_ms: 90_000 },
      ],
      sleeps: [sleep(of("slept"))],
      failed: [{ ...member(of("redriven")), error }],
      blocked: [block(of("blocked"))],
    }),
  );
  await calls.redrive(of("redriven").id);
  await calls.cancel(of("stopped").id);
  await calls.cancel(of("cancelled").id);
  const effect = { text: "insert into public.effect values ($1)", values: [of("strict").id] };
  await calls.advanceWith(token, 2, advanceRequest({ strict: true, steps: [step(of("strict"))], done: [member(of("strict"))] }), [effect]);
  await calls.advance(token, 3, advanceRequest({ released: [member(of("released"))] } as never));
  // The poller is gone with the run that crashed.
  await clock.advance("2 minutes");
  const ticked = await calls.tick();
  for (const facts of [{ manifest: [{ name: "fulfil-order", version: 1, shape: "new" }] }, {}, { suspects: true }]) {
    const rest = await claim(facts);
    if (rest.length === 0) continue;
    await calls.advance(
      token,
      1,
      advanceRequest({
        steps: rest.map((run) => step(run, { node: "ship", position: run.id === runs[2]!.id ? 1 : 0 })),
        done: rest.map(member),
      }),
    );
    await calls.release(token);
  }
  const lives: Record<string, unknown> = {
    stored: first.runs?.length,
    again: JSON.stringify(again.runs) === JSON.stringify(first.runs),
    crashed: ticked.crashed,
    listed: (await calls.listRuns({ limit: 20 })).runs.length,
  };
  for (const [n, { id }] of runs.entries()) {
    const facts = (await calls.findRun(id)) as unknown as Record<string, unknown>;
    lives[ORDER[n]!] = [sinceStart(facts, start), await calls.state(id)];
  }
  return lives;
}

/** Without ids, and with each time as milliseconds since the start. */
function sinceStart(facts: Record<string, unknown>, start: Date): unknown {
  return JSON.parse(
    JSON.stringify({ ...facts, id: undefined }, (_, value: unknown) =>
      typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) - start.getTime() : value,
    ),
  );
}
