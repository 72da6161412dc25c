import { setTimeout as pause } from "node:timers/promises";
import { withClient } from "../../infra/migrate/connection.ts";
import type { Ledger } from "./ledger.ts";
import type { StormServer } from "./server.ts";

/**
 * What is stored for good: each output, and each ending that nothing may follow. since: only what
 * is this young, in seconds.
 */
const STORED = `
  select run_id || ' ' || node as what, md5(output::text || attempt) as value from baton.checkpoint
  where finished_at > now() - make_interval(secs => $1)
  union all
  select run_id || ' ended as', status from baton.ending
  where status in ('done', 'cancelled') and at > now() - make_interval(secs => $1)`;
const COUNT = "select count(*)::int as ended from baton.ending where status in ('done', 'cancelled')";

/**
 * How often, and how far back beyond that: a round may be committed some time after its steps have
 * finished.
 */
const EVERY_MS = 2_000;
const BACK_SECONDS = 30;

/** Looks again and again at what is stored, so that a change is noticed whatever comes after it. */
export async function watch(server: StormServer, ledger: Ledger, lasts: () => boolean): Promise<void> {
  for (; lasts(); await pause(EVERY_MS)) {
    // While the server is away there is nothing to see.
    await look(server, ledger, BACK_SECONDS).catch(() => undefined);
  }
}

export async function look(server: StormServer, ledger: Ledger, seconds: number): Promise<void> {
  await withClient(server.ownerUrl, async (client) => {
    const { rows } = await client.query<{ what: string; value: string }>(STORED, [seconds]);
    for (const { what, value } of rows) ledger.remember(what, value);
    ledger.ended = (await client.query<{ ended: number }>(COUNT)).rows[0]!.ended;
  });
}
