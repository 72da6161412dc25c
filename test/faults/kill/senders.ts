import { existsSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { runRepository } from "../../../shared/db/run-repository.ts";
import { systemClock } from "../../../shared/engine/ports.ts";
import { beat, complete, decide, fail, type WaitAnswerer } from "../../../shared/engine/produce/answer-wait.ts";
import { readTicket } from "../../../shared/engine/tickets.ts";
import type { TestDatabase } from "../../support/database.ts";
import { ticketKeys } from "../../support/tickets.ts";
import type { OfferLine } from "./waiting-workflow.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const OVER = "WaitOverError";

/** Who sends signals and answers what is handed out: each loses its first answer, and repeats. */
export function createSenders(database: TestDatabase, offers: string, random: () => number) {
  const queue = runRepository(database.connect("signaller"));
  const producer = runRepository(database.connect("producer"));
  const answerer: WaitAnswerer = { queue, workflows: [], clock: systemClock, random: Math.random, logger: silent };
  let answered = 0;

  /** The second time it is a repeat, or the wait is over. */
  async function twice(call: () => Promise<{ readonly status: string }>): Promise<void> {
    await call().catch(ignoreOver);
    const again = await call().catch(ignoreOver);
    expect([undefined, "repeated"]).toContain(again?.status);
  }

  async function answer({ n, kind, token }: OfferLine): Promise<void> {
    const ticket = readTicket(ticketKeys, token, Date.now()) as never;
    if (kind === "approval") return twice(() => decide(answerer, ticket, { by: "Ada", comment: null }));
    if (random() < 0.3) await beat(answerer, ticket, { percent: 50 }).catch(ignoreOver);
    if (random() < 0.2) return twice(() => fail(answerer, ticket, { name: "Crash", message: "it is broken", retryable: true }));
    return twice(() => complete(answerer, ticket, n));
  }

  return {
    /** To a run by its id, or by the key that it has or will have; mostly before it waits. */
    async signal({ id, n }: { readonly id: string; readonly n: number }): Promise<void> {
      const target = n % 2 === 0 ? { run: id } : { workflow: "waiting", key: `order-${n}` };
      await twice(() => producer.signal({ ...target, name: "paid", body: n, id: `paid-${n}` }));
      await twice(() => producer.signal({ run: id, name: "shipped", body: n, id: `shipped-${n}` }));
    },
    /** What was handed out since the last time. */
    async answerOffers(): Promise<void> {
      const lines = existsSync(offers) ? readFileSync(offers, "utf8").split("\n").slice(0, -1) : [];
      const fresh = lines.slice(answered);
      answered = lines.length;
      for (const line of fresh) await answer(JSON.parse(line) as OfferLine);
    },
  };
}

function ignoreOver(thrown: unknown): undefined {
  if ((thrown as Error).name !== OVER) throw thrown;
}

/** Every run has gone on with what was sent to it, and nothing that was accepted is left over. */
export async function verifyWaits(database: TestDatabase, runs: number): Promise<void> {
  const rows = await database.query<{ n: number; output: unknown }>(
    `select (r.input ->> 'n')::int as n, c.output from baton.run r join baton.ending e on e.run_id = r.id and e.status = 'done'
     join baton.checkpoint c on c.run_id = r.id and c.node = 'last' where r.workflow = 'waiting' order by n`,
  );
  const expected = Array.from({ length: runs }, (_, index) => index + 1).map((n) => ({
    n,
    output: { paid: n, decision: "approve", transcribe: n, shipped: n },
  }));
  expect(rows).toEqual(expected);
  expect(
    await database.query("select name from baton.message where strpos(name, '~') = 0 union all select name from baton.unclaimed"),
  ).toEqual([]);
}
