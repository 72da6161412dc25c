import { setTimeout as pause } from "node:timers/promises";
import { withClient } from "../../infra/migrate/connection.ts";
import type { Ledger } from "./ledger.ts";
import type { StormServer } from "./server.ts";

/** Of an ending e: what had something to undo is undone, or was tried, and nobody redrives it. */
export const IS_UNDONE = `(exists (select from baton.checkpoint v where v.run_id = e.run_id and v.node = '~verdict')
  and not exists (select from baton.checkpoint u where u.run_id = e.run_id and u.node = '~undone' and u.output = '0'))`;

/**
 * What is stored for good: each output, and each ending that nothing may follow. since: only what
 * is this young, in seconds. A redrive takes back that nothing was to be undone, and that of a
 * parent the cancel of its child.
 */
const STORED = `
  select run_id || ' ' || node as what, md5(output::text || attempt) as value from baton.checkpoint
  where finished_at > now() - make_interval(secs => $1) and node not in ('~verdict', '~undone')
  union all
  select run_id || ' ended as', status from baton.ending
  where (status = 'done' or (status = 'cancelled' and not exists (select from baton.child c where c.run_id = ending.run_id and not c.detached))) and at > now() - make_interval(secs => $1)`;
const COUNT = `
  select count(*)::int as ended from baton.ending e join baton.run r on r.id = e.run_id
  where r.workflow not in ('storm-part', 'storm-note') and (status in ('done', 'cancelled') or ${IS_UNDONE})`;

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
