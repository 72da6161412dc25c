import type { AdvanceRequest, ClaimedRun } from "../../shared/domain/protocol.ts";
import type { TestDatabase } from "./database.ts";
import { advanceRequest, engineOf, error, leaseOf, member, newRun } from "./engine-calls.ts";
import type { Call } from "./interleaving.ts";

const MONTH = 30 * 24 * 3_600_000;
const manifest = [{ name: "fulfil-order", version: 1, shape: "new", waits: true as const }];

export const keys = [{ name: "paid", key: "o-1" }];
export const byKey = { workflow: "fulfil-order", key: "o-1", name: "paid", body: 5 };

export const signal = (more: object = {}): Call => ({
  role: "producer",
  text: "baton.signal($1)",
  values: [JSON.stringify({ ...byKey, ...more })],
});
export const advance = (token: string, facts: Partial<AdvanceRequest>): Call => ({
  role: "poller",
  text: "baton.advance($1, 1, $2)",
  values: [token, advanceRequest(facts)],
});
export const operate = (name: string, id: string): Call => ({ role: "operator", text: `baton.${name}($1)`, values: [id] });
export const tick: Call = { role: "poller", text: "baton.tick()", values: [] };

export const named = (run: ClaimedRun) => ({ ...member(run), names: ["paid"], keys });
export const parkOf = (run: ClaimedRun, delayMs = MONTH) => ({ waits: [{ ...named(run), delay_ms: delayMs, bytes: 2 }] });
export const failed = (run: ClaimedRun) => ({ failed: [{ ...member(run), error }] });

interface Held {
  readonly token: string;
  readonly run: ClaimedRun;
}

/** Runs that wait by the key `o-1`, and what is stored of it. */
export function keyedRuns(database: TestDatabase) {
  const engine = engineOf(database);
  const claimAgain = async (): Promise<Held> => {
    const { token, runs } = await engine.claim({ manifest });
    return { token, run: runs[0]! };
  };
  /** Also where the clock is ahead. */
  const leasedRun = async (): Promise<Held> => {
    const [clock] = await database.query<{ at: Date }>("select baton.now() as at");
    const { token, runs } = await leaseOf(engine, [newRun(clock)]);
    return { token, run: runs[0]! };
  };
  /** One that has the key, in a lease again. */
  const leasedOwner = async (): Promise<Held> => {
    const { token, run } = await leasedRun();
    await engine.advance(token, 1, parkOf(run, 0));
    return claimAgain();
  };
  const waitingOwner = async (): Promise<string> => {
    const { token, run } = await leasedRun();
    await engine.advance(token, 1, parkOf(run));
    return run.id;
  };
  const endedOwner = async (): Promise<string> => {
    const { token, run } = await leasedOwner();
    await engine.advance(token, 1, failed(run));
    return run.id;
  };
  return {
    engine,
    claimAgain,
    leasedRun,
    leasedOwner,
    waitingOwner,
    endedOwner,
    send: (more: object = {}) => engine.signal({ ...byKey, ...more }),
    messages: () => database.query("select run_id as run, body from baton.message order by n"),
    unclaimed: () => database.query("select body from baton.unclaimed order by n"),
    owners: () => database.query("select key, run_id as run from baton.signal_key"),
  };
}
