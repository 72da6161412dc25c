import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OlderSchemaError } from "../../shared/domain/database-errors.ts";
import type { AcceptedRun, AdvanceRequest, ClaimAnswer, EnqueueRequest } from "../../shared/domain/protocol.ts";
import { acceptedRuns, decodeRuns, encodeRound, encodeRuns } from "../../shared/domain/wire.ts";
import { seed } from "./seed.ts";

const step = { place: 3, run: "run-1", node: "charge", position: 0, attempt: 1, age_ms: 5, took_ms: 7, output: { id: "c" } };
const columns = {
  id: ["a", "b"],
  place: [0, 4],
  workflow: ["order", "ship"],
  version: [1, 2],
  input: [{ n: 1 }, null],
  outputs: { b: { charge: 1 } },
  failures: { b: { charge: 2 } },
  forgiven: null,
};
const answer = (runs: unknown) => ({ round: 1, low: {}, due_in_ms: null, suspects: false, stopped: [], runs }) as never;

describe("an enqueue on the wire", () => {
  const run = { id: "a", workflow: "order", version: 1, priority: 2, input: { n: 1 } };
  const decoded = (request: EnqueueRequest): unknown => JSON.parse(encodeRuns(request));

  it("has runs by columns, null where one has none, and once what they share", () => {
    expect(decoded({ fresh: true, runs: [run, { ...run, id: "b", priority: 0, delay_ms: 5 }] })).toEqual({
      columns: { id: ["a", "b"], input: [{ n: 1 }, { n: 1 }], priority: [2, 0], delay_ms: [null, 5] },
      shared: { workflow: "order", version: 1 },
      fresh: true,
      checked: true,
    });
  });

  const request = { workflow: "order", key: "k", hash: "h" };
  const columns = { id: ["a"], input: [{ n: 1 }] };
  it.each([
    ["were sent before", { runs: [run] }, { columns, fresh: false }],
    [
      "have keys",
      { fresh: true, runs: [{ ...run, key: "k", hash: "h" }] },
      { columns: { ...columns, key: ["k"], hash: ["h"] }, fresh: true },
    ],
    ["stand for a request with a key", { fresh: true, runs: [run], request }, { columns, fresh: true, request }],
  ] satisfies [string, EnqueueRequest, object][])("has them so when they %s, too", (_, given, sent) => {
    expect(decoded(given)).toEqual({ ...sent, shared: { workflow: "order", version: 1, priority: 2 }, checked: true });
  });
});

describe("a round on the wire", () => {
  it("has one array for each column of steps, done and failed, and the rest as it is", () => {
    const error = { name: "Error", message: "no" };
    const request: AdvanceRequest = {
      ttl_ms: 30_000,
      checked: true,
      steps: [step],
      done: [{ place: 3, run: "run-1" }],
      failed: [{ place: 4, run: "run-2", error }],
      parks: [{ place: 5, run: "run-3", delay_ms: 10 }],
    };
    expect(JSON.parse(encodeRound(request))).toEqual({
      ttl_ms: 30_000,
      checked: true,
      steps: Object.fromEntries(Object.entries(step).map(([key, value]) => [key, [value]])),
      done: { place: [3], run: ["run-1"] },
      failed: { place: [4], run: ["run-2"], error: [error] },
      parks: [{ place: 5, run: "run-3", delay_ms: 10 }],
    });
  });

  it("says nothing of what there is none of", () => {
    expect(encodeRound({ ttl_ms: 1 })).toBe('{"ttl_ms":1}');
  });

  it(`loses no step, whatever its output (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (outputs) => {
        const text = encodeRound({ ttl_ms: 1, steps: outputs.map((output, place) => ({ ...step, place, output: output as never })) });
        const { steps } = JSON.parse(text) as { steps: { place: number[]; output: unknown[] } };
        expect(steps.place).toEqual(outputs.map((_, place) => place));
        expect(steps.output).toEqual(JSON.parse(JSON.stringify(outputs)));
      }),
      { seed },
    );
  });
});

describe("claimed runs from the wire", () => {
  /** Of paths below a node; older functions do not say it. */
  const none = { asleep: null, backing_off: null, fatal: null, mail: null, family: null };

  it("are one row each, with outputs and failures where a run has any", () => {
    expect(decodeRuns<ClaimAnswer>(answer(columns)).runs).toEqual([
      {
        id: "a",
        place: 0,
        workflow: "order",
        version: 1,
        input: { n: 1 },
        outputs: null,
        failures: null,
        forgiven: null,
        redrives: null,
        ...none,
      },
      {
        id: "b",
        place: 4,
        workflow: "ship",
        version: 2,
        input: null,
        outputs: { charge: 1 },
        failures: { charge: 2 },
        forgiven: null,
        redrives: null,
        ...none,
      },
    ]);
  });

  it("are none where the answer has none", () => {
    const empty = { ...columns, id: [], place: [], workflow: null, version: null, input: null };
    expect([empty, null, undefined].map((runs) => decodeRuns<ClaimAnswer>(answer(runs)).runs)).toEqual([[], [], []]);
  });

  it("are in the order of their places", () => {
    const swapped = { ...columns, place: [4, 0] };
    expect(decodeRuns<ClaimAnswer>(answer(swapped)).runs.map(({ id }) => id)).toEqual(["b", "a"]);
  });

  it("are refused when they come from functions older than this code", () => {
    expect(() => decodeRuns<ClaimAnswer>(answer([]))).toThrow(OlderSchemaError);
  });

  it("may be forgiven", () => {
    expect(decodeRuns<ClaimAnswer>(answer({ ...columns, outputs: null, forgiven: { a: { charge: 1 } } })).runs).toMatchObject([
      { outputs: null, forgiven: { charge: 1 } },
      { forgiven: null },
    ]);
  });
});

describe("accepted runs", () => {
  const run = { id: "a", workflow: "order", version: 1, priority: 2, input: null };
  const told = (runs: AcceptedRun[] | null, fresh?: number) => ({
    now: "2026-03-04T05:06:07.890123+00:00",
    nudge: true,
    runs,
    ...(fresh !== undefined && { fresh }),
  });

  it("are what the database says, where it does", () => {
    const runs: AcceptedRun[] = [{ id: "known", status: "ready" }];
    expect(acceptedRuns({ runs: [run] }, told(runs)).runs).toEqual(runs);
  });

  it("are not believed when functions older than this code, which do not know fresh runs, say nothing of them", () => {
    expect(() => acceptedRuns({ fresh: true, runs: [run] }, told(null))).toThrow(OlderSchemaError);
    expect(() => acceptedRuns({ fresh: true, runs: [run] }, told(null, 0))).toThrow(OlderSchemaError);
  });

  it("are those that were asked for, waiting where their time lies ahead of the database's", () => {
    const request: EnqueueRequest = {
      runs: [
        run,
        { ...run, id: "b", delay_ms: 1 },
        { ...run, id: "c", delay_ms: 0 },
        { ...run, id: "d", run_at: "2026-03-04T05:06:07.890Z" },
        { ...run, id: "e", run_at: "2026-03-04T05:06:07.891Z" },
      ],
    };
    const statuses = acceptedRuns(request, told(null, 5)).runs.map(({ id, status }) => `${id} ${status}`);
    expect(statuses).toEqual(["a ready", "b waiting", "c ready", "d ready", "e waiting"]);
  });
});
