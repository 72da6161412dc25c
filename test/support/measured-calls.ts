import pg from "pg";
import type { AnyWorkflow } from "../../shared/domain/workflow-types.ts";
import { pollQueue } from "../../shared/engine/poll/poll-queue.ts";
import type { TestDatabase } from "./database.ts";
import { createPoller } from "./poller.ts";

/** A call of the engine, and its WAL bytes but for the commit record. */
export interface MeasuredCall {
  readonly call: string;
  readonly bytes: number;
}

export const namesOf = (part: readonly MeasuredCall[]) => part.map(({ call }) => call);

/** Without the ticks, which may make partitions. */
export const bytesOf = (part: readonly MeasuredCall[]) =>
  part.filter(({ call }) => call !== "tick").reduce((sum, { bytes }) => sum + bytes, 0);

/** Calls of a session of its own, each with what it writes. */
export async function measuredCalls(database: TestDatabase) {
  const session = new pg.Client({ connectionString: database.ownerUrl });
  await session.connect();
  let calls: MeasuredCall[] = [];

  /** Measures a call; it is repeated for its answer, which changes nothing. */
  async function measure(call: string, ...values: readonly string[]): Promise<void> {
    const literals = values.map((value) => pg.escapeLiteral(value));
    const { rows } = await session.query(`explain (analyze, wal, timing off, format json) select baton.${call}(${literals.join(", ")})`);
    calls.push({ call, bytes: rows[0]["QUERY PLAN"][0].Plan["WAL Bytes"] ?? 0 });
  }

  return {
    measure,
    /** The calls that something makes. */
    during: async (act: () => Promise<unknown>): Promise<readonly MeasuredCall[]> => {
      calls = [];
      await act();
      return calls;
    },
    /** A poller whose calls are measured. */
    poll: (workflows: readonly AnyWorkflow[], overrides: Parameters<typeof createPoller>[2] = {}) => {
      const poller = createPoller(database.database, workflows, overrides);
      const { store } = poller;
      return pollQueue({
        ...poller,
        store: {
          ...store,
          tick: () => measure("tick").then(() => store.tick()),
          claim: (token, request) => measure("claim", token, JSON.stringify(request)).then(() => store.claim(token, request)),
          advance: (token, number, request) =>
            measure("advance", token, String(number), request).then(() => store.advance(token, number, request)),
        },
      });
    },
    end: () => session.end(),
  };
}
