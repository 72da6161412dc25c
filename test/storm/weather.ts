import { setTimeout as pause } from "node:timers/promises";
import type { Fault, FaultPlan } from "../../infra/local/faults.ts";
import { withClient } from "../../infra/migrate/connection.ts";
import type { Ledger } from "./ledger.ts";
import { type Pollers, TTL_MS } from "./pollers.ts";
import type { StormServer } from "./server.ts";

type Event = "restart" | "terminate" | "kill" | "freeze";

/**
 * A hand of the storm: what comes, and how often. Shuffled by the seed, so that each kind comes
 * soon and none in a row only.
 */
const HAND: readonly Event[] = [
  "restart",
  ...Array<Event>(12).fill("terminate"),
  ...Array<Event>(4).fill("kill"),
  ...Array<Event>(2).fill("freeze"),
];
const FAULTS: readonly Fault[] = [
  { kind: "drop-before" },
  { kind: "status-before", status: 503 },
  { kind: "delay-before", ms: 30 },
  { kind: "drop-after" },
  { kind: "status-after", status: 502 },
  { kind: "status-after", status: 507 },
  { kind: "no-code-after" },
  { kind: "truncate" },
  { kind: "garble" },
  { kind: "repeat", times: 2 },
  { kind: "repeat-concurrently" },
  { kind: "late-copy", ms: 50 },
  { kind: "late-copy", ms: 3_000 },
];
/** The request was carried out, and its caller does not learn so. */
const LOSING = new Set<Fault["kind"]>(["drop-after", "status-after", "no-code-after", "truncate", "garble"]);

/** One request in eight meets something on its way. */
export function networkFaults(ledger: Ledger, random: () => number): FaultPlan {
  return () => {
    if (random() < 0.875) return undefined;
    const fault = FAULTS[Math.floor(random() * FAULTS.length)]!;
    if (LOSING.has(fault.kind)) ledger.counts.lostAnswers++;
    return fault;
  };
}

/**
 * Restarts, terminates, kills and freezes until the storm is over; resolves when nothing is frozen
 * any more.
 */
export async function storm(
  server: StormServer,
  pollers: Pollers,
  ledger: Ledger,
  random: () => number,
  lasts: () => boolean,
): Promise<void> {
  const frozen: Promise<void>[] = [];
  let hand: Event[] = [];
  for (; lasts(); await pause(200 + random() * 1_800)) {
    if (hand.length === 0) hand = shuffle(HAND, random);
    const event = hand.pop()!;
    const slot = Math.floor(random() * pollers.count);
    if (event === "restart") await server.restart();
    if (event === "restart") ledger.counts.restarts++;
    if (event === "terminate") ledger.counts.terminated += await terminate(server, 1 + Math.floor(random() * 4), random());
    if (event === "kill") await pollers.kill(slot);
    if (event === "kill") ledger.counts.kills++;
    if (event === "freeze") frozen.push(pollers.freeze(slot, TTL_MS * (1.25 + random())));
    if (event === "freeze") ledger.counts.freezes++;
  }
  await Promise.all(frozen);
}

/** Ends some sessions of the callers, in whatever statement they are; returns how many. */
async function terminate(server: StormServer, most: number, chance: number): Promise<number> {
  const text = `
    select pg_terminate_backend(pid) from pg_stat_activity
    where usename in ('producer', 'poller', 'operator', 'reader')
    order by state = 'active' desc, md5(pid::text || $2::text) limit $1`;
  return withClient(server.ownerUrl, async (client) => (await client.query(text, [most, chance])).rows.length);
}

/** Fisher and Yates. */
function shuffle<Item>(items: readonly Item[], random: () => number): Item[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
  }
  return shuffled;
}
