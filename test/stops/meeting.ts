import pg from "pg";
import type { TestDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";
import { instrument, STOP_LOCK } from "./instrument.ts";
import { make, type Outcome, type SceneCall } from "./scene.ts";

/** Two sessions of the owner's, and who holds up the first at a stop. */
export interface Meeting extends AsyncDisposable {
  /** The points that a call passes, in order and each once; it is made. */
  pointsOf(call: SceneCall): Promise<string[]>;
  /**
   * Stops one call at a point, lets another come as far as it can, and then both go on. The second
   * outcome tells whether that one had to wait.
   */
  meet(one: SceneCall, point: string, other: SceneCall): Promise<[Outcome, Outcome]>;
}

/** Instruments the functions of a database whose clock is as it is to stay. */
export async function openMeeting(database: TestDatabase): Promise<Meeting> {
  await instrument(database.query);
  const sessions = Array.from({ length: 3 }, () => new pg.Client(database.ownerUrl));
  const [holder, first, second] = sessions as [pg.Client, pg.Client, pg.Client];
  await Promise.all(sessions.map((session) => session.connect()));
  // Once both go on, the first learns at once of a wait that only another's end would end.
  await first.query("set deadlock_timeout = '1ms'");
  const pids = await Promise.all(
    sessions.map(async (session) => (await session.query("select pg_backend_pid() as pid")).rows[0].pid as number),
  );
  const waits = async (pid: number) =>
    (await database.query("select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'", [pid])).length > 0;
  return {
    async pointsOf(call) {
      const points = new Set<string>();
      const note = ({ message }: { message?: string | undefined }) => void points.add(message ?? "");
      first.on("notice", note);
      await first.query("set test_stops.trace = 'on'");
      await make(first, call);
      await first.query("set test_stops.trace = 'off'");
      first.off("notice", note);
      return [...points];
    },
    async meet(one, point, other) {
      await holder.query(`select pg_advisory_lock(${STOP_LOCK})`);
      await first.query("select set_config('test_stops.at', $1, false)", [point]);
      let over = [false, false];
      const stopped = make(first, one).finally(() => (over = [true, over[1]!]));
      await until(`${one.text} has come to ${point}`, async () => over[0]! || (await waits(pids[1]!)), 5);
      const going = make(second, other).finally(() => (over = [over[0]!, true]));
      await until(`${other.text} is over or waits`, async () => over[1]! || (await waits(pids[2]!)), 5);
      const waited = !over[1];
      await holder.query(`select pg_advisory_unlock(${STOP_LOCK})`);
      return [await stopped, { ...(await going), waited }];
    },
    [Symbol.asyncDispose]: async () => void (await Promise.all(sessions.map((session) => session.end()))),
  };
}
