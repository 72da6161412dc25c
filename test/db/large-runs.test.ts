import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { handler } from "../../functions/control-runs.http.ts";
import type { Json } from "../../shared/domain/json.ts";
import { MAX_STATE_BYTES } from "../../shared/domain/limits.ts";
import type { RunView } from "../../shared/engine/operate/describe-run.ts";
import type { StepPage } from "../../shared/engine/operate/list-steps.ts";
import { LAMBDA_RESPONSE_LIMIT } from "../../shared/lambda/run-answer.ts";
import { checkAfterEach, engineOf, leaseOf, member, newRun, newRuns, step } from "../support/engine-calls.ts";
import { call, deployFunctions } from "../support/http-functions.ts";

const database = await deployFunctions("operator");
const engine = engineOf(database);
checkAfterEach(database);

const outputBytes = 250 * 1024;
const perRun = Math.floor((MAX_STATE_BYTES - 4_096) / outputBytes);
/**
 * JSON of so many bytes as the database writes it, of the sorts that grow most on their way: in
 * text, escaped, or by their count.
 */
const sorts: [string, (bytes: number) => Json][] = [
  ["empty texts", (bytes) => Array.from({ length: Math.floor(bytes / 4) }, () => "")],
  ["quotes", (bytes) => '"'.repeat(Math.floor(bytes / 2) - 1)],
  ["small numbers", (bytes) => Array.from({ length: Math.floor(bytes / 3) }, () => 1)],
  ["short texts", (bytes) => Array.from({ length: Math.floor(bytes / 15) }, (_, nth) => `text-${nth % 1e6}`.padEnd(11))],
  ["other letters", (bytes) => "ж".repeat(Math.floor(bytes / 2) - 1)],
];

for (const [sort, make] of sorts) {
  test(`a run of 4 MiB of ${sort} is enqueued, claimed, and shown whole by one GET`, async () => {
    const output = make(outputBytes);
    const { token, runs } = await leaseOf(engine, [newRun({ input: output })]);
    for (let round = 1; round < perRun; round++) {
      await engine.advance(token, round, { steps: [step(runs[0]!, { node: `n${round}`, position: round - 1, output })] });
    }
    await engine.release(token);
    const again = await engine.claim();
    expect(Object.keys(again.runs[0]!.outputs!)).toHaveLength(perRun - 1);
    await engine.advance(again.token, 1, { done: again.runs.map(member) });
    const { status, body, payloadBytes } = await call<RunView>(handler, { path: `/runs/${runs[0]!.id}` });
    expect(status).toBe(200);
    expect(payloadBytes).toBeLessThanOrEqual(LAMBDA_RESPONSE_LIMIT);
    expect(body).not.toHaveProperty("leftOut");
    const shown = body.steps.filter(({ name }) => /^n\d/.test(name));
    expect(shown.map((node) => JSON.stringify(node.output).length)).toEqual(
      Array.from({ length: perRun - 1 }, () => JSON.stringify(output).length),
    );
    expect((await engine.state(runs[0]!.id))!["n1"]).toEqual(output);
  });
}

test("a run whose thousands of errors outgrow an answer is shown without what is named as left out", async () => {
  const { token, runs } = await leaseOf(engine, [newRun({ input: "" })]);
  const output = '"'.repeat(outputBytes / 2 - 1);
  await engine.advance(token, 1, {
    steps: Array.from({ length: 15 }, (_, nth) => step(runs[0]!, { node: `n${nth}`, position: nth, output })),
  });
  await database.query(
    `insert into baton.failure select $1, 'broken', n, now(), now() + n * interval '1 millisecond', null,
       jsonb_build_object('name', 'Error', 'message', repeat('m', 8000), 'stack', repeat('s', 16000)) from generate_series(1, 3000) as n`,
    [runs[0]!.id],
  );
  const { status, body, payloadBytes } = await call<RunView & { leftOut: string[] }>(handler, { path: `/runs/${runs[0]!.id}` });
  expect(status).toBe(200);
  expect(payloadBytes).toBeLessThanOrEqual(LAMBDA_RESPONSE_LIMIT);
  expect(body.leftOut).toEqual(["attempts", "outputs"]);
  await engine.release(token);
  await engine.cancel(runs[0]!.id);
});

/** Stores passes, each with an output of 250 KiB of quotes, which Neon sends in four bytes each. */
async function storePasses(count: number): Promise<string> {
  const { token, runs } = await leaseOf(engine, [newRun({ input: "" })]);
  const [{ id }] = runs as unknown as readonly [{ id: string }];
  await database.query(
    `insert into baton.checkpoint (run_id, node, position, attempt, started_at, finished_at, output)
     select $1, 'poll/' || to_char(n, 'FM00000') || '/fetch', 0, 1, baton.now(), baton.now(), to_jsonb(repeat('"', 128000)) from generate_series(0, $2::integer - 1) as n`,
    [id, count],
  );
  await engine.release(token);
  return id;
}

const sentBytes = async (call: string, ...values: unknown[]): Promise<number> => {
  const [row] = await database.query<{ bytes: number }>(`select octet_length(to_json(${call}::text)::text) as bytes`, values);
  return row!.bytes;
};

test("a run whose first 100 passes hold more than Neon sends is shown: outputs without room are left out with their size", async () => {
  const id = await storePasses(30);
  const bytes = await sentBytes("baton.find_run($1)", id);
  expect(bytes).toBeGreaterThan(8_000_000);
  expect(bytes).toBeLessThan(9_100_000);
  const { status, body, payloadBytes } = await call<RunView>(handler, { path: `/runs/${id}` });
  expect([status, body.leftOut]).toEqual([200, ["outputs"]]);
  expect(payloadBytes).toBeLessThanOrEqual(LAMBDA_RESPONSE_LIMIT);
  const steps = body.steps.find(({ name }) => name === "poll")!.children!.flatMap(({ children = [] }) => children);
  expect(steps.map(({ output, outputBytes }) => [output === null, outputBytes])).toEqual(
    Array.from({ length: 30 }, (_, n) => (n < 17 ? [false, undefined] : [true, 256_002])),
  );
  await engine.cancel(id);
});

test("a page of such steps is bounded so too, and shorter pages have every output", async () => {
  const id = await storePasses(30);
  expect(await sentBytes(`baton.list_steps($1, '{"under":"poll","limit":40}')`, id)).toBeLessThan(9_100_000);
  const page = (query: string) => call<StepPage>(handler, { path: `/runs/${id}/steps`, parameters: { id }, query: `under=poll&${query}` });
  expect((await page("limit=40")).body).toMatchObject({ leftOut: ["outputs"], more: false });
  const short = await page("limit=10&cursor=00019");
  expect([short.status, short.body.leftOut]).toEqual([200, undefined]);
  const lengths = short.body.steps.map(({ children }) => JSON.stringify(children![0]!.output).length);
  expect(lengths).toEqual(Array.from({ length: 10 }, () => 256_002));
  await engine.cancel(id);
});

interface Gathered {
  readonly checkpoints: readonly { readonly node: string; readonly output: Json; readonly left_out: number | null }[];
  readonly failures: readonly { readonly node: string; readonly attempt: number }[];
  readonly left_out: readonly string[] | null;
}

async function gathered(id: string, room: number): Promise<Gathered> {
  const [row] = await database.query<Gathered>(`select * from baton.gather_steps($1, '{""}', $2)`, [id, room]);
  return row!;
}

test("where failures have no room, the last of each path goes first, then the newest", async () => {
  const id = await storePasses(1);
  await database.query(
    `insert into baton.failure (run_id, node, attempt, started_at, finished_at, retry_at, error)
     select $1, 'x' || n / 10, n % 10 + 1, baton.now(), baton.now() + n * interval '1 ms', baton.now() + interval '1 day', '{"name":"Error","message":"m"}'
     from generate_series(0, 99) as n`,
    [id],
  );
  const all = await gathered(id, 9_000_000);
  expect([all.failures.length, all.left_out]).toEqual([100, null]);
  const some = await gathered(id, 24_000);
  const told = some.failures.map(({ node, attempt }) => `${node} ${attempt}`).toSorted();
  const newest = ["x9 9", "x9 8", "x9 7"];
  expect(told.length).toBeGreaterThanOrEqual(13);
  expect(told.length).toBeLessThan(30);
  expect(told).toEqual(expect.arrayContaining([...newest, ...Array.from({ length: 10 }, (_, n) => `x${n} 10`)]));
  expect(some.left_out).toContain("attempts");
  await engine.cancel(id);
});

test("where steps have no room, those of the run's own chain are there, with the last output, and what is cut is named", async () => {
  const { token, runs } = await leaseOf(engine, [newRun({ input: "" })]);
  const [{ id }] = runs as unknown as readonly [{ id: string }];
  await database.query(
    `insert into baton.checkpoint (run_id, node, position, attempt, started_at, finished_at, output)
     select $1::uuid, node, position, 1, now(), now(), to_jsonb(repeat('o', size))
     from (values ('first', 0, 30000), ('last', 2, 30000)) as v (node, position, size)
     union all select $1::uuid, format('outer/%s/x', to_char(n, 'FM00000')), 1, 1, now(), now(), to_jsonb(repeat('o', 100 - n)) from generate_series(0, 99) as n`,
    [id],
  );
  const outputsCut = await gathered(id, 100_000);
  expect([outputsCut.checkpoints.length, outputsCut.left_out]).toEqual([102, ["outputs"]]);
  const kept = outputsCut.checkpoints.filter(({ left_out }) => left_out === null).map(({ node }) => node);
  expect([kept.includes("last"), kept.includes("first"), kept.length]).toEqual([true, false, 1]);
  const stepsCut = await gathered(id, 10_000);
  expect(stepsCut.checkpoints.map(({ node }) => node).slice(0, 2)).toEqual(["first", "outer/00000/x"]);
  expect(stepsCut.checkpoints.at(-1)!.node).toBe("last");
  expect([stepsCut.checkpoints.length < 40, stepsCut.left_out]).toEqual([true, ["outputs", "steps"]]);
  await engine.release(token);
  await engine.cancel(id);
});

test("a request of 1 MB with idempotency keys is stored by one call", async () => {
  const input = Array.from({ length: 1_000_000 / 8 }, () => "text");
  const runs = newRuns(4, { input: input.slice(0, input.length / 4) }).map((run) => ({ ...run, key: randomUUID(), hash: "h" }));
  const request = { workflow: "fulfil-order", key: randomUUID(), hash: "h" };
  const { runs: accepted } = await engine.enqueue(runs, request);
  expect(accepted.map(({ id }) => id)).toEqual(runs.map(({ id }) => id));
  expect((await engine.enqueue(runs, request)).runs).toEqual(accepted);
});
