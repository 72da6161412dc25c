import { expect } from "vitest";
import * as z from "zod";
import type { Driver } from "../../shared/db/connect.ts";
import type { NewRun } from "../../shared/domain/protocol.ts";
import { pollQueue } from "../../shared/engine/poll/poll-queue.ts";
import { systemClock } from "../../shared/engine/ports.ts";
import { defineWorkflow } from "../../shared/index.ts";
import type { TestDatabase } from "./database.ts";
import { block, type Engine, engineOf, failure, type Held, member, newRun, sleep, step } from "./engine-calls.ts";
import { createPoller } from "./poller.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const START = Date.parse("2027-03-10T12:00:00.000Z");

/** What each run was asked to wait, from when it came to its place. */
export const ASKED = {
  ready: 0,
  released: 0,
  leased: 0,
  cancelled: 0,
  blocked: 0,
  retrying: 90 * MINUTE,
  sleeping: 3 * DAY,
  delayed: 2 * HOUR,
} as const;
export type Place = keyof typeof ASKED;
export const PLACES = Object.keys(ASKED) as Place[];

/**
 * A service whose clock is moved: elapsed is the true time since the start, offset how far the
 * clock is from it.
 */
export class Service {
  readonly database: TestDatabase;
  readonly engine: Engine;
  readonly driver: Driver;
  readonly runs = new Map<string, string>();
  readonly done = new Map<string, number>();
  /** How many minutes each run still waited two ticks after the clock had jumped away. */
  awayWaits: Record<string, number | null> = {};
  private elapsed = 0;
  private offset = 0;

  constructor(database: TestDatabase, driver: Driver) {
    this.database = database;
    this.driver = driver;
    this.engine = engineOf(database, driver);
  }

  get now(): Date {
    return new Date(START + this.elapsed + this.offset);
  }

  jump(by: number): Promise<void> {
    this.offset += by;
    return this.database.setNow(this.now);
  }

  jumpTo(offset: number): Promise<void> {
    return this.jump(offset - this.offset);
  }

  pass(time: number): Promise<void> {
    this.elapsed += time;
    return this.database.setNow(this.now);
  }

  /**
   * Time passes with a tick every ten minutes, as if all pollers were busy with other things than
   * these runs.
   */
  async tickFor(time: number): Promise<void> {
    for (let left = time; left > 0; left -= 10 * MINUTE) {
      await this.pass(10 * MINUTE);
      await this.engine.tick();
    }
  }

  /** Brings a run into each place; when: the word by which they are told from others. */
  async place(when: string): Promise<void> {
    await this.lease(when, "blocked", ({ runs, token }) => this.engine.advance(token, 1, { blocked: [block(runs[0]!)] }));
    await this.lease(when, "retrying", ({ runs, token }) =>
      this.engine.advance(token, 1, {
        failures: [failure(runs[0]!, { delay_ms: ASKED.retrying })],
        parks: [{ ...member(runs[0]!), delay_ms: ASKED.retrying }],
      }),
    );
    await this.lease(when, "sleeping", ({ runs, token }) =>
      this.engine.advance(token, 1, { steps: [step(runs[0]!)], sleeps: [sleep(runs[0]!, { position: 1, delay_ms: ASKED.sleeping })] }),
    );
    const { token } = await this.lease(when, "released", async () => undefined);
    await this.lease(when, "leased", ({ token, runs }) => this.engine.advance(token, 1, { steps: [step(runs[0]!)] }), false);
    await this.lease(when, "cancelled", ({ runs }) => this.engine.cancel(runs[0]!.id), false);
    await this.engine.release(token);
    await this.enqueue(when, "ready");
    await this.enqueue(when, "delayed", { delay_ms: ASKED.delayed });
  }

  async enqueue(when: string, place: string, facts: Partial<NewRun> = {}): Promise<string> {
    const run = newRun({ at: this.now, workflow: "order", input: { n: this.runs.size }, ...facts });
    await this.engine.enqueue([run]);
    this.runs.set(`${when} ${place}`, run.id);
    return run.id;
  }

  /**
   * Claims one run by itself and does something with it; its poller then ends, or is never heard of
   * again.
   */
  private async lease(when: string, place: Place, act: (held: Held) => Promise<unknown>, ends = place !== "released"): Promise<Held> {
    await this.pass(1_000);
    // Nothing older.
    const low = Object.fromEntries([0, 1, 2, 3].map((band) => [band, this.now.toISOString()]));
    await this.enqueue(when, place);
    await this.pass(1_000);
    const held = await this.engine.claim({ low });
    expect(held.runs.map(({ id }) => id)).toEqual([this.runs.get(`${when} ${place}`)]);
    await act(held);
    if (ends) await this.engine.release(held.token);
    return held;
  }

  /** How many minutes each run still waits, rounded up; null: it is blocked or has ended. */
  async waits(): Promise<Record<string, number | null>> {
    const rows = await this.database.query<{ run_id: string; minutes: number }>(
      "select run_id, greatest(ceil(extract(epoch from run_at - baton.now() - interval '1 second') / 60), 0)::int as minutes from baton.ready",
    );
    const of = new Map(rows.map(({ run_id, minutes }) => [run_id, minutes]));
    return Object.fromEntries([...this.runs].map(([name, id]) => [name, of.get(id) ?? null]));
  }

  /** Real pollers work on whatever is due, again and again, until this much time has passed. */
  async work(...times: number[]): Promise<void> {
    // Its clock stands as the database's does: how long a busy machine takes is no time that
    // passes.
    const clock = { ...systemClock, now: () => 0 };
    const poller = createPoller(this.database.connect("poller", this.driver), [this.workflow], { clock });
    await pollQueue(poller);
    for (const time of times) {
      await this.pass(time);
      await pollQueue(poller);
    }
  }

  /** How each run ended, what is stored of it, and how often its steps ran here. */
  async outcomes(): Promise<Record<string, unknown>> {
    const rows = await this.database.query<{ id: string; facts: unknown }>(
      `select r.id, jsonb_build_array(coalesce((select e.status from baton.ending e where e.run_id = r.id), baton.place_status(r.id, baton.now())),
         (select string_agg(node || ' ' || attempt, ', ' order by position) from baton.checkpoint c where c.run_id = r.id),
         (select count(*) from baton.failure f where f.run_id = r.id and node <> '')) as facts from baton.run r`,
    );
    const of = new Map(rows.map(({ id, facts }) => [id, facts]));
    expect(of.size).toBe(this.runs.size);
    return Object.fromEntries([...this.runs].map(([name, id]) => [name, { stored: of.get(id), ran: this.done.get(id) ?? 0 }]));
  }

  private readonly workflow = defineWorkflow({ name: "order", version: 1, input: z.object({ n: z.int() }) })
    .step("reserve", (_state, { runId }) => this.count(runId))
    .sleep("cool-off", "3 days")
    .step("ship", (_state, { runId }) => this.count(runId));

  private count(id: string): void {
    this.done.set(id, (this.done.get(id) ?? 0) + 1);
  }
}
